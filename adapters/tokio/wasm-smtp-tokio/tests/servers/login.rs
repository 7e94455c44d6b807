use wasm_smtp_tokio::{
    connect_smtp_plaintext, connect_smtp_starttls_with, connect_smtps_with, ConnectOptions,
    Credentials, Error, ErrorKind, Mechanism, Reason, SmtpClient, Tls,
};

use crate::common::servers;

const EHLO: &str = "client.lab.test";

async fn open(tls: Tls, options: &ConnectOptions) -> Result<SmtpClient, Error> {
    let servers = servers();
    match tls {
        Tls::Implicit => {
            let port = servers.port("postfix", "implicit");
            connect_smtps_with("localhost", port, EHLO, options).await
        }
        Tls::StartTls => {
            let port = servers.port("postfix", "relaxed");
            connect_smtp_starttls_with("localhost", port, EHLO, options).await
        }
        _ => {
            let port = servers.port("postfix", "relaxed");
            connect_smtp_plaintext("127.0.0.1", port, EHLO, options).await
        }
    }
}

const BY_PASSWORD: [Mechanism; 5] = [
    Mechanism::Plain,
    Mechanism::Login,
    Mechanism::ScramSha256,
    Mechanism::ScramSha1,
    Mechanism::CramMd5,
];

#[tokio::test]
async fn every_mechanism_over_every_kind_of_channel() {
    let servers = servers();
    let options = servers.options();
    for tls in [Tls::None, Tls::StartTls, Tls::Implicit] {
        let mut logins: Vec<(Option<Mechanism>, Credentials)> = Vec::new();
        for account in servers.about["postfix"]["users"].as_array().expect("users") {
            let text = |name: &str| account[name].as_str().expect("text");
            logins.push((None, Credentials::password(text("user"), text("pass"))));
            for mechanism in BY_PASSWORD {
                let credentials = Credentials::password(text("user"), text("pass"));
                logins.push((Some(mechanism), credentials.mechanism(mechanism)));
            }
        }
        for mechanism in [Mechanism::XOAuth2, Mechanism::OAuthBearer] {
            let credentials = Credentials::token("alice", servers.token("valid"));
            logins.push((Some(mechanism), credentials.mechanism(mechanism)));
        }
        for (mechanism, mut credentials) in logins {
            if tls == Tls::None {
                credentials = credentials.allow_plaintext_auth();
            }
            let mut client = open(tls, &options).await.expect("it opens");
            assert_eq!(client.is_secure(), tls != Tls::None);
            let result = client.login_credentials(&credentials).await;
            result.unwrap_or_else(|error| panic!("{tls:?} {mechanism:?}: {error:?}"));
            assert_eq!(client.mechanism(), mechanism.or(Some(Mechanism::ScramSha256)));
            client.quit().await;
        }
    }
}

#[tokio::test]
async fn wrong_credentials_leave_the_session_usable() {
    let servers = servers();
    let mut client = open(Tls::Implicit, &servers.options()).await.expect("it opens");
    for mechanism in [Mechanism::Plain, Mechanism::ScramSha256] {
        let error = client.login_with(mechanism, "alice", "wrong").await.expect_err("refused");
        assert_eq!((error.kind(), error.reason()), (ErrorKind::Auth, Reason::AuthRefused));
        assert_eq!(error.reply().map(|reply| reply.code), Some(535));
        assert!(!error.to_string().contains("wrong") && !format!("{error:?}").contains("wrong"));
    }
    client.login("alice", "secret").await.expect("now it is right");
    client.noop().await.expect("the session goes on");
    client.quit().await;
}

#[tokio::test]
async fn a_bad_token_is_explained() {
    let servers = servers();
    let mut client = open(Tls::Implicit, &servers.options()).await.expect("it opens");
    for name in ["expired", "forged"] {
        let token = servers.token(name);
        let error = client.login_oauthbearer("alice", token).await.expect_err("refused");
        assert_eq!(error.reason(), Reason::AuthRefused);
        assert!(error.detail().is_some_and(|detail| detail.contains("invalid_token")), "{error:?}");
        assert!(!format!("{error:?}").contains(token));
        let error = client.login_xoauth2("alice", token).await.expect_err("refused");
        assert_eq!(error.reason(), Reason::AuthRefused);
    }
    client.login_xoauth2("alice", servers.token("valid")).await.expect("now it is right");
}

#[tokio::test]
async fn credentials_do_not_leave_in_the_clear() {
    let mut client = open(Tls::None, &ConnectOptions::new()).await.expect("it opens");
    let error = client.login("alice", "secret").await.expect_err("refused here");
    assert_eq!(error.reason(), Reason::AuthNotSecure);
    assert!(!client.is_closed());
}

#[tokio::test]
async fn a_mechanism_that_is_not_offered() {
    let servers = servers();
    let port = servers.port("postfix", "legacy");
    let options = ConnectOptions::new();
    let mut client =
        connect_smtp_plaintext("127.0.0.1", port, EHLO, &options).await.expect("it opens");
    let credentials = Credentials::password("alice", "secret").allow_plaintext_auth();
    let error = client.login_credentials(&credentials).await.expect_err("none is offered");
    assert_eq!(error.reason(), Reason::AuthNoMechanism);
    let options = servers.options();
    let error = connect_smtp_starttls_with("localhost", port, EHLO, &options).await;
    assert_eq!(error.expect_err("not offered").reason(), Reason::StartTlsMissing);
}
