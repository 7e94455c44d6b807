//! The real servers of tests/servers/, started once a test program. They end with it: their standard
//! input is a pipe from here.

#![allow(dead_code, unreachable_pub)]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use wasm_smtp_tokio::rustls::RootCertStore;
use wasm_smtp_tokio::ConnectOptions;

pub struct Servers {
    pub about: Value,
    file: PathBuf,
    _process: Child,
    delivered: Mutex<Vec<(String, Delivered)>>,
}

#[derive(Clone, Debug)]
pub struct Delivered {
    pub from: String,
    pub to: Vec<String>,
    pub content: Vec<u8>,
}

/// The harness lies somewhere above the crate that is tested.
fn harness() -> PathBuf {
    let crate_folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let files = crate_folder.ancestors().map(|folder| folder.join("tests/servers/servers.mjs"));
    files.into_iter().find(|file| file.exists()).expect("the crate lies in the project")
}

pub fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("wasm-smtp-rust-{}", std::process::id()));
        let mut process = Command::new("node")
            .arg(harness())
            .args(["up", "postfix", "smtp-server", "smtp-sink", "--stdin", "--dir"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs (tools/setup.sh js servers)");
        let mut line = String::new();
        let output = process.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("the servers say where they are");
        let about = serde_json::from_str(&line).expect("a line of JSON");
        let file = folder.join("servers.json");
        Servers { about, file, _process: process, delivered: Mutex::default() }
    })
}

impl Servers {
    pub fn port(&self, server: &str, listener: &str) -> u16 {
        let port = self.about[server]["listeners"][listener]["port"].as_u64();
        port.and_then(|port| u16::try_from(port).ok())
            .unwrap_or_else(|| panic!("{server} has no listener {listener}"))
    }

    pub fn token(&self, name: &str) -> &str {
        self.about["tokens"][name].as_str().expect("there is such a token")
    }

    /// Trusts the test's authority and nobody else.
    pub fn options(&self) -> ConnectOptions {
        let mut store = RootCertStore::empty();
        let file = self.about["ca"]["file"].as_str().expect("a file");
        for certificate in CertificateDer::pem_file_iter(file).expect("PEM") {
            store.add(certificate.expect("a certificate")).expect("a trust anchor");
        }
        ConnectOptions::new().root_store(store)
    }

    pub fn client_certificate(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let about = &self.about["ca"]["client"];
        let file = |name: &str| about[name].as_str().expect("a file").to_owned();
        let chain = CertificateDer::pem_file_iter(file("chain")).expect("PEM");
        let chain = chain.collect::<Result<Vec<_>, _>>().expect("certificates");
        (chain, PrivateKeyDer::from_pem_file(file("key")).expect("a key"))
    }

    /// Waits for messages whose content has this text in it.
    pub fn delivered(
        &self,
        server: &str,
        listener: Option<&str>,
        marker: &str,
        count: usize,
    ) -> Vec<Delivered> {
        let mut known = self.delivered.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let found: Vec<Delivered> = known
                .iter()
                .filter(|(of, one)| of == server && contains(&one.content, marker.as_bytes()))
                .map(|(_, one)| one.clone())
                .collect();
            if found.len() >= count {
                return found;
            }
            assert!(
                Instant::now() < until,
                "{} of {count} messages with {marker} came",
                found.len()
            );
            let mut command = Command::new("node");
            command.arg(harness()).arg("delivered").arg(&self.file).arg(server);
            if let Some(listener) = listener {
                command.args(["--listener", listener]);
            }
            let output = command.args(["--timeout", "5000"]).output().expect("node runs");
            for line in String::from_utf8(output.stdout).expect("text").lines() {
                let value: Value = serde_json::from_str(line).expect("JSON");
                let texts = |value: &Value| match value {
                    Value::Array(list) => {
                        list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
                    }
                    one => one.as_str().map(str::to_owned).into_iter().collect::<Vec<_>>(),
                };
                let message = Delivered {
                    from: value["envelope"]["from"].as_str().unwrap_or_default().to_owned(),
                    to: texts(&value["envelope"]["to"]),
                    content: base64(value["content"].as_str().expect("base64")),
                };
                known.push((server.to_owned(), message));
            }
        }
    }
}

pub fn contains(octets: &[u8], part: &[u8]) -> bool {
    octets.windows(part.len()).any(|window| window == part)
}

/// A message with a marker of its own in the subject.
pub fn letter(marker: &str, body: &str) -> String {
    format!("From: <me@lab.test>\r\nTo: <you@lab.test>\r\nSubject: {marker}\r\n\r\n{body}")
}

pub fn base64(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for octet in text.bytes() {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push((bits >> count) as u8);
        }
    }
    octets
}
