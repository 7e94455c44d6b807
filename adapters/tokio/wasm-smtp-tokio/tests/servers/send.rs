use std::sync::{Arc, Mutex};

use tokio::io::AsyncReadExt as _;
use wasm_smtp_tokio::{
    connect_smtp_plaintext, connect_smtp_starttls_with, connect_smtps_with, AuditEvent,
    BoundedPolicy, ConnectOptions, Envelope, ErrorKind, Extension, Outcome, Reason, SmtpClient,
    Status, Step,
};

use crate::common::{contains, letter, servers};

const EHLO: &str = "client.lab.test";
const FROM: &str = "me@lab.test";

async fn implicit(server: &str, options: &ConnectOptions) -> SmtpClient {
    let port = servers().port(server, "implicit");
    connect_smtps_with("localhost", port, EHLO, options).await.expect("it opens")
}

fn statuses(outcomes: &[wasm_smtp_tokio::RecipientOutcome]) -> Vec<Status> {
    outcomes.iter().map(|one| one.status).collect()
}

/// What smtp-server was given, octet for octet.
fn arrived(marker: &str) -> Vec<u8> {
    let mut messages = servers().delivered("smtp-server", None, marker, 1);
    assert_eq!(messages.len(), 1);
    messages.remove(0).content
}

#[tokio::test]
async fn octets_arrive_as_they_were() {
    let options = servers().options();
    let mut client = implicit("smtp-server", &options).await;
    let dots: String = (0..300).map(|n| format!("{}x\r\n", ".".repeat(n % 5))).collect();
    let long = format!("{}\r\n", "y".repeat(998));
    let large = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abc\r\n".repeat(12_000);
    let cases = [
        ("rust-plain", "Hello.\r\n".to_owned()),
        ("rust-dots", dots),
        ("rust-dot-last", ".\r\n..\r\n.".to_owned()),
        ("rust-long", long),
        ("rust-eight-bit", "Grüße ☃\r\n".to_owned()),
        ("rust-no-newline", "the end".to_owned()),
        ("rust-large", large),
    ];
    for (marker, body) in &cases {
        let text = letter(marker, body);
        let outcome = client.send_mail(FROM, &["you@lab.test"], &text).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{marker}: {error:?}"));
        assert!(outcome.all_accepted(), "{marker}");
        // Now as a stream whose pieces have odd sizes.
        let streamed = text.replace(marker, &format!("{marker}-stream"));
        let (one, two) = streamed.as_bytes().split_at(streamed.len() / 3);
        let (two, three) = two.split_at(1);
        let source = one.chain(two).chain(three);
        let outcome = client.send_mail_stream(FROM, &["you@lab.test"], source).await;
        assert!(outcome.is_ok_and(|outcome| outcome.all_accepted()), "{marker}");
    }
    client.quit().await;
    for (marker, body) in &cases {
        for marker in [(*marker).to_owned(), format!("{marker}-stream")] {
            let mut expected = letter(&marker, body);
            if !expected.ends_with("\r\n") {
                expected.push_str("\r\n");
            }
            let subject = format!("Subject: {marker}\r\n");
            assert!(arrived(&subject) == expected.as_bytes(), "{marker} arrived changed");
        }
    }
}

#[tokio::test]
async fn good_and_bad_recipients() {
    let servers = servers();
    let port = servers.port("postfix", "relaxed");
    let options = servers.options();
    let mut client =
        connect_smtp_starttls_with("localhost", port, EHLO, &options).await.expect("it opens");
    let to = ["you@lab.test", "bad@lab.test", "grey@lab.test", "multi@lab.test", "two@lab.test"];
    let outcome = client.send_mail(FROM, &to, &letter("rust-mixed", "x\r\n")).await.expect("two");
    let expected =
        [Status::Accepted, Status::Refused, Status::Deferred, Status::Refused, Status::Accepted];
    assert_eq!(statuses(&outcome.recipients), expected);
    let codes: Vec<_> = outcome.recipients.iter().map(|one| one.code).collect();
    assert_eq!(codes, [Some(250), Some(550), Some(450), Some(550), Some(250)]);
    assert!(outcome.queue_id().is_some());
    assert!(outcome.recipients[1].enhanced.is_some() && !outcome.recipients[1].text.is_empty());

    let text = letter("n", "x\r\n");
    let error = client.send_mail(FROM, &["bad@lab.test", "grey@lab.test"], &text).await;
    let error = error.expect_err("none is good");
    assert_eq!((error.kind(), error.reason()), (ErrorKind::Refused, Reason::AllRecipientsRefused));
    assert_eq!(statuses(error.recipients()), [Status::Refused, Status::Deferred]);

    let error = client.send_mail("badsender@lab.test", &["you@lab.test"], "x\r\n").await;
    assert_eq!(error.expect_err("a bad sender").kind(), ErrorKind::Refused);

    let envelope = Envelope::new(FROM, ["you@lab.test", "bad@lab.test"]).all_or_nothing();
    let error = client.send(envelope, letter("n", "x\r\n").as_bytes()).await.expect_err("not all");
    assert_eq!(error.reason(), Reason::SomeRecipientsRefused);
    assert_eq!(statuses(error.recipients()), [Status::NotSent, Status::Refused]);

    let error = client.send_mail(FROM, &["eod5xx@lab.test"], &letter("n", "x\r\n")).await;
    let error = error.expect_err("refused at the end");
    assert_eq!(statuses(error.recipients()), [Status::Refused]);
    assert!(!error.is_retryable());

    let many: Vec<String> = (0..1000).map(|n| format!("user{n}@lab.test")).collect();
    let outcome = client.send_mail("", &many, &letter("rust-thousand", "x\r\n")).await;
    let outcome = outcome.expect("all are good");
    assert_eq!(outcome.accepted(), 1000);
    client.quit().await;
    let messages = servers.delivered("postfix", None, "rust-mixed", 2);
    assert!(messages.iter().all(|message| message.from == FROM));
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_before_an_octet_is_sent() {
    let options = servers().options();
    let mut client = implicit("smtp-server", &options).await;
    let text = letter("n", "x\r\n");
    let error = client.send_mail(FROM, &["a@b>\r\nRCPT TO:<c@d"], &text).await.expect_err("bad");
    assert_eq!((error.reason(), error.index()), (Reason::AddressControl, Some(0)));
    assert_eq!(statuses(error.recipients()), [Status::NotSent]);
    let error = client.send_mail(FROM, &["you@lab.test"], "a\nb\n").await.expect_err("bare LF");
    assert_eq!(error.reason(), Reason::BodyBareLf);
    // An ideographic full stop is a dot to some.
    let error = client.send_mail(FROM, &["you@lab。ü.test"], &text).await.expect_err("no domain");
    assert_eq!((error.reason(), error.index()), (Reason::DomainCharacter, Some(0)));
    let large = vec![b'x'; 2_000_000];
    let envelope = Envelope::new(FROM, ["you@lab.test"]).long_lines();
    let error = client.send(envelope, &large).await.expect_err("too large");
    assert_eq!(error.reason(), Reason::MessageTooLarge);
    let envelope = Envelope::new(FROM, ["you@lab.test"]).make_crlf();
    let unix = letter("rust-unix", "one\ntwo\n").replace("\r\n", "\n");
    client.send(envelope, unix.as_bytes()).await.expect("line ends are made right");
    client.quit().await;
    assert_eq!(arrived("rust-unix"), letter("rust-unix", "one\r\ntwo\r\n").as_bytes());
}

#[tokio::test]
async fn international_addresses() {
    let servers = servers();
    let mut client = implicit("postfix", &servers.options()).await;
    assert!(client.capabilities().has(Extension::SmtpUtf8));
    let text = letter("rust-utf8", "x\r\n");
    let to = ["jürgen@lab.test"];
    let outcome = client.send_mail_smtputf8("müller@bücher.test", &to, text.as_bytes()).await;
    assert!(outcome.expect("accepted").all_accepted());
    client.quit().await;
    let message = &servers.delivered("postfix", None, "rust-utf8", 1)[0];
    assert_eq!(message.from, "müller@xn--bcher-kva.test");
    let port = servers.port("postfix", "legacy");
    let options = ConnectOptions::new();
    let mut client =
        connect_smtp_plaintext("127.0.0.1", port, EHLO, &options).await.expect("it opens");
    for error in [
        client.send_mail_smtputf8(FROM, &to, b"x\r\n").await.expect_err("not offered"),
        client.send_mail(FROM, &to, "x\r\n").await.expect_err("not offered"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(error.reason(), Reason::SmtpUtf8Missing);
    }
    // A domain alone needs nothing of the server.
    let text = letter("rust-alabel", "x\r\n");
    let outcome = client.send_mail("me@bücher.test", &["you@lab.test"], &text).await;
    assert!(outcome.expect("accepted").all_accepted());
    client.quit().await;
    let message = &servers.delivered("postfix", None, "rust-alabel", 1)[0];
    assert_eq!(message.from, "me@xn--bcher-kva.test");
}

#[tokio::test]
async fn policy_and_record() {
    let record: Arc<Mutex<Vec<String>>> = Arc::default();
    let sink = record.clone();
    let options = servers()
        .options()
        .policy(BoundedPolicy { max_recipients: Some(2), max_octets: Some(1000) })
        .audit(move |event: &AuditEvent<'_>| {
            let name = format!("{event:?}").split(['(', ' ']).next().unwrap_or_default().to_owned();
            sink.lock().expect("not poisoned").push(name);
        });
    let port = servers().port("postfix", "relaxed");
    let mut client =
        connect_smtp_starttls_with("localhost", port, EHLO, &options).await.expect("it opens");
    client.login("alice", "secret").await.expect("logged in");
    let three = ["a@lab.test", "b@lab.test", "c@lab.test"];
    let error = client.send_mail(FROM, &three, &letter("n", "x\r\n")).await.expect_err("policy");
    assert_eq!((error.kind(), error.reason()), (ErrorKind::Policy, Reason::Policy));
    assert!(error.to_string().ends_with("more than 2 recipients"), "{error}");
    let to = ["a@lab.test", "bad@lab.test"];
    client.send_mail(FROM, &to, &letter("rust-audit", "x\r\n")).await.expect("one is good");
    // A stream is cut off at the limit, and the server throws away what it has.
    let long = letter("rust-too-long", &"z\r\n".repeat(2000));
    let error = client.send_mail_stream(FROM, &["a@lab.test"], long.as_bytes()).await;
    let error = error.expect_err("too long");
    assert_eq!((error.kind(), error.is_in_doubt()), (ErrorKind::Policy, false));
    assert_eq!(statuses(error.recipients()), [Status::NotSent]);
    assert!(client.is_closed());
    let error = client.noop().await.expect_err("it is over");
    assert_eq!(error.reason(), Reason::Closed);
    client.quit().await;
    let expected = [
        "Connected",
        "GreetingReceived",
        "EhloCompleted",
        "TlsUpgraded",
        "EhloCompleted",
        "AuthCompleted",
        "MailFromAccepted",
        "RecipientAccepted",
        "RecipientRejected",
        "MessageAccepted",
        "MailFromAccepted",
        "RecipientAccepted",
        "SessionAborted",
    ];
    assert_eq!(*record.lock().expect("not poisoned"), expected);
    // Sent behind it, delivered before it would have been.
    let mut client = implicit("postfix", &servers().options()).await;
    client.send_mail(FROM, &["a@lab.test"], &letter("rust-after", "x\r\n")).await.expect("good");
    client.quit().await;
    for message in servers().delivered("postfix", None, "rust-after", 1) {
        assert!(!contains(&message.content, b"rust-too-long"));
    }
}

#[tokio::test]
async fn old_and_strange_servers() {
    let servers = servers();
    let options = ConnectOptions::new();
    for (server, listener) in
        [("postfix", "legacy"), ("smtp-sink", "noPipelining"), ("smtp-sink", "noEsmtp")]
    {
        let port = servers.port(server, listener);
        let mut client =
            connect_smtp_plaintext("127.0.0.1", port, EHLO, &options).await.expect("it opens");
        let text = letter(&format!("rust-{listener}"), "x\r\n");
        let outcome = client.send_mail(FROM, &["a@lab.test", "b@lab.test"], &text).await;
        assert!(outcome.is_ok_and(|outcome| outcome.all_accepted()), "{listener}");
        client.quit().await;
    }
    for (listener, step, status) in [
        ("softRejectData", Some(Step::Data), Status::Deferred),
        ("hardRejectMail", Some(Step::Mail), Status::Refused),
        ("hardRejectEndOfData", Some(Step::EndOfData), Status::Refused),
        ("dropAtRcpt", None, Status::NotSent),
        ("shutdownAtRcpt", None, Status::Deferred),
    ] {
        let port = servers.port("smtp-sink", listener);
        let mut client =
            connect_smtp_plaintext("127.0.0.1", port, EHLO, &options).await.expect("it opens");
        let error = client.send_mail(FROM, &["a@lab.test"], "x\r\n").await.expect_err(listener);
        assert_eq!(statuses(error.recipients()), [status], "{listener}: {error:?}");
        assert!(step.is_none() || error.step() == step, "{listener}: {error:?}");
        client.quit().await;
    }
}

#[tokio::test]
async fn a_hundred_megabytes_stream_through() {
    let servers = servers();
    let port = servers.port("smtp-sink", "discard");
    let options = ConnectOptions::new();
    let mut client =
        connect_smtp_plaintext("127.0.0.1", port, EHLO, &options).await.expect("it opens");
    let source = Lines { left: 100 * 1024 * 1024 / 64 };
    let outcome: Outcome =
        client.send_mail_stream(FROM, &["a@lab.test"], source).await.expect("accepted");
    assert!(outcome.all_accepted());
    client.quit().await;
}

/// So many lines of 64 octets.
struct Lines {
    left: usize,
}

impl tokio::io::AsyncRead for Lines {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        const LINE: &[u8; 64] =
            b"01234567890123456789012345678901234567890123456789012345678901\r\n";
        while self.left > 0 && buffer.remaining() >= LINE.len() {
            buffer.put_slice(LINE);
            self.left -= 1;
        }
        std::task::Poll::Ready(Ok(()))
    }
}

#[cfg(feature = "mail-builder")]
#[tokio::test]
async fn messages_made_by_mail_builder() {
    use mail_builder::MessageBuilder;
    let mut client = implicit("smtp-server", &servers().options()).await;
    let message = MessageBuilder::new()
        .from(("Me", FROM))
        .to("you@lab.test")
        .subject("rust-mail-builder")
        .text_body("Grüße\n.dot\n")
        .attachment("text/plain", "a.txt", &b"attached"[..]);
    client.send_message(FROM, &["you@lab.test"], message).await.expect("accepted");
    client.quit().await;
    let content = arrived("rust-mail-builder");
    assert!(contains(&content, b"Subject: rust-mail-builder\r\n"));
    assert!(!contains(&content, b"\r\r") && contains(&content, b"a.txt"));
}
