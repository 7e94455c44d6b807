//! Faults that no real server makes on demand: a scripted server at the other end of a pipe, with a
//! clock that jumps instead of waiting.

#[path = "script/mod.rs"]
mod script;

use std::error::Error as _;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use script::{open, open_with, outcome, serve, Do::*, FROM, HELLO, LETTER, TO};
use tokio::io::{duplex, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::time::{timeout, Instant};
use wasm_smtp_tokio::{
    connect_over, AuditEvent, ConnectOptions, Credentials, Envelope, Error, ErrorKind, Reason,
    SmtpClient, Status, Step, Timeouts, Tls, XClient,
};

#[tokio::test(start_paused = true)]
async fn silence_at_each_step_ends_in_time() {
    let limits = Timeouts::all(Duration::from_secs(7));
    let options = ConnectOptions::new().timeouts(limits);
    let script = [
        Say("220 mx\r\n"),
        Await("EHLO"),
        Say(HELLO),
        Await("DATA\r\n"),
        Say("250 ok\r\n250 ok\r\n354 go\r\n"),
        Await("\r\n.\r\n"),
    ];
    for length in [0, 2, 4, 6] {
        let mut silent = script[..length].to_vec();
        silent.push(Stall);
        let (client, _server) = open_with(&options, &silent).await;
        let error = match client {
            Err(error) => error,
            Ok(mut client) => {
                let began = Instant::now();
                let error = client.send_mail(FROM, &TO, LETTER).await.expect_err("silence");
                assert_eq!(began.elapsed().as_secs(), 7);
                assert!(client.is_closed());
                let expected = if length == 6 { Status::InDoubt } else { Status::NotSent };
                assert_eq!(outcome(&error), [expected]);
                assert_eq!(error.is_in_doubt(), length == 6);
                error
            }
        };
        assert_eq!((error.kind(), error.reason()), (ErrorKind::Transport, Reason::Timeout));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stalled_handshake_ends_in_time() {
    let (here, there) = duplex(4096);
    let _server = serve(there, vec![Stall]);
    let options = ConnectOptions::new().timeouts(Timeouts::all(Duration::from_secs(5)));
    let began = Instant::now();
    let client = connect_over(here, Tls::Implicit, "mx.lab.test", "client.lab.test", &options);
    let error = client.await.expect_err("silence");
    assert_eq!((error.reason(), error.step()), (Reason::Timeout, Some(Step::Tls)));
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_close_at_each_step_is_told() {
    let script = [
        Say("220 mx\r\n"),
        Await("EHLO"),
        Say(HELLO),
        Await("DATA\r\n"),
        Say("250 ok\r\n250 ok\r\n"),
        Say("354 go\r\n"),
        Await("\r\n.\r\n"),
    ];
    for length in [0, 1, 2, 4, 5, 7] {
        let mut cut = script[..length].to_vec();
        cut.push(Close);
        let (client, server) = open_with(&ConnectOptions::new(), &cut).await;
        match client {
            Err(error) => assert_eq!(error.kind(), ErrorKind::Transport, "{error:?}"),
            Ok(mut client) => {
                let error = client.send_mail(FROM, &TO, LETTER).await.expect_err("cut");
                let expected = if length == 7 { Status::InDoubt } else { Status::NotSent };
                assert_eq!(outcome(&error), [expected], "{length}: {error:?}");
                assert_eq!(error.is_retryable(), length != 7);
                let error = client.noop().await.expect_err("it is over");
                assert_eq!((error.reason(), error.is_retryable()), (Reason::Closed, true));
                client.quit().await;
            }
        }
        server.await.expect("no panic");
    }
}

#[tokio::test]
async fn the_last_words_of_a_server_are_heard() {
    let (mut client, _server) = open(&[Say("421 4.3.2 going down\r\n"), Close]).await;
    tokio::task::yield_now().await;
    let large = "x\r\n".repeat(100_000);
    let error = client.send_mail(FROM, &TO, &large).await.expect_err("it is gone");
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    assert_eq!(error.reply().map(|reply| reply.code), Some(421));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_never_leaves_a_message_to_be_continued() {
    let (mut client, server) =
        open(&[Await("DATA\r\n"), Say("250 ok\r\n250 ok\r\n354 go\r\n"), Stall]).await;
    // The message is longer than the pipe is deep, and its source stalls in the middle.
    let message = "first half\r\n".repeat(100);
    let source = message.as_bytes().chain(Never);
    let sending = client.send_mail_stream(FROM, &TO, source);
    assert!(timeout(Duration::from_secs(1), sending).await.is_err(), "it stalls");
    assert!(client.is_closed());
    let error = client.send_mail(FROM, &TO, LETTER).await.expect_err("the session is over");
    assert_eq!((error.kind(), error.reason()), (ErrorKind::Misuse, Reason::Closed));
    assert_eq!(outcome(&error), [Status::NotSent]);
    assert!(error.to_string().contains("cancelled"), "{error}");
    let heard = server.await.expect("the connection was closed");
    assert!(heard.contains("first half") && !heard.contains("\r\n.\r\n"), "{heard}");
    assert!(!heard.contains("Subject: x"));
}

/// Forgetting is not dropping, but what was half sent must not be continued by what comes next either.
#[tokio::test(start_paused = true)]
async fn a_message_that_was_forgotten_is_not_continued_by_another() {
    for several in [false, true] {
        let (mut client, server) =
            open(&[Await("DATA\r\n"), Say("250 ok\r\n250 ok\r\n354 go\r\n"), Stall]).await;
        let source = &b"first half\r\n"[..];
        let mut sending = Box::pin(client.send_mail_stream(FROM, &TO, source.chain(Never)));
        assert!(timeout(Duration::from_secs(1), &mut sending).await.is_err(), "it stalls");
        std::mem::forget(sending);
        let message = (Envelope::new(FROM, TO), LETTER.as_bytes());
        let result = match several {
            true => client.send_all([message]).collect().await.remove(0),
            false => client.send(message.0, message.1).await,
        };
        let error = result.expect_err("the session is over");
        assert_eq!((error.reason(), outcome(&error)), (Reason::Closed, vec![Status::NotSent]));
        let heard = server.await.expect("the connection was closed");
        assert!(heard.ends_with("first half\r\n"), "{heard}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_login_closes_the_connection_too() {
    let (mut client, server) = open(&[Await("AUTH PLAIN"), Stall]).await;
    let credentials = Credentials::password("alice", "secret").allow_plaintext_auth();
    let login = client.login_credentials(&credentials);
    assert!(timeout(Duration::from_secs(1), login).await.is_err(), "it stalls");
    assert!(client.is_closed());
    assert!(server.await.expect("it was closed").contains("AUTH PLAIN "));
}

/// A future that was made and never polled has done nothing.
#[tokio::test]
async fn a_future_that_was_not_polled_has_done_nothing() {
    let (mut client, _server) =
        open(&[Await("NOOP\r\n"), Say("250 ok\r\n"), Await("QUIT\r\n"), Say("221 bye\r\n")]).await;
    drop(client.send_mail(FROM, &TO, LETTER));
    assert!(!client.is_closed());
    client.noop().await.expect("it goes on");
    client.quit().await;
}

#[tokio::test]
async fn a_source_that_fails_ends_the_session_without_ending_the_message() {
    let (mut client, server) =
        open(&[Await("DATA\r\n"), Say("250 ok\r\n250 ok\r\n354 go\r\n"), Stall]).await;
    let source = LETTER.as_bytes().chain(Broken);
    let error = client.send_mail_stream(FROM, &TO, source).await.expect_err("it broke");
    assert_eq!((error.kind(), error.reason()), (ErrorKind::Input, Reason::MessageSource));
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    assert_eq!(source.map(ToString::to_string).as_deref(), Some("disk on fire"));
    assert_eq!(outcome(&error), [Status::NotSent]);
    assert!(!error.is_in_doubt() && !error.is_retryable());
    assert!(!server.await.expect("it was closed").contains("\r\n.\r\n"));
}

#[tokio::test]
async fn a_stream_that_breaks_a_rule_ends_the_session_without_ending_the_message() {
    let (mut client, server) =
        open(&[Await("DATA\r\n"), Say("250 ok\r\n250 ok\r\n354 go\r\n"), Stall]).await;
    let error = client.send_mail_stream(FROM, &TO, &b"a\r\nb\n.\nc\r\n"[..]).await;
    let error = error.expect_err("bare LF");
    assert_eq!((error.kind(), error.reason()), (ErrorKind::Input, Reason::BodyBareLf));
    assert_eq!(outcome(&error), [Status::NotSent]);
    assert!(!server.await.expect("it was closed").contains(".\r\n"));
}

#[tokio::test(start_paused = true)]
async fn a_quit_that_is_not_answered_is_no_error() {
    for end in [Stall, Close, Say("500 what?\r\n")] {
        let record: Arc<Mutex<Vec<String>>> = Arc::default();
        let sink = record.clone();
        let options = ConnectOptions::new().audit(move |event: &AuditEvent<'_>| {
            sink.lock().expect("not poisoned").push(format!("{event:?}"));
        });
        let script = [Say("220 mx\r\n"), Await("EHLO"), Say(HELLO), Await("QUIT\r\n"), end];
        let (client, _server) = open_with(&options, &script).await;
        let began = Instant::now();
        client.expect("it opens").quit().await;
        assert!(began.elapsed() <= Duration::from_secs(12));
        let record = record.lock().expect("not poisoned");
        let endings = record.iter().filter(|one| one.contains("QuitCompleted"));
        assert_eq!(endings.count(), 1, "{record:?}");
        assert!(!record.iter().any(|one| one.contains("SessionAborted")));
    }
}

#[tokio::test]
async fn a_client_that_is_dropped_is_recorded_once() {
    let record: Arc<Mutex<Vec<String>>> = Arc::default();
    let sink = record.clone();
    let options = ConnectOptions::new().audit(move |event: &AuditEvent<'_>| {
        sink.lock().expect("not poisoned").push(format!("{event:?}"));
    });
    let script = [Say("220 mx\r\n"), Await("EHLO"), Say(HELLO), Stall];
    let (client, server) = open_with(&options, &script).await;
    drop(client.expect("it opens"));
    server.await.expect("it was closed");
    let aborted =
        record.lock().expect("not poisoned").iter().filter(|one| one.contains("Aborted")).count();
    assert_eq!(aborted, 1);
}

/// The server answers before it has read everything, and reads nothing before it has answered.
#[tokio::test(start_paused = true)]
async fn reading_goes_on_while_a_write_is_pending() {
    let (here, mut there) = duplex(64);
    let server = tokio::spawn(async move {
        there.write_all(b"220 mx\r\n").await?;
        let mut room = [0; 22];
        there.read_exact(&mut room).await?;
        there.write_all(HELLO.as_bytes()).await?;
        // 200 recipients: far more commands and replies than the pipe holds.
        for _ in 0..201 {
            there.write_all(b"250 an answer that is long enough to fill the pipe up\r\n").await?;
        }
        there.write_all(b"354 go\r\n").await?;
        let mut heard = Vec::new();
        while !heard.ends_with(b"\r\n.\r\n") {
            there.read_buf(&mut heard).await?;
        }
        there.write_all(b"250 ok\r\n").await?;
        Ok::<(), io::Error>(())
    });
    let options = ConnectOptions::new();
    let client = connect_over(here, Tls::None, "mx.lab.test", "client.lab.test", &options);
    let mut client = client.await.expect("it opens");
    let to: Vec<String> = (0..200).map(|n| format!("user{n}@lab.test")).collect();
    let result = client.send_mail(FROM, &to, LETTER).await;
    // Replies that come before their commands were written are unsolicited: an error, not a hang.
    match result {
        Ok(outcome) => assert!(outcome.all_accepted()),
        Err(error) => assert_eq!(error.reason(), Reason::ReplyUnsolicited, "{error:?}"),
    }
    drop(client);
    let _result = server.await.expect("no panic");
}

#[test]
fn futures_and_clients_may_cross_threads() {
    fn sendable<T: Send>(value: T) -> T {
        value
    }
    // Compiled, not run.
    async fn everything(client: SmtpClient) -> Result<(), Error> {
        let mut client = sendable(client);
        sendable(client.login("user", "password")).await?;
        let source = |_: Option<&Error>| async { io::Result::Ok(String::new()) };
        sendable(client.login_token_source("user", source)).await?;
        sendable(client.noop()).await?;
        sendable(client.xclient(&XClient::new())).await?;
        let mut sending = client.send_all([(Envelope::new(FROM, TO), LETTER)]);
        let _result = sendable(sending.next()).await;
        let _results = sendable(sending.collect()).await;
        sendable(client.send_mail(FROM, &TO, LETTER)).await?;
        sendable(client.send_mail_stream(FROM, &TO, Never)).await?;
        sendable(client.quit()).await;
        sendable(wasm_smtp_tokio::connect_smtps("host", 465, "client.lab.test")).await?;
        Ok(())
    }
    let _ = |client| sendable(everything(client));
}

/// A source that has nothing yet.
struct Never;

impl AsyncRead for Never {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

/// A source that fails.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("disk on fire")))
    }
}
