//! Commands ahead of replies: behind a login that is not answered yet, and to a server that is known.

#[path = "script/mod.rs"]
mod script;

use std::time::Duration;

use script::{open_with, outcome, serve, Do, Do::*, FROM, LETTER, TO};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use wasm_smtp_tokio::{
    connect_smtp_plaintext, Capabilities, ConnectOptions, Credentials, Envelope, Extension, Reason,
    SmtpClient, Status, Timeouts,
};

const HELLO: &str = "250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n";
const KNOWN: &str = "250-mx\r\n250-PIPELINING\r\n250-PIPECONNECT\r\n250 AUTH PLAIN\r\n";

fn credentials() -> Credentials {
    Credentials::password("ann", "secret").allow_plaintext_auth()
}

#[tokio::test]
async fn an_envelope_travels_with_the_login() {
    for refused in [false, true] {
        let mut script = vec![
            Say("220 mx\r\n"),
            Await("EHLO client.lab.test\r\n"),
            Say(HELLO),
            // Nothing is said to the login before the envelope has come.
            Await("AUTH PLAIN "),
            Await("MAIL FROM:<me@lab.test>\r\nRCPT TO:<you@lab.test>\r\n"),
        ];
        script.extend(if refused {
            vec![Say("535 no\r\n530 log in\r\n530 log in\r\n")]
        } else {
            vec![
                Say("235 ok\r\n250 ok\r\n250 ok\r\n"),
                Await("DATA\r\n"),
                Say("354 go\r\n"),
                Await("\r\n.\r\n"),
                Say("250 queued\r\n"),
            ]
        });
        script.extend([Await("NOOP\r\n"), Say("250 ok\r\n")]);
        let (client, server) = open_with(&ConnectOptions::new().early_envelope(), &script).await;
        let mut client = client.expect("it opens");
        client.login_credentials(&credentials()).await.expect("not answered yet");
        let result = client.send_mail(FROM, &TO, LETTER).await;
        if refused {
            let error = result.expect_err("refused");
            assert_eq!(
                (error.reason(), outcome(&error)),
                (Reason::AuthRefused, vec![Status::NotSent])
            );
        } else {
            assert!(result.expect("accepted").all_accepted());
        }
        client.noop().await.expect("the session goes on");
        drop(client);
        let heard = server.await.expect("no panic");
        assert_eq!(heard.contains("Subject"), !refused);
    }
}

#[tokio::test]
async fn a_login_that_nothing_follows_is_answered_first() {
    let script = [
        Say("220 mx\r\n"),
        Await("EHLO client.lab.test\r\n"),
        Say(HELLO),
        Await("AUTH PLAIN "),
        Say("535 no\r\n"),
        Await("NOOP\r\n"),
        Say("250 ok\r\n"),
        Await("QUIT\r\n"),
        Say("221 bye\r\n"),
    ];
    let (client, server) = open_with(&ConnectOptions::new().early_envelope(), &script).await;
    let mut client = client.expect("it opens");
    client.login_credentials(&credentials()).await.expect("not answered yet");
    let error = client.noop().await.expect_err("the login is refused");
    assert_eq!(error.reason(), Reason::AuthRefused);
    client.noop().await.expect("the session goes on");
    client.quit().await;
    server.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_broke_before_its_login_was_answered_is_over() {
    for end in [Close, Stall] {
        let hello = [Say("220 mx\r\n"), Await("EHLO client.lab.test\r\n"), Say(HELLO)];
        let script = [&hello[..], &[Await("AUTH PLAIN "), Await("RCPT TO"), end]].concat();
        let (client, _server) = open_with(&ConnectOptions::new().early_envelope(), &script).await;
        let mut client = client.expect("it opens");
        client.login_credentials(&credentials()).await.expect("not answered yet");
        let error = client.send_mail(FROM, &TO, LETTER).await.expect_err("it broke");
        assert_eq!(outcome(&error), [Status::NotSent]);
        let wait = Duration::from_secs(3600);
        let error = timeout(wait, client.noop()).await.expect("at once").expect_err("it is over");
        assert_eq!(error.reason(), Reason::Closed);
        let (client, _server) = open_with(&ConnectOptions::new().early_envelope(), &script).await;
        let mut client = client.expect("it opens");
        client.login_credentials(&credentials()).await.expect("not answered yet");
        client.send_mail(FROM, &TO, LETTER).await.expect_err("it broke");
        timeout(wait, client.quit()).await.expect("at once");
    }
}

/// A server of one connection after another.
async fn listen(scripts: Vec<Vec<Do>>) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let server = tokio::spawn(async move {
        let mut heard = Vec::new();
        for script in scripts {
            let (stream, _) = listener.accept().await.expect("a connection");
            heard.push(serve(stream, script).await.expect("no panic"));
        }
        heard
    });
    (port, server)
}

async fn connect(port: u16, expected: Option<Capabilities>) -> SmtpClient {
    let mut options = ConnectOptions::new().overlap(3);
    if let Some(expected) = expected {
        options = options.expected(expected).early_envelope();
    }
    let client = connect_smtp_plaintext("127.0.0.1", port, "client.lab.test", &options).await;
    client.expect("it opens")
}

/// What a server offers that says `KNOWN`.
async fn known() -> Capabilities {
    let script = vec![
        Say("220 mx\r\n"),
        Await("EHLO client.lab.test\r\n"),
        Say(KNOWN),
        Await("QUIT\r\n"),
        Say("221 bye\r\n"),
    ];
    let (port, server) = listen(vec![script]).await;
    let client = connect(port, None).await;
    let capabilities = client.capabilities();
    assert!(capabilities.has(Extension::PipeConnect));
    client.quit().await;
    server.await.expect("no panic");
    capabilities
}

const TAKEN: [Do; 5] = [
    Await("DATA\r\n"),
    Say("250 ok\r\n250 ok\r\n354 go\r\n"),
    Await("\r\n.\r\n"),
    Say("250 queued\r\n"),
    Await("QUIT\r\n"),
];

#[tokio::test]
async fn a_known_server_is_not_waited_for() {
    let known = known().await;
    let script = [
        // All of this comes before a word is said.
        &[
            Await("EHLO client.lab.test\r\nAUTH PLAIN "),
            Await("MAIL FROM:<me@lab.test>\r\nRCPT TO:<you@lab.test>\r\n"),
        ],
        &[Say("220 mx\r\n"), Say(KNOWN), Say("235 ok\r\n")][..],
        &TAKEN[..],
        &[Say("221 bye\r\n")],
    ]
    .concat();
    let (port, server) = listen(vec![script]).await;
    let mut client = connect(port, Some(known)).await;
    client.login_credentials(&credentials()).await.expect("not answered yet");
    assert!(client.send_mail(FROM, &TO, LETTER).await.expect("accepted").all_accepted());
    client.quit().await;
    server.await.expect("no panic");
}

/// What a server does that is not what it was: it offers less, refuses haste, or closes.
fn changed() -> [Vec<Do>; 3] {
    [
        vec![Await("EHLO"), Say("220 mx\r\n250-mx\r\n250 PIPELINING\r\n")],
        vec![Await("EHLO"), Say("554 wait for your turn\r\n")],
        vec![Await("EHLO"), Close],
    ]
}

fn patient() -> Vec<Do> {
    let open = [
        Say("220 mx\r\n"),
        Await("EHLO client.lab.test\r\n"),
        Say(HELLO),
        Await("AUTH PLAIN "),
        Say("235 ok\r\n"),
    ];
    [&open[..], &TAKEN[..], &[Say("221 bye\r\n")]].concat()
}

#[tokio::test]
async fn a_server_that_has_changed_is_asked_once_more() {
    let known = known().await;
    for first in changed() {
        // A login that is not waited for, and messages behind it: alone, or several.
        for several in [false, true] {
            let (port, server) = listen(vec![first.clone(), patient()]).await;
            let mut client = connect(port, Some(known)).await;
            client.login_credentials(&credentials()).await.expect("not answered yet");
            if several {
                let message = || (Envelope::new(FROM, TO), LETTER);
                let results = client.send_all([message()]).collect().await;
                assert!(results[0].as_ref().expect("accepted").all_accepted());
            } else {
                let result = client.send_mail_stream(FROM, &TO, LETTER.as_bytes()).await;
                assert!(result.expect("accepted").all_accepted());
            }
            client.quit().await;
            let heard = server.await.expect("no panic");
            assert!(!heard[0].contains("Subject"), "{heard:?}");
            assert_eq!(heard[1].matches("Subject").count(), 1, "{heard:?}");
        }
    }
}

/// A server that refuses a login may take messages from anybody all the same.
#[tokio::test]
async fn no_message_follows_a_login_that_was_refused() {
    let known = known().await;
    let [offering_less, ..] = changed();
    let envelope = [Await("MAIL FROM:<me@lab.test>\r\nRCPT TO:<you@lab.test>\r\n")];
    let again = [Await("NOOP\r\n"), Say("250 ok\r\n"), Await("QUIT\r\n"), Say("221 bye\r\n")];
    let hello = [Await("EHLO"), Say("220 mx\r\n"), Say(KNOWN), Await("AUTH PLAIN ")];
    let refused = [Say("535 no\r\n250 ok\r\n250 ok\r\n")];
    let same = [&hello[..], &envelope[..], &refused[..], &again[..]].concat();
    let patient = [Say("220 mx\r\n"), Await("EHLO"), Say(HELLO), Await("AUTH"), Say("535 no\r\n")];
    let patient = [&patient[..], &again[..]].concat();
    for scripts in [vec![same], vec![offering_less, patient]] {
        let (port, server) = listen(scripts).await;
        let options = ConnectOptions::new()
            .expected(known)
            .early_envelope()
            .timeouts(Timeouts::all(Duration::from_secs(5)));
        let client = connect_smtp_plaintext("127.0.0.1", port, "client.lab.test", &options).await;
        let mut client = client.expect("it opens");
        client.login_credentials(&credentials()).await.expect("not answered yet");
        let results = client.send_all((0..3).map(|_| (Envelope::new(FROM, TO), LETTER))).collect();
        for result in results.await {
            let error = result.expect_err("not logged in");
            assert_eq!(
                (error.reason(), outcome(&error)),
                (Reason::AuthRefused, vec![Status::NotSent])
            );
            assert!(error.to_string().contains("535 no"), "{error}");
        }
        client.noop().await.expect("the session goes on");
        client.quit().await;
        for heard in server.await.expect("no panic") {
            assert!(heard.matches("MAIL").count() < 2 && !heard.contains("Subject"), "{heard}");
        }
    }
}

#[tokio::test]
async fn a_login_alone_is_repeated_too() {
    let known = known().await;
    for first in changed() {
        let (port, server) = listen(vec![first, patient()]).await;
        let options = ConnectOptions::new().expected(known);
        let client = connect_smtp_plaintext("127.0.0.1", port, "client.lab.test", &options).await;
        let mut client = client.expect("it opens");
        client.login_credentials(&credentials()).await.expect("logged in");
        assert!(client.send_mail(FROM, &TO, LETTER).await.expect("accepted").all_accepted());
        client.quit().await;
        server.await.expect("no panic");
    }
}

#[tokio::test]
async fn it_is_asked_only_once_more() {
    let known = known().await;
    let [_, refusing, _] = changed();
    let again = vec![Say("554 never\r\n")];
    let (port, server) = listen(vec![refusing, again]).await;
    let mut client = connect(port, Some(known)).await;
    let error = client.send_mail(FROM, &TO, LETTER).await.expect_err("refused twice");
    assert_eq!((error.reason(), outcome(&error)), (Reason::GreetingRefused, vec![Status::NotSent]));
    assert!(client.is_closed());
    server.await.expect("no panic");
}

#[tokio::test]
async fn over_a_stream_of_the_callers_own_it_is_an_error() {
    let known = known().await;
    let [offering_less, ..] = changed();
    let options = ConnectOptions::new().expected(known);
    let (client, _server) = open_with(&options, &offering_less).await;
    let mut client = client.expect("it opens");
    let error = client.send_mail(FROM, &TO, LETTER).await.expect_err("it has changed");
    assert_eq!(
        (error.reason(), outcome(&error)),
        (Reason::CapabilitiesChanged, vec![Status::NotSent])
    );
    assert!(error.is_retryable());
}
