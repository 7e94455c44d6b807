use wasm_smtp_tokio::{connect_smtp_plaintext, connect_smtps_with, Envelope, SmtpClient, Status};

use crate::common::{letter, servers};

const EHLO: &str = "client.lab.test";
const MESSAGES: usize = 40;

/// Every one arrives once, whatever the server offers; the one recipient that it refuses is told.
async fn send_many(
    client: &mut SmtpClient,
    server: &str,
    listener: Option<&'static str>,
    tag: &str,
) {
    let messages = (0..MESSAGES).map(|number| {
        // Some are larger than what travels with its envelope, one than the session's buffers.
        let lines = if number == 7 { 5_000 } else { 100 * (number % 5) };
        let body = "0123456789abcdef0123456789abcdef\r\n.\r\n".repeat(lines + 1);
        let to = [format!("user{number}@lab.test"), format!("other{number}@lab.test")];
        let from = "me@lab.test";
        (Envelope::new(from, to), letter(&format!("{tag}{number}-end"), &body))
    });
    let results = client.send_all(messages).collect().await;
    assert_eq!(results.len(), MESSAGES);
    for (number, result) in results.into_iter().enumerate() {
        let outcome = result.unwrap_or_else(|error| panic!("{server} {number}: {error:?}"));
        assert_eq!(outcome.recipients[0].address, format!("user{number}@lab.test"));
        assert!(outcome.recipients.iter().all(|one| one.status == Status::Accepted));
    }
    assert!(!client.is_closed());
    let (server, tag) = (server.to_owned(), tag.to_owned());
    let check = move || {
        let messages = servers().delivered(&server, listener, &tag, MESSAGES);
        let mut found: Vec<String> = messages
            .iter()
            .map(|message| {
                let text = String::from_utf8_lossy(&message.content).into_owned();
                let start = text.find(&tag).expect("the marker");
                text[start..].split("-end").next().unwrap_or_default().to_owned()
            })
            .collect();
        found.sort();
        found.dedup();
        found.len()
    };
    let found = tokio::task::spawn_blocking(check).await.expect("no panic");
    assert_eq!(found, MESSAGES);
}

#[tokio::test]
async fn postfix_takes_whole_messages_ahead() {
    let options = servers().options().overlap(10);
    let port = servers().port("postfix", "implicit");
    let mut client = connect_smtps_with("localhost", port, EHLO, &options).await.expect("it opens");
    client.login("alice", "secret").await.expect("logged in");
    send_many(&mut client, "postfix", None, "rust-overlap-chunked-").await;
    client.quit().await;
}

#[tokio::test]
async fn smtp_sink_takes_envelopes_ahead() {
    let options = servers().options().overlap(10);
    for (listener, tag) in [("keep", "rust-overlap-"), ("noPipelining", "rust-overlap-none-")] {
        let port = servers().port("smtp-sink", listener);
        let client = connect_smtp_plaintext("127.0.0.1", port, EHLO, &options).await;
        let mut client = client.expect("it opens");
        send_many(&mut client, "smtp-sink", Some(listener), tag).await;
        client.quit().await;
    }
}
