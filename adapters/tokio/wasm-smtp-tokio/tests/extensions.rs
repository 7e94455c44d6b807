//! What servers offer beyond the beginnings, against a scripted one: sent if it is offered, else an
//! error before an octet is sent, or left out if it is optional.

#[path = "script/mod.rs"]
mod script;

use script::{open_overlapped, open_with, outcome, Do, Do::*, FROM, LETTER};
use tokio::io::DuplexStream;
use wasm_smtp_tokio::{
    connect_smtp_plaintext, connect_smtps, BodyType, ConnectOptions, DsnReturn, Envelope, Error,
    ErrorKind, Field, MailParameter, Notify, RcptParameter, Reason, Recipient, SmtpClient, Status,
    XClient, XClientAttribute,
};

fn envelope() -> Envelope {
    let boss = Recipient::new("you@lab.test")
        .parameter(RcptParameter::Notify(Notify::SUCCESS | Notify::FAILURE));
    Envelope::new(FROM, [boss]).parameter(MailParameter::Return(DsnReturn::Headers))
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_is_sent_if_it_is_offered() {
    let (mut client, server) = open_overlapped(
        "250-mx\r\n250-PIPELINING\r\n250 DSN\r\n",
        &[
            Await("DATA\r\n"),
            Say("250 ok\r\n250 ok\r\n354 go\r\n"),
            Await("\r\n.\r\n"),
            Say("250 queued\r\n"),
            Await("DATA\r\n"),
            Say("501 5.5.4 no\r\n503 no\r\n503 no\r\n"),
        ],
    )
    .await;
    client.send(envelope(), LETTER.as_bytes()).await.expect("accepted");
    let error = client.send(envelope(), LETTER.as_bytes()).await.expect_err("refused");
    assert_eq!((error.kind(), error.reason()), (ErrorKind::Refused, Reason::ReplyRefused));
    assert_eq!(outcome(&error), [Status::Refused]);
    drop(client);
    let heard = server.await.expect("no panic");
    let asked =
        "MAIL FROM:<me@lab.test> RET=HDRS\r\nRCPT TO:<you@lab.test> NOTIFY=SUCCESS,FAILURE\r\n";
    assert_eq!(heard.matches(asked).count(), 2, "{heard}");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_offered_is_an_error_or_left_out() {
    let (mut client, server) = open_overlapped(
        "250-mx\r\n250 PIPELINING\r\n",
        &[
            Await("DATA\r\n"),
            Say("250 ok\r\n250 ok\r\n354 go\r\n"),
            Await("\r\n.\r\n"),
            Say("250 queued\r\n"),
        ],
    )
    .await;
    let error = client.send(envelope(), LETTER.as_bytes()).await.expect_err("not offered");
    assert_eq!((error.reason(), error.keyword()), (Reason::ParameterNotOffered, Some("RET")));
    assert_eq!(outcome(&error), [Status::NotSent]);
    let optional = Recipient::new("you@lab.test")
        .optional_parameter(RcptParameter::Notify(Notify::NEVER))
        .optional_parameter(RcptParameter::OriginalRecipient("they@lab.test".into()));
    let optional = Envelope::new(FROM, [optional])
        .optional_parameter(MailParameter::RequireTls)
        .optional_parameter(MailParameter::Priority(1));
    client.send(optional, LETTER.as_bytes()).await.expect("accepted");
    drop(client);
    let heard = server.await.expect("no panic");
    let expected =
        "EHLO client.lab.test\r\nMAIL FROM:<me@lab.test>\r\nRCPT TO:<you@lab.test>\r\nDATA\r\n";
    assert!(heard.starts_with(expected), "{heard}");
}

#[tokio::test(start_paused = true)]
async fn octets_go_in_parts_and_streams_do_not() {
    let (mut client, server) = open_overlapped(
        "250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 LIMITS RCPTMAX=1\r\n",
        &[
            Await("body\r\n"),
            Say("250 ok\r\n250 ok\r\n250 ONE\r\n"),
            Await("body\r\n"),
            Say("250 ok\r\n450 later\r\n503 no recipient\r\n"),
            Await("body\r\n"),
            Say("250 reset\r\n250 ok\r\n250 ok\r\n250 THREE\r\n"),
        ],
    )
    .await;
    let all = ["a@lab.test", "b@lab.test", "c@lab.test"];
    let error = client.send_mail_stream(FROM, &all, LETTER.as_bytes()).await.expect_err("too many");
    assert_eq!(error.reason(), Reason::TooManyRecipients);
    let split = client.send_stream(Envelope::new(FROM, all).split(), LETTER.as_bytes()).await;
    let error = split.expect_err("a stream cannot be given again");
    assert_eq!(
        (error.reason(), outcome(&error)),
        (Reason::OptionInvalid, [Status::NotSent; 3].into())
    );
    let result = client.send_mail(FROM, &all, LETTER).await.expect("some are accepted");
    let statuses: Vec<_> = result.recipients.iter().map(|one| one.status).collect();
    assert_eq!(statuses, [Status::Accepted, Status::Deferred, Status::Accepted]);
    drop(client);
    let heard = server.await.expect("no panic");
    assert_eq!(heard.matches("LAST\r\nSubject: x\r\n\r\nbody\r\n").count(), 3, "{heard}");
}

#[tokio::test(start_paused = true)]
async fn messages_that_go_in_parts_are_told_apart() {
    let (mut client, server) = open_overlapped(
        "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
        &[
            Await("body 0\r\n"),
            Await("body 1\r\n"),
            Say("250 ok\r\n250 ok\r\n452 later\r\n250 part\r\n"),
            Say("250 reset\r\n250 ok\r\n250 ok\r\n250 other\r\n"),
            // The first message's second part comes behind the other message.
            Await("RCPT TO:<r0-1@lab.test>\r\n"),
            Await("body 0\r\n"),
            Say("250 reset\r\n250 ok\r\n250 ok\r\n250 last\r\n"),
        ],
    )
    .await;
    let message = |number: usize, count: usize| {
        let to = (0..count).map(move |one| format!("r{number}-{one}@lab.test"));
        (Envelope::new(FROM, to), format!("Subject: x\r\n\r\nbody {number}\r\n"))
    };
    let results = client.send_all([message(0, 2), message(1, 1)]).collect().await;
    let words: Vec<_> = results
        .iter()
        .map(|one| {
            let one = one.as_ref().expect("accepted");
            (
                one.recipients.len(),
                one.all_accepted(),
                one.reply.as_ref().expect("one").text.clone(),
            )
        })
        .collect();
    assert_eq!(words, [(2, true, "last".to_owned()), (1, true, "other".to_owned())]);
    drop(client);
    server.await.expect("no panic");
}

/// Two names that look the same to some must not be the same server.
#[tokio::test]
async fn hosts_are_named_by_a_labels() {
    let connect = |host: &'static str| async move {
        let options = ConnectOptions::new();
        connect_smtp_plaintext(host, 1, "client.lab.test", &options).await.expect_err("not there")
    };
    let error = connect("mx。bücher.test").await;
    assert_eq!((error.reason(), error.field()), (Reason::DomainCharacter, Some(Field::Host)));
    let error = connect("localhost").await;
    assert_eq!(error.reason(), Reason::ConnectionRefused);
    for host in ["", "mx lab.test", "mx.lab.test\r\n"] {
        let error = connect_smtps(host, 1, "client.lab.test").await.expect_err("no name");
        assert_eq!((error.reason(), error.field()), (Reason::OptionInvalid, Some(Field::Host)));
    }
    let ehlo = connect_smtp_plaintext("localhost", 1, "ü。x", &ConnectOptions::new()).await;
    let error = ehlo.expect_err("no domain");
    assert_eq!((error.reason(), error.field()), (Reason::DomainCharacter, Some(Field::EhloName)));
}

#[tokio::test(start_paused = true)]
async fn binary_octets_go_as_they_are() {
    let hello = "250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 BINARYMIME\r\n";
    let (mut client, server) =
        open_overlapped(hello, &[Await("LAST\r\n"), Say("250 ok\r\n250 ok\r\n250 queued\r\n")])
            .await;
    let binary = Envelope::new(FROM, ["you@lab.test"]).body(BodyType::Binary);
    client.send(binary.clone(), b"a\n\0b\r").await.expect("accepted");
    drop(client);
    let heard = server.await.expect("no panic");
    assert!(heard.contains("MAIL FROM:<me@lab.test> BODY=BINARYMIME\r\n"), "{heard}");
    assert!(heard.ends_with("BDAT 5 LAST\r\na\n\0b\r"), "{heard:?}");
    let (mut client, _server) = open_overlapped("250 mx\r\n", &[Stall]).await;
    let error = client.send(binary, b"a\n\0b\r").await.expect_err("not offered");
    assert_eq!(error.reason(), Reason::BinaryMimeMissing);
}

#[tokio::test(start_paused = true)]
async fn questions_and_their_answers() {
    let (mut client, server) = open_overlapped(
        "250-mx\r\n250-VRFY\r\n250 XCLIENT NAME LOGIN\r\n",
        &[
            Await("VRFY ann\r\n"),
            Say("252 perhaps\r\n"),
            Await("EXPN staff\r\n"),
            Say("550 no\r\n"),
            Await("HELP\r\n"),
            Say("214-MAIL\r\n214 RCPT\r\n"),
            Await("XCLIENT NAME=www.lab.test LOGIN=ann\r\n"),
            Say("220 mx\r\n"),
            Await("EHLO client.lab.test\r\n"),
            Say("250-mx\r\n250 SIZE 7\r\n"),
            Await("QUIT\r\n"),
            Say("221 bye\r\n"),
        ],
    )
    .await;
    assert_eq!(client.vrfy("ann").await.expect("answered").to_string(), "252 perhaps");
    let error = client.expn("staff").await.expect_err("refused");
    assert_eq!(
        (error.kind(), error.reply().map(|reply| reply.code)),
        (ErrorKind::Refused, Some(550))
    );
    assert_eq!(client.help("").await.expect("answered").text, "MAIL\nRCPT");
    let error = client.vrfy("a\r\nQUIT").await.expect_err("not an argument");
    assert_eq!(error.reason(), Reason::AddressControl);
    let who = XClient::new()
        .attribute(XClientAttribute::Name, "www.lab.test")
        .attribute(XClientAttribute::Login, "ann")
        .optional_attribute(XClientAttribute::Addr, "192.0.2.1");
    let error = client.xclient(&who.clone().attribute(XClientAttribute::Helo, "x")).await;
    assert_eq!(error.expect_err("not taken").keyword(), Some("HELO"));
    assert_eq!(client.capabilities().size_limit(), None);
    client.xclient(&who).await.expect("taken");
    assert_eq!(client.capabilities().size_limit(), Some(7));
    client.quit().await;
    server.await.expect("no panic");
}

/// OAUTHBEARER: the server explains, the client has nothing to add, the server refuses.
const REFUSED: [Do; 3] = [
    Say("334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n"),
    Await("\r\nAQ==\r\n"),
    Say("535 5.7.8 no\r\n"),
];
const AUTH: Do = Await("AUTH OAUTHBEARER ");

async fn log_in(
    script: &[Do],
    tokens: &[&str],
) -> (Result<(), Error>, usize, SmtpClient<DuplexStream>) {
    let mut whole = vec![
        Say("220 mx\r\n"),
        Await("EHLO client.lab.test\r\n"),
        Say("250-mx\r\n250 AUTH XOAUTH2 OAUTHBEARER\r\n"),
    ];
    whole.extend(script);
    let (client, _server) = open_with(&ConnectOptions::new().trusted_channel(), &whole).await;
    let mut client = client.expect("it opens");
    let mut asked = 0;
    let result = client
        .login_token_source("ann", |refusal| {
            assert_eq!(refusal.is_some(), asked == 1);
            if let Some(refusal) = refusal {
                assert!(refusal.detail().is_some_and(|detail| detail.contains("invalid_token")));
            }
            let token = tokens.get(asked).map(|token| (*token).to_owned());
            asked += 1;
            async move { token.ok_or_else(|| std::io::Error::other("no more tokens")) }
        })
        .await;
    (result, asked, client)
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_asked_for_once_more() {
    let twice: Vec<Do> = [&[AUTH], &REFUSED[..], &[AUTH, Say("235 ok\r\n")]].concat();
    let (result, asked, _) = log_in(&twice, &["old", "new"]).await;
    result.expect("the second is good");
    assert_eq!(asked, 2);
    let both: Vec<Do> = [&[AUTH], &REFUSED[..], &[AUTH], &REFUSED[..]].concat();
    let (result, asked, client) = log_in(&both, &["old", "new"]).await;
    assert_eq!((result.expect_err("refused").reason(), asked), (Reason::AuthRefused, 2));
    assert!(!client.is_closed());
    let once: Vec<Do> = [&[AUTH], &REFUSED[..]].concat();
    for tokens in [&["old", "old"][..], &["old"]] {
        let (result, asked, _) = log_in(&once, tokens).await;
        assert_eq!((result.expect_err("it stands").reason(), asked), (Reason::AuthRefused, 2));
    }
    let (result, asked, _) = log_in(&[AUTH, Say("454 4.7.0 later\r\n")], &["good"]).await;
    assert_eq!((result.expect_err("for now").is_retryable(), asked), (true, 1));
    let (result, _, client) = log_in(&[], &[]).await;
    let error = result.expect_err("no token");
    assert_eq!((error.kind(), error.reason()), (ErrorKind::Input, Reason::TokenSource));
    assert!(std::error::Error::source(&error).is_some() && !client.is_closed());
}
