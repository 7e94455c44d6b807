//! Sends the same messages to the same server with wasm-smtp-tokio, lettre and mail-send, each over
//! one connection in the clear, from one thread.
//!
//! `wasm-smtp-bench PORT MESSAGES OCTETS CLIENT` prints one line of JSON; bench.mjs calls it.

mod count;

use std::error::Error;
use std::time::Instant;

use count::{allocations, processor_time, Counting};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const FROM: &str = "me@lab.test";
const TO: &str = "you@lab.test";
const EHLO: &str = "client.lab.test";

/// Where the counters stood when the session was open.
struct Start {
    at: Instant,
    processor: u64,
    allocations: u64,
}

impl Start {
    fn now() -> Self {
        Self { processor: processor_time(), allocations: allocations(), at: Instant::now() }
    }

    fn report(&self, messages: u64) {
        // Of none: what only the proxy counts.
        let messages = messages.max(1);
        let allocations = allocations() - self.allocations;
        let processor = processor_time() - self.processor;
        let wall = self.at.elapsed().as_nanos() as u64;
        println!(
            "{{\"microseconds\":{:.2},\"processor\":{:.2},\"allocations\":{:.1}}}",
            wall as f64 / messages as f64 / 1e3,
            processor as f64 / messages as f64 / 1e3,
            allocations as f64 / messages as f64
        );
    }
}

async fn ours(port: u16, messages: u64, letter: &[u8]) -> Result<(), Box<dyn Error>> {
    use wasm_smtp_tokio::{connect_smtp_plaintext, ConnectOptions};
    let options = ConnectOptions::new();
    let mut client = connect_smtp_plaintext("127.0.0.1", port, EHLO, &options).await?;
    client.send_mail_bytes(FROM, &[TO], letter).await?;
    let start = Start::now();
    for _ in 0..messages {
        client.send_mail_bytes(FROM, &[TO], letter).await?;
    }
    start.report(messages);
    client.quit().await;
    Ok(())
}

/// The same with `send_all`, ten messages under way at a time.
async fn overlapped(port: u16, messages: u64, letter: &[u8]) -> Result<(), Box<dyn Error>> {
    use wasm_smtp_tokio::{connect_smtp_plaintext, ConnectOptions, Envelope};
    let options = ConnectOptions::new().overlap(10);
    let mut client = connect_smtp_plaintext("127.0.0.1", port, EHLO, &options).await?;
    client.send_mail_bytes(FROM, &[TO], letter).await?;
    let start = Start::now();
    let mut sending = client.send_all((0..messages).map(|_| (Envelope::new(FROM, [TO]), letter)));
    while let Some(result) = sending.next().await {
        result?;
    }
    drop(sending);
    start.report(messages);
    client.quit().await;
    Ok(())
}

async fn lettre(port: u16, messages: u64, letter: &[u8]) -> Result<(), Box<dyn Error>> {
    use lettre::address::Envelope;
    use lettre::transport::smtp::client::AsyncSmtpConnection;
    use lettre::transport::smtp::extension::ClientId;
    let envelope = Envelope::new(Some(FROM.parse()?), vec![TO.parse()?])?;
    let hello = ClientId::Domain(EHLO.to_owned());
    let mut client =
        AsyncSmtpConnection::connect_tokio1(("127.0.0.1", port), None, &hello, None, None).await?;
    client.send(&envelope, letter).await?;
    let start = Start::now();
    for _ in 0..messages {
        client.send(&envelope, letter).await?;
    }
    start.report(messages);
    client.quit().await?;
    Ok(())
}

async fn mail_send(port: u16, messages: u64, letter: &[u8]) -> Result<(), Box<dyn Error>> {
    use mail_send::smtp::message::Message;
    use mail_send::SmtpClientBuilder;
    let builder = SmtpClientBuilder::new("127.0.0.1", port).helo_host(EHLO);
    let mut client = builder.connect_plain().await?;
    let message = || Message::new(FROM, [TO], letter);
    client.send(message()).await?;
    let start = Start::now();
    for _ in 0..messages {
        client.send(message()).await?;
    }
    start.report(messages);
    client.quit().await?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, messages, octets, client] = &arguments[..] else {
        return Err(
            "usage: wasm-smtp-bench PORT MESSAGES OCTETS ours|overlapped|lettre|mail-send".into()
        );
    };
    let (port, messages, octets): (u16, u64, usize) =
        (port.parse()?, messages.parse()?, octets.parse()?);
    let mut letter = b"From: <me@lab.test>\r\nTo: <you@lab.test>\r\nSubject: x\r\n\r\n".to_vec();
    while letter.len() < octets {
        letter.extend_from_slice(
            b"0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWX\r\n",
        );
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match client.as_str() {
            "ours" => ours(port, messages, &letter).await,
            "overlapped" => overlapped(port, messages, &letter).await,
            "lettre" => lettre(port, messages, &letter).await,
            "mail-send" => mail_send(port, messages, &letter).await,
            _ => Err("the client is ours, overlapped, lettre or mail-send".into()),
        }
    })
}
