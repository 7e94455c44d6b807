//! What spans and events say: the course of a session, and no secrets, addresses or messages.
#![cfg(feature = "tracing")]

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use wasm_smtp_tokio::{connect_over, ConnectOptions, Credentials, Tls};

/// Writes everything down.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<String>>, Arc<AtomicU64>);

impl Visit for Notes {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = self.0.lock().expect("not poisoned");
        write!(text, " {}={value:?}", field.name()).expect("text");
    }
}

impl Notes {
    fn begin(&self, name: &str) {
        write!(self.0.lock().expect("not poisoned"), "\n{name}").expect("text");
    }
}

impl Subscriber for Notes {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.begin(span.metadata().name());
        span.record(&mut self.clone());
        Id::from_u64(self.1.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.begin("event");
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn traces_tell_the_course_and_no_secrets() {
    let notes = Notes::default();
    let _guard = tracing::subscriber::set_default(notes.clone());
    let (here, mut there) = tokio::io::duplex(4096);
    let server = tokio::spawn(async move {
        let mut heard = [0; 4096];
        let script = [
            "220 mx\r\n",
            "250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n",
            "235 welcome, alice\r\n",
            "250 ok\r\n550 there is no hidden@lab.test here\r\n250 ok\r\n354 go\r\n",
            "250 queued as ABC12345\r\n",
        ];
        for (number, line) in script.iter().enumerate() {
            if number > 0 {
                let _count = there.read(&mut heard).await;
            }
            there.write_all(line.as_bytes()).await.expect("the client listens");
        }
    });
    let options = ConnectOptions::new();
    let client = connect_over(here, Tls::None, "mx.lab.test", "client.lab.test", &options);
    let mut client = client.await.expect("it opens");
    let credentials = Credentials::password("alice", "wonderland").allow_plaintext_auth();
    client.login_credentials(&credentials).await.expect("logged in");
    let to = ["hidden@lab.test", "other@lab.test"];
    client.send_mail("sender@lab.test", &to, "Subject: private\r\n\r\nx\r\n").await.expect("sent");
    server.await.expect("no panic");
    drop(client);

    let text = notes.0.lock().expect("not poisoned").clone();
    for expected in [
        "\nsmtp.connect host=\"mx.lab.test\"",
        "\nsmtp.login",
        "mechanism=\"PLAIN\"",
        "\nsmtp.send recipients=2 size=23",
        "RCPT refused code=550",
        "accepted=1 queue_id=\"ABC12345\"",
        "session aborted",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing in:{text}");
    }
    // The last two are base64 of the password and of the whole response.
    for secret in ["wonderland", "alice", "@lab.test", "private", "d29uZGVybGFuZA", "AGFsaWNl"] {
        assert!(!text.contains(secret), "{secret:?} is told in:{text}");
    }
}
