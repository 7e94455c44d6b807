use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use wasm_smtp_tokio::{connect_smtp_plaintext, ConnectOptions};

use crate::common::{letter, servers};

/// Every session is open before the first sends, so that they really run at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_sessions_at_once() {
    const SESSIONS: usize = 1000;
    let servers = servers();
    let port = servers.port("smtp-sink", "keep");
    let all_open = Arc::new(Barrier::new(SESSIONS));
    let options = ConnectOptions::new();
    let mut tasks = JoinSet::new();
    for number in 0..SESSIONS {
        let (all_open, options) = (all_open.clone(), options.clone());
        tasks.spawn(async move {
            let ehlo = "client.lab.test";
            let mut client = connect_smtp_plaintext("127.0.0.1", port, ehlo, &options).await?;
            all_open.wait().await;
            let mut accepted = 0;
            for message in 0..3 {
                let text = letter(&format!("rust-load-{number}-{message}-end"), "x\r\n");
                let to = [format!("user{number}@lab.test")];
                accepted += client.send_mail("me@lab.test", &to, &text).await?.accepted();
            }
            client.quit().await;
            Ok::<usize, wasm_smtp_tokio::Error>(accepted)
        });
    }
    let mut accepted = 0;
    while let Some(result) = tasks.join_next().await {
        accepted += result.expect("no panic").expect("no error");
    }
    assert_eq!(accepted, 3 * SESSIONS);
    let check = move || servers.delivered("smtp-sink", Some("keep"), "rust-load-", 3 * SESSIONS);
    let mut found: Vec<String> = tokio::task::spawn_blocking(check)
        .await
        .expect("no panic")
        .into_iter()
        .map(|message| {
            let text = String::from_utf8_lossy(&message.content).into_owned();
            let start = text.find("rust-load-").expect("the marker");
            text[start..].split("-end").next().unwrap_or_default().to_owned()
        })
        .collect();
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 3 * SESSIONS);
}
