//! Sends what it reads from stdin with the component mailer.wasm in wasmtime:
//!
//! ```text
//! component-rust send|stream COMPONENT HOST PORT none|starttls|implicit CA-FILE|- SENDER RECIPIENT... < MESSAGE
//! ```
//!
//! `send` reads the message first and passes it whole; `stream` opens a connection, logs in, and lets the
//! component read stdin as the server takes it. Login: user in SMTP_USER, password in SMTP_PASSWORD.

mod mailer;

use std::process::ExitCode;
use std::{env, fs, io::Read};

use mailer::types::{Config, Credentials, Envelope, Message, OptionalParameters, Outcome};
use mailer::types::{PasswordLogin, PasswordMechanism, Protocol, Recipient, SendOptions};
use mailer::types::{SessionOptions, TlsMode, TrustAnchors};
use mailer::{Failure, Mailer};

fn config(words: &[String]) -> Result<Config, Failure> {
    Ok(Config {
        host: words[0].clone(),
        port: Some(words[1].parse().map_err(|error| Failure::from(format!("PORT: {error}")))?),
        tls: match words[2].as_str() {
            "none" => TlsMode::None,
            "starttls" => TlsMode::Starttls,
            "implicit" => TlsMode::Implicit,
            other => {
                return Err(
                    format!("the TLS mode {other} is not one of none, starttls, implicit").into()
                )
            }
        },
        trust: match words[3].as_str() {
            "-" => TrustAnchors::Bundled,
            file => TrustAnchors::Custom(
                fs::read(file).map_err(|error| Failure::from(format!("{file}: {error}")))?,
            ),
        },
        ehlo_name: None,
        time_limits: Vec::new(),
        protocol: Protocol::Smtp,
        options: SessionOptions::empty(),
        eager_octets: None,
    })
}

fn credentials() -> Credentials {
    let Ok(user) = env::var("SMTP_USER") else {
        return Credentials::None;
    };
    Credentials::Password(PasswordLogin {
        user,
        password: env::var("SMTP_PASSWORD").unwrap_or_default(),
        mechanism: PasswordMechanism::Automatic,
        allow_plaintext: false,
    })
}

fn run(words: &[String]) -> Result<Outcome, Failure> {
    let [how, component, rest @ ..] = words else {
        return Err(USAGE.to_owned().into());
    };
    if rest.len() < 6 {
        return Err(USAGE.to_owned().into());
    }
    let config = config(rest)?;
    let envelope = Envelope {
        sender: rest[4].clone(),
        recipients: rest[5..]
            .iter()
            .map(|address| Recipient {
                address: address.clone(),
                notify: None,
                original_recipient: None,
            })
            .collect(),
        options: SendOptions::empty(),
        parameters: Vec::new(),
        optional: OptionalParameters::empty(),
    };
    let mut mailer = Mailer::new(component)?;
    match how.as_str() {
        "send" => {
            let mut content = Vec::new();
            std::io::stdin()
                .read_to_end(&mut content)
                .map_err(|error| Failure::from(error.to_string()))?;
            mailer.send(&config, &credentials(), &Message { envelope, content })
        }
        "stream" => mailer.send_stdin(&config, &credentials(), &envelope),
        _ => Err(USAGE.to_owned().into()),
    }
}

const USAGE: &str = "usage: component-rust send|stream COMPONENT HOST PORT none|starttls|implicit CA-FILE|- SENDER RECIPIENT...";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match run(&words) {
        Ok(outcome) => {
            for each in &outcome.recipients {
                let text = each.reply.as_ref().map_or("", |reply| reply.text.as_str());
                println!("{}: {} {text}", each.address, mailer::status_name(each.status));
            }
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
