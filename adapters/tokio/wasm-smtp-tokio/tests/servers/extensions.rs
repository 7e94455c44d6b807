use wasm_smtp_tokio::{
    connect_smtp_plaintext, connect_smtp_starttls_with, ConnectOptions, DsnReturn, Envelope,
    ErrorKind, Extension, MailParameter, Notify, RcptParameter, Reason, Recipient, SmtpClient,
    XClient, XClientAttribute,
};

use crate::common::{letter, servers};

const EHLO: &str = "client.lab.test";
const FROM: &str = "me@lab.test";

async fn open(listener: &str, options: &ConnectOptions) -> SmtpClient {
    let port = servers().port("postfix", listener);
    connect_smtp_starttls_with("localhost", port, EHLO, options).await.expect("it opens")
}

async fn open_plain(listener: &str) -> SmtpClient {
    let port = servers().port("postfix", listener);
    let options = ConnectOptions::new();
    connect_smtp_plaintext("127.0.0.1", port, EHLO, &options).await.expect("it opens")
}

#[tokio::test]
async fn postfix_takes_what_is_asked_of_notifications() {
    let servers = servers();
    let envelope = || {
        let you = Recipient::new("you@lab.test")
            .parameter(RcptParameter::Notify(Notify::SUCCESS | Notify::FAILURE))
            .parameter(RcptParameter::OriginalRecipient("they+x@lab.test".into()));
        Envelope::new(FROM, [you])
            .parameter(MailParameter::Return(DsnReturn::Headers))
            .parameter(MailParameter::EnvelopeId("rust=1+1".into()))
    };
    let mut client = open("relaxed", &servers.options()).await;
    assert!(client.capabilities().has(Extension::Dsn));
    let text = letter("rust-dsn", "x\r\n");
    let outcome = client.send(envelope(), text.as_bytes()).await.expect("accepted");
    assert!(outcome.all_accepted());
    client.quit().await;
    let message = &servers.delivered("postfix", None, "rust-dsn", 1)[0];
    assert_eq!(message.to, ["you@lab.test"]);
    // It was delivered, and the sender is told so.
    let report = &servers.delivered("postfix", None, "Original-Envelope-Id: rust=1+1", 1)[0];
    let text = String::from_utf8_lossy(&report.content).into_owned();
    assert!(text.contains("Original-Recipient: rfc822;they+x@lab.test"), "{text}");
    assert!(text.contains("Action: delivered") || text.contains("Action: relayed"), "{text}");

    let mut client = open_plain("legacy").await;
    let error = client.send(envelope(), text.as_bytes()).await.expect_err("not offered");
    assert_eq!((error.kind(), error.keyword()), (ErrorKind::Unsupported, Some("RET")));
    assert_eq!(error.reason(), Reason::ParameterNotOffered);
    let optional = Envelope::new(FROM, ["you@lab.test"])
        .optional_parameter(MailParameter::EnvelopeId("x".into()));
    let text = letter("rust-no-dsn", "x\r\n");
    client.send(optional, text.as_bytes()).await.expect("accepted");
    client.quit().await;
}

#[tokio::test]
async fn postfix_answers_questions() {
    let mut client = open("relaxed", &servers().options()).await;
    let reply = client.vrfy("you@lab.test").await.expect("it may be there");
    assert_eq!(reply.code, 252);
    let error = client.vrfy("bad@lab.test").await.expect_err("it is not there");
    assert_eq!(error.reply().map(|reply| reply.code), Some(550));
    let error = client.expn("staff").await.expect_err("Postfix has no EXPN");
    assert_eq!(error.kind(), ErrorKind::Refused);
    client.noop().await.expect("the session goes on");
    client.quit().await;
}

#[tokio::test]
async fn postfix_believes_whom_it_trusts() {
    let mut client = open_plain("xclient").await;
    let who = XClient::new()
        .attribute(XClientAttribute::Name, "www.lab.test")
        .attribute(XClientAttribute::Addr, "192.0.2.77")
        .optional_attribute(XClientAttribute::DestPort, "25");
    client.xclient(&who).await.expect("taken");
    let text = letter("rust-xclient", "x\r\n");
    client.send_mail(FROM, &["you@lab.test"], &text).await.expect("accepted");
    client.quit().await;
    let log = servers().about["postfix"]["logFile"].as_str().expect("a file");
    let log = std::fs::read_to_string(log).expect("it can be read");
    assert!(log.contains("client=www.lab.test[192.0.2.77]"), "{log}");
    let mut client = open_plain("relaxed").await;
    let error = client.xclient(&who).await.expect_err("not trusted");
    assert_eq!(error.reason(), Reason::ParameterNotOffered);
}
