//! Drives a session over a blocking connection of the standard library, without tokio and without
//! TLS: for a server on this machine.
//!
//! `cargo run -p wasm-smtp --example blocking -- 127.0.0.1:2525 from@example.org to@example.org <letter.eml`

use std::io::{Read, Write};
use std::net::TcpStream;

use wasm_smtp::{Config, Envelope, Event, IoFailure, Session};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, from, to @ ..] = &arguments[..] else {
        return Err("usage: blocking SERVER:PORT FROM TO...  <MESSAGE".into());
    };
    let mut message = Vec::new();
    std::io::stdin().read_to_end(&mut message)?;
    let envelope = Envelope::new(from, to).make_crlf();

    let mut stream = TcpStream::connect(server)?;
    let mut session = Session::new(&Config::new("localhost"))?;
    let mut rest = &message[..];
    let mut failed = false;
    loop {
        let mut ready = false;
        let mut done = false;
        while let Some(event) = session.next_event() {
            match event {
                Event::Ready => ready = true,
                Event::Done { outcome, .. } => {
                    for one in &outcome.recipients {
                        println!("{} {:?} {}", one.address, one.status, one.text);
                    }
                    failed = !outcome.all_accepted();
                    done = true;
                }
                Event::Failed(error) => return Err(error.into()),
                Event::Closed if failed => return Err("not every recipient was accepted".into()),
                Event::Closed => return Ok(()),
                _ => {}
            }
        }
        if ready {
            session.submit(&envelope)?;
        }
        // A session that broke says so by its next event.
        if done && session.step() == wasm_smtp::Step::Ready {
            session.quit()?;
        }
        if session.wants_body() {
            let taken = session.body_write(rest);
            rest = &rest[taken..];
            if rest.is_empty() {
                session.body_end()?;
            }
        }
        let output = session.output().octets.to_vec();
        if !output.is_empty() {
            session.output_sent(output.len());
            if stream.write_all(&output).is_err() {
                session.io_failed(IoFailure::ConnectionLost);
            }
        } else if session.wants_read() && !session.wants_body() {
            stream.set_read_timeout(session.timer().0)?;
            match stream.read(session.receive_buffer()) {
                Ok(0) => session.receive_end(),
                Ok(count) => session.receive_done(count),
                Err(error) => session.io_failed(match error.kind() {
                    std::io::ErrorKind::WouldBlock => IoFailure::Timeout,
                    _ => IoFailure::ConnectionLost,
                }),
            }
        }
    }
}
