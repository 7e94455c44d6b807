//! Settings from the environment.

use std::env;
use std::error::Error;

use wasm_smtp_tokio::rustls::pki_types::pem::PemObject;
use wasm_smtp_tokio::rustls::pki_types::CertificateDer;
use wasm_smtp_tokio::rustls::RootCertStore;
use wasm_smtp_tokio::{ConnectOptions, Credentials};

use crate::pool::SmtpManager;

pub struct Settings {
    pub listen: String,
    pub from: String,
    pub to: String,
    pub smtp: SmtpManager,
}

fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn required(name: &str) -> Result<String, String> {
    optional(name).ok_or_else(|| format!("the environment variable {name} is not set"))
}

impl Settings {
    pub fn from_environment() -> Result<Self, Box<dyn Error>> {
        let credentials = match (optional("SMTP_USER"), optional("SMTP_PASSWORD_FILE")) {
            (Some(user), Some(file)) => {
                let password = std::fs::read_to_string(&file)
                    .map_err(|error| format!("SMTP_PASSWORD_FILE: {error}"))?;
                Some(Credentials::password(&user, password.trim_end_matches(['\r', '\n'])))
            }
            (None, None) => None,
            _ => return Err("SMTP_USER and SMTP_PASSWORD_FILE go together".into()),
        };
        let mut options = ConnectOptions::new();
        if let Some(file) = optional("SMTP_CA") {
            let mut store = RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(&file)? {
                store.add(certificate?)?;
            }
            options = options.root_store(store);
        }
        let smtp = SmtpManager {
            host: required("SMTP_HOST")?,
            port: optional("SMTP_PORT").unwrap_or_else(|| "465".into()).parse()?,
            ehlo: optional("SMTP_EHLO").unwrap_or_else(|| "localhost".into()),
            credentials,
            options,
        };
        Ok(Self {
            listen: optional("LISTEN").unwrap_or_else(|| "127.0.0.1:8080".into()),
            from: required("MAIL_FROM")?,
            to: required("MAIL_TO")?,
            smtp,
        })
    }
}
