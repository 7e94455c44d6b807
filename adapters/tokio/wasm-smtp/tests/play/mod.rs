//! Plays a session against a server that is a list of texts.

#![allow(dead_code, unreachable_pub)]

use wasm_smtp::{Config, Credentials, Envelope, Event, Outcome, Session, Tls};

/// What the test's caller does when the session is ready, one after another.
pub enum Do {
    Login(Credentials),
    Send(Envelope, &'static [u8]),
    Reset,
    Quit,
    /// Anything else.
    Call(fn(&mut Session) -> Result<(), wasm_smtp::Error>),
}

#[derive(Default)]
pub struct Record {
    pub wire: String,
    pub events: Vec<String>,
    pub outcomes: Vec<Outcome>,
    pub errors: Vec<wasm_smtp::Error>,
}

/// Plays a session against a server that answers each write of the client with its next line or
/// lines; `cut`: octets that arrive at once.
pub fn play(config: &Config, server: &[&str], actions: Vec<Do>, cut: usize) -> Record {
    let mut session = Session::new(config).expect("the settings are right");
    let mut record = Record::default();
    let mut server = server.iter();
    let mut actions = actions.into_iter();
    let mut message: Option<&[u8]> = None;
    let mut whole: &[u8] = b"";
    let mut incoming: &[u8] = server.next().map_or(b"", |text| text.as_bytes());
    loop {
        let mut idle = false;
        while let Some(event) = session.next_event() {
            record.events.push(name(&event));
            match event {
                Event::StartTls => session.tls_done().expect("it was asked for"),
                Event::DeriveKey(request) => {
                    session.key_derived(&request.derive()).expect("it was asked for");
                }
                Event::Ready | Event::Authenticated(_) | Event::Completed(_) => idle = true,
                Event::Done { outcome, error, .. } => {
                    idle = session.step() != wasm_smtp::Step::Closed;
                    record.outcomes.push(outcome);
                    record.errors.extend(error);
                    message = None;
                }
                Event::Body { .. } => message = Some(whole),
                Event::Refused(error) => {
                    idle = true;
                    record.errors.push(error);
                }
                Event::Failed(error) => {
                    record.errors.push(error);
                    return record;
                }
                Event::Closed => return record,
                _ => {}
            }
        }
        if idle {
            let done = match actions.next() {
                Some(Do::Login(credentials)) => session.login(&credentials, &[7; 24]),
                Some(Do::Send(envelope, octets)) => {
                    whole = octets;
                    session.submit(&envelope).map(|_| ())
                }
                Some(Do::Reset) => session.reset(),
                Some(Do::Quit) => session.quit(),
                Some(Do::Call(call)) => call(&mut session),
                None => return record,
            };
            if let Err(error) = done {
                record.errors.push(error);
                return record;
            }
            continue;
        }
        if session.wants_body() {
            if let Some(octets) = message {
                let taken = session.body_write(&octets[..octets.len().min(cut)]);
                message = Some(&octets[taken..]);
                if octets.is_empty() {
                    session.body_end().expect("a message is under way");
                    message = None;
                }
            }
        }
        let output = session.output();
        if !output.octets.is_empty() {
            let shown = std::str::from_utf8(&output.octets[..output.secret_at]).expect("text");
            record.wire.push_str(shown);
            if output.secret_at < output.octets.len() {
                record.wire.push_str("***\r\n");
            }
            let length = output.octets.len();
            session.output_sent(length);
            continue;
        }
        if session.wants_body() && message.is_some() {
            continue;
        }
        if incoming.is_empty() {
            match server.next() {
                Some(text) => incoming = text.as_bytes(),
                None => session.receive_end(),
            }
        }
        let taken = session.receive(&incoming[..incoming.len().min(cut)]);
        incoming = &incoming[taken..];
    }
}

fn name(event: &Event<'_>) -> String {
    match event {
        Event::Mail { reply, .. } => format!("Mail {}", reply.code),
        Event::Recipient { index, address, reply, .. } => {
            format!("Recipient {index} {address} {}", reply.code)
        }
        Event::Greeting(reply) => format!("Greeting {}", reply.text),
        Event::Done { .. } => "Done".into(),
        Event::Body { .. } => "Body".into(),
        other => format!("{other:?}").split(['(', ' ']).next().unwrap_or_default().to_owned(),
    }
}

/// Plays it in three ways, which must not differ.
pub fn dialogue(config: &Config, server: &[&str], actions: impl Fn() -> Vec<Do>) -> Record {
    let whole = play(config, server, actions(), usize::MAX);
    for cut in [1, 7] {
        let pieces = play(config, server, actions(), cut);
        assert_eq!(pieces.wire, whole.wire, "cut {cut}");
        assert_eq!(pieces.events, whole.events, "cut {cut}");
        assert_eq!(pieces.outcomes, whole.outcomes, "cut {cut}");
    }
    whole
}

pub fn config(tls: Tls) -> Config {
    Config::new("client.example").tls(tls)
}

pub const GREETING: &str = "220 mx ESMTP\r\n";
