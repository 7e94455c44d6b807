//! Several messages under way at a time, against a scripted server.

#[path = "script/mod.rs"]
mod script;

use std::time::Duration;

use script::{open_overlapped, open_with, outcome, Do, Do::*, FROM};
use tokio::time::timeout;
use wasm_smtp_tokio::{ConnectOptions, Envelope, Error, ErrorKind, Outcome, Reason, Status};

const PIPELINING: &str = "250-mx\r\n250 PIPELINING\r\n";
const CHUNKING: &str = "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n";

type Message = (Envelope, String);

/// Message `number`, which says so in its subject, to so many recipients.
fn message(number: usize, recipients: usize) -> Message {
    let to = (0..recipients).map(|one| format!("r{number}-{one}@lab.test"));
    let text = format!("Subject: number {number}\r\n\r\nbody {number}\r\n");
    (Envelope::new(FROM, to), text)
}

fn messages(count: usize) -> Vec<Message> {
    (0..count).map(|number| message(number, 1)).collect()
}

/// The statuses of each message's recipients, and why if none was accepted.
fn story(results: &[Result<Outcome, Error>]) -> Vec<(Vec<Status>, Option<Reason>)> {
    let of = |result: &Result<Outcome, Error>| match result {
        Ok(one) => (one.recipients.iter().map(|one| one.status).collect(), None),
        Err(error) => (outcome(error), Some(error.reason())),
    };
    results.iter().map(of).collect()
}

use Status::{Accepted, Deferred, InDoubt, NotSent, Refused};

#[tokio::test(start_paused = true)]
async fn the_next_envelope_travels_with_the_end_of_the_last_message() {
    let (mut client, server) = open_overlapped(
        PIPELINING,
        &[
            Await("DATA\r\n"),
            Say("250 ok\r\n250 ok\r\n354 go\r\n"),
            // Nothing is said to the first message before the second's DATA has come.
            Await(
                "\r\n.\r\nRSET\r\nMAIL FROM:<me@lab.test>\r\nRCPT TO:<r1-0@lab.test>\r\nDATA\r\n",
            ),
            Say("250 queued as ONE\r\n250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
            Await("body 1\r\n.\r\n"),
            Say("250 queued as TWO\r\n"),
            Await("QUIT\r\n"),
            Say("221 bye\r\n"),
        ],
    )
    .await;
    let results = client.send_all(messages(2)).collect().await;
    let words =
        |one: &Result<Outcome, Error>| Some(one.as_ref().ok()?.reply.as_ref()?.text.clone());
    let words: Vec<_> = results.iter().filter_map(words).collect();
    assert_eq!(words, ["queued as ONE", "queued as TWO"]);
    client.quit().await;
    server.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn with_chunking_whole_messages_follow_each_other() {
    let (mut client, server) = open_overlapped(
        CHUNKING,
        &[
            // All three that may be under way come before a word is said, and no fourth.
            Await("body 0\r\n"),
            Await("body 1\r\n"),
            Await("body 2\r\n"),
            Say("250 ok\r\n250 ok\r\n250 queued as ONE\r\n"),
            Await("body 3\r\n"),
            Say("250 reset\r\n250 ok\r\n550 5.1.1 nobody\r\n250 ok\r\n250 queued as TWO\r\n"),
            Say("250 reset\r\n250 ok\r\n451 4.2.1 later\r\n503 no recipient\r\n"),
            Say("250 reset\r\n250 ok\r\n250 ok\r\n250 queued as FOUR\r\n"),
        ],
    )
    .await;
    let mixed = vec![message(0, 1), message(1, 2), message(2, 1), message(3, 1)];
    let results = client.send_all(mixed).collect().await;
    assert_eq!(
        story(&results),
        [
            (vec![Accepted], None),
            (vec![Refused, Accepted], None),
            (vec![Deferred], Some(Reason::AllRecipientsRefused)),
            (vec![Accepted], None),
        ]
    );
    assert!(!client.is_closed());
    drop(client);
    let heard = server.await.expect("no panic");
    assert!(heard.find("number 3") > heard.find("number 2"), "{heard}");
}

/// RFC 5321 does not promise that an envelope may come before the last message is answered.
#[tokio::test(start_paused = true)]
async fn an_envelope_refused_for_being_early_is_sent_again_and_overlap_ends() {
    let (mut client, server) = open_overlapped(
        PIPELINING,
        &[
            Await("DATA\r\n"),
            Say("250 ok\r\n250 ok\r\n354 go\r\n"),
            Await("\r\n.\r\nRSET\r\n"),
            Await("DATA\r\n"),
            Say("250 queued as ONE\r\n250 reset\r\n503 too early\r\n503 too early\r\n503 too early\r\n"),
            Await("MAIL FROM:<me@lab.test>\r\n"),
            Await("DATA\r\n"),
            Say("250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
            Await("body 1\r\n.\r\n"),
            Say("250 queued as TWO\r\n"),
            Await("MAIL FROM:<me@lab.test>\r\n"),
            Await("DATA\r\n"),
            Say("250 ok\r\n250 ok\r\n354 go\r\n"),
            Await("body 2\r\n.\r\n"),
            Say("250 queued as THREE\r\n"),
        ],
    )
    .await;
    let results = client.send_all(messages(3)).collect().await;
    assert_eq!(
        story(&results),
        [(vec![Accepted], None), (vec![Accepted], None), (vec![Accepted], None)]
    );
    assert!(!client.is_closed());
    drop(client);
    let heard = server.await.expect("no panic");
    for number in 0..3 {
        assert_eq!(heard.matches(&format!("Subject: number {number}")).count(), 1, "{heard}");
    }
    assert!(!heard.contains("body 1\r\n.\r\nRSET"), "overlap went on: {heard}");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_refused_for_being_early_with_its_body_is_not_sent_twice() {
    let (mut client, server) = open_overlapped(
        CHUNKING,
        &[
            Await("body 0\r\n"),
            Await("body 1\r\n"),
            Say("250 ok\r\n250 ok\r\n250 queued as ONE\r\n"),
            Say("250 reset\r\n503 too early\r\n503 too early\r\n503 too early\r\n"),
            Stall,
        ],
    )
    .await;
    let results = client.send_all(messages(2)).collect().await;
    assert_eq!(
        story(&results),
        [(vec![Accepted], None), (vec![NotSent], Some(Reason::OverlapRefused))]
    );
    drop(client);
    let heard = server.await.expect("no panic");
    assert_eq!(heard.matches("Subject: number 1").count(), 1, "{heard}");
}

/// What is known of each message when the connection is cut, and nothing is sent twice.
#[tokio::test(start_paused = true)]
async fn a_cut_connection_leaves_each_message_with_its_own_outcome() {
    let (mut client, server) = open_overlapped(
        CHUNKING,
        &[
            Await("body 0\r\n"),
            Await("body 1\r\n"),
            Await("body 2\r\n"),
            Say("250 ok\r\n250 ok\r\n250 queued as ONE\r\n250 reset\r\n250 ok\r\n550 nobody\r\n250 ok\r\n"),
            Close,
        ],
    )
    .await;
    let mixed = [message(0, 1), message(1, 2), message(2, 1)];
    let results = client.send_all(mixed).collect().await;
    assert_eq!(
        story(&results),
        [
            (vec![Accepted], None),
            (vec![Refused, InDoubt], Some(Reason::ClosedByPeer)),
            (vec![InDoubt], Some(Reason::ClosedByPeer)),
        ]
    );
    for result in &results[1..] {
        let error = result.as_ref().expect_err("cut");
        assert_eq!(error.kind(), ErrorKind::Transport, "{error:?}");
        assert!(error.is_in_doubt() && !error.is_retryable(), "{error:?}");
    }
    assert!(client.is_closed());
    let results = client.send_all(messages(2)).collect().await;
    assert_eq!(story(&results), [0, 1].map(|_| (vec![NotSent], Some(Reason::Closed))));
    server.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn one_result_is_taken_while_others_are_under_way() {
    let (mut client, server) = open_overlapped(
        CHUNKING,
        &[
            Await("body 0\r\n"),
            Await("body 1\r\n"),
            Say("250 ok\r\n250 ok\r\n250 queued as ONE\r\n"),
            Stall,
        ],
    )
    .await;
    let mut sending = client.send_all(messages(2));
    assert!(sending.next().await.is_some_and(|one| one.is_ok()));
    // A future of `next` that is dropped loses nothing.
    for _ in 0..3 {
        assert!(timeout(Duration::from_secs(1), sending.next()).await.is_err(), "it stalls");
    }
    drop(sending);
    // But without it nobody would wait for the second message.
    assert!(client.is_closed());
    let heard = server.await.expect("the connection was closed");
    assert_eq!(heard.matches("Subject: number 1").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_next_that_was_dropped_is_followed_by_one_that_gets_the_result() {
    let (here, there) = tokio::io::duplex(4096);
    let slow = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut there, mut room) = (there, [0; 4096]);
        for line in [
            "220 mx\r\n",
            CHUNKING,
            "250 ok\r\n250 ok\r\n250 one\r\n250 reset\r\n250 ok\r\n250 ok\r\n250 two\r\n",
        ] {
            there.write_all(line.as_bytes()).await?;
            let _count = there.read(&mut room).await?;
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        Ok::<(), std::io::Error>(())
    });
    let options = ConnectOptions::new().overlap(3);
    let tls = wasm_smtp_tokio::Tls::None;
    let client =
        wasm_smtp_tokio::connect_over(here, tls, "mx.lab.test", "client.lab.test", &options);
    let mut client = client.await.expect("it opens");
    let mut sending = client.send_all(messages(2));
    let (mut results, mut dropped) = (Vec::new(), 0);
    loop {
        match timeout(Duration::from_millis(700), sending.next()).await {
            Ok(Some(result)) => results.push(result),
            Ok(None) => break,
            Err(_) => dropped += 1,
        }
    }
    drop(sending);
    assert_eq!(story(&results), [(vec![Accepted], None), (vec![Accepted], None)]);
    assert!(dropped > 2 && !client.is_closed());
    drop(client);
    let _result = slow.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_breaks_a_rule_fails_alone_and_in_its_turn() {
    let (mut client, server) = open_overlapped(
        CHUNKING,
        &[
            Await("body 0\r\n"),
            Say("250 ok\r\n250 ok\r\n250 queued as ONE\r\n"),
            Await("body 3\r\n"),
            Say("250 ok\r\n250 ok\r\n250 queued as FOUR\r\n"),
        ],
    )
    .await;
    let mut list = messages(4);
    list[1].1 = "bare\nLF".to_owned();
    list[2].0 = Envelope::new(FROM, ["nobody@"]);
    let results = client.send_all(list).collect().await;
    let told = story(&results);
    assert_eq!(told[0], (vec![Accepted], None));
    assert_eq!(told[1], (vec![NotSent], Some(Reason::BodyBareLf)));
    assert_eq!(told[2].0, [NotSent]);
    assert_eq!(results[2].as_ref().expect_err("no domain").kind(), ErrorKind::Input);
    assert_eq!(told[3], (vec![Accepted], None));
    assert!(!client.is_closed());
    drop(client);
    assert!(!server.await.expect("no panic").contains("bare"));
}

#[tokio::test(start_paused = true)]
async fn without_pipelining_they_go_one_after_another() {
    let one: [Do; 7] = [
        Await("MAIL FROM:<me@lab.test>\r\n"),
        Say("250 ok\r\n"),
        Await("RCPT TO"),
        Say("250 ok\r\n"),
        Await("DATA\r\n"),
        Say("354 go\r\n"),
        Await("\r\n.\r\n"),
    ];
    let mut script = Vec::new();
    for _ in 0..3 {
        script.extend(one);
        script.push(Say("250 queued\r\n"));
    }
    let (mut client, server) = open_overlapped("250 mx\r\n", &script).await;
    let results = client.send_all(messages(3)).collect().await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    // Nothing is left under way, so the client goes on.
    assert!(client.send_all(Vec::<Message>::new()).next().await.is_none());
    assert!(!client.is_closed());
    drop(client);
    server.await.expect("no panic");
}

/// How much travels with its envelope is a setting; what is larger waits for the answer to that.
#[tokio::test(start_paused = true)]
async fn a_message_waits_for_its_envelope_if_it_is_too_large_to_travel_along() {
    let (envelope, text) = message(0, 1);
    let most = u32::try_from(text.len()).expect("it is short");
    for (most, begins_with_it) in [(most, true), (most - 1, false)] {
        let script = [
            Say("220 mx\r\n"),
            Await("EHLO"),
            Say(CHUNKING),
            Await("RCPT TO:<r0-0@lab.test>\r\n"),
            Stall,
        ];
        let options = ConnectOptions::new().eager_octets(most);
        let (client, server) = open_with(&options, &script).await;
        let mut client = client.expect("it opens");
        let sending = client.send(envelope.clone(), text.as_bytes());
        assert!(timeout(Duration::from_secs(1), sending).await.is_err(), "it stalls");
        drop(client);
        let heard = server.await.expect("no panic");
        assert_eq!(heard.contains("BDAT"), begins_with_it, "{heard}");
    }
}
