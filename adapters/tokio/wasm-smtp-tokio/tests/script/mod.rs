//! A scripted server at the other end of a pipe.

#![allow(dead_code, unreachable_pub)]

use tokio::io::{
    duplex, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream,
};
use tokio::task::JoinHandle;
use wasm_smtp_tokio::{connect_over, ConnectOptions, Error, SmtpClient, Status, Tls};

pub const HELLO: &str = "250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n";
pub const TO: [&str; 1] = ["you@lab.test"];
pub const FROM: &str = "me@lab.test";
pub const LETTER: &str = "Subject: x\r\n\r\nbody\r\n";

/// What the scripted server does next.
#[derive(Clone, Copy)]
pub enum Do {
    Say(&'static str),
    /// Reads until this has come.
    Await(&'static str),
    /// Keeps the connection open, says nothing.
    Stall,
    Close,
}
pub use Do::{Await, Close, Say, Stall};

/// Returns all that the client said, once it has closed the connection.
pub fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    mut stream: S,
    script: Vec<Do>,
) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut heard = Vec::new();
        let mut checked = 0;
        for step in script {
            match step {
                Say(text) => {
                    if stream.write_all(text.as_bytes()).await.is_err() {
                        break;
                    }
                }
                Await(text) => loop {
                    let rest = String::from_utf8_lossy(&heard[checked..]);
                    if let Some(at) = rest.find(text) {
                        checked += at + text.len();
                        break;
                    }
                    if stream.read_buf(&mut heard).await.unwrap_or(0) == 0 {
                        return String::from_utf8_lossy(&heard).into_owned();
                    }
                },
                Stall => break,
                Close => return String::from_utf8_lossy(&heard).into_owned(),
            }
        }
        while stream.read_buf(&mut heard).await.unwrap_or(0) > 0 {}
        String::from_utf8_lossy(&heard).into_owned()
    })
}

pub async fn open_with(
    options: &ConnectOptions,
    script: &[Do],
) -> (Result<SmtpClient<DuplexStream>, Error>, JoinHandle<String>) {
    let (here, there) = duplex(4096);
    let server = serve(there, script.to_vec());
    (connect_over(here, Tls::None, "mx.lab.test", "client.lab.test", options).await, server)
}

async fn open_greeted(
    options: &ConnectOptions,
    hello: &'static str,
    script: &[Do],
) -> (SmtpClient<DuplexStream>, JoinHandle<String>) {
    let mut whole = vec![Say("220 mx\r\n"), Await("EHLO client.lab.test\r\n"), Say(hello)];
    whole.extend(script);
    let (client, server) = open_with(options, &whole).await;
    (client.expect("it opens"), server)
}

/// A session that is open; the script goes on behind EHLO.
pub async fn open(script: &[Do]) -> (SmtpClient<DuplexStream>, JoinHandle<String>) {
    open_greeted(&ConnectOptions::new(), HELLO, script).await
}

/// The same with another reply to EHLO, for three messages at a time.
pub async fn open_overlapped(
    hello: &'static str,
    script: &[Do],
) -> (SmtpClient<DuplexStream>, JoinHandle<String>) {
    open_greeted(&ConnectOptions::new().overlap(3), hello, script).await
}

pub fn outcome(error: &Error) -> Vec<Status> {
    error.recipients().iter().map(|one| one.status).collect()
}
