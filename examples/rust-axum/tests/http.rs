//! Runs the example and fills in its form over HTTP; the mail arrives at a real Postfix.

#[path = "../../../adapters/tokio/wasm-smtp-tokio/tests/common/mod.rs"]
mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use common::{contains, servers};

struct Example {
    process: Child,
    address: String,
}

impl Drop for Example {
    fn drop(&mut self) {
        let _result = self.process.kill();
        let _result = self.process.wait();
    }
}

fn start() -> Example {
    let servers = servers();
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let password = std::env::temp_dir().join(format!("rust-axum-{}", std::process::id()));
    std::fs::write(&password, "secret\n").expect("it can be written");
    let mut process = Command::new(env!("CARGO_BIN_EXE_rust-axum"))
        .env("LISTEN", "127.0.0.1:0")
        .env("SMTP_HOST", "localhost")
        .env("SMTP_PORT", servers.port("postfix", "strictImplicit").to_string())
        .env("SMTP_CA", text(&servers.about["ca"]["file"]))
        .env("SMTP_USER", "alice")
        .env("SMTP_PASSWORD_FILE", &password)
        .env("MAIL_FROM", "site@lab.test")
        .env("MAIL_TO", "office@lab.test")
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    let output = process.stdout.take().expect("it is piped");
    BufReader::new(output).read_line(&mut line).expect("it says where it is");
    let _result = std::fs::remove_file(password);
    let address = line.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
    Example { process, address }
}

fn request(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

fn post(address: &str, form: &str) -> String {
    let length = form.len();
    request(
        address,
        &format!(
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}"
        ),
    )
}

#[test]
fn a_form_becomes_a_mail() {
    let example = start();
    let page = request(&example.address, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("<form"), "{page}");

    // Twelve at once, over a pool of four.
    let visitors: Vec<_> = (0..12)
        .map(|number| {
            let address = example.address.clone();
            let form =
                format!("name=Ann+%26+Bob&email=ann%40example.net&text=rust-axum-{number}%0A.%0A");
            std::thread::spawn(move || post(&address, &form))
        })
        .collect();
    for visitor in visitors {
        let answer = visitor.join().expect("no panic");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let messages = servers().delivered("postfix", None, "rust-axum-", 12);
    assert_eq!(messages.len(), 12);
    assert!(messages.iter().all(|one| one.from == "site@lab.test"));
    assert!(contains(&messages[0].content, b"ann@example.net"));

    // A visitor cannot add header fields, nor recipients.
    let answer = post(
        &example.address,
        "name=x%0D%0ABcc%3A+evil%40example.net&email=ann%40example.net&text=rust-inject",
    );
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let message = &servers().delivered("postfix", None, "rust-inject", 1)[0];
    assert!(!contains(&message.content, b"\nBcc:") && !contains(&message.content, b"\rBcc:"));

    let answer = post(&example.address, "name=x&email=nobody%40&text=x");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("has an empty domain"), "{answer}");
}
