use std::error::Error as _;
use std::time::Duration;

use wasm_smtp_tokio::rustls;
use wasm_smtp_tokio::{
    connect_smtp_plaintext, connect_smtp_starttls_with, connect_smtps, connect_smtps_with,
    ConnectOptions, ErrorKind, Field, Reason, Step, Timeouts,
};

use crate::common::servers;

const EHLO: &str = "client.lab.test";

#[tokio::test]
async fn versions_and_kinds_of_keys() {
    let servers = servers();
    let options = servers.options();
    for listener in ["rsaTls12", "rsaTls13", "ecdsaTls12", "ecdsaTls13"] {
        let port = servers.port("postfix", listener);
        let client = connect_smtps_with("localhost", port, EHLO, &options).await;
        client.unwrap_or_else(|error| panic!("{listener}: {error:?}")).quit().await;
    }
    let port = servers.port("postfix", "tls11");
    let error = connect_smtps_with("localhost", port, EHLO, &options).await.expect_err("too old");
    assert_eq!((error.reason(), error.step()), (Reason::TlsFailed, Some(Step::Tls)));
    assert!(error.source().is_some());
}

#[tokio::test]
async fn bad_certificates() {
    let servers = servers();
    let options = servers.options();
    for (name, reason) in [
        ("wrongName", Reason::CertificateName),
        ("expired", Reason::CertificateInvalid),
        ("untrusted", Reason::CertificateInvalid),
    ] {
        let port = servers.port("postfix", name);
        let error = connect_smtps_with("localhost", port, EHLO, &options).await;
        let error = error.expect_err("it must not be trusted");
        assert_eq!((error.kind(), error.reason()), (ErrorKind::Transport, reason), "{name}");
        let source = error.source().expect("it has one");
        assert!(source.is::<rustls::Error>() && !error.is_retryable());
        let port = servers.port("postfix", &format!("{name}Starttls"));
        let error = connect_smtp_starttls_with("localhost", port, EHLO, &options).await;
        assert_eq!(error.expect_err("it must not be trusted").reason(), reason, "{name}");
    }
    // The system's and the bundled roots do not know the test's authority.
    let port = servers.port("postfix", "implicit");
    let error = connect_smtps("localhost", port, EHLO).await.expect_err("unknown authority");
    assert_eq!(error.reason(), Reason::CertificateInvalid);
    #[cfg(feature = "bundled-roots")]
    {
        let options = ConnectOptions::new().roots(wasm_smtp_tokio::Roots::Bundled);
        let error = connect_smtps_with("localhost", port, EHLO, &options).await;
        assert_eq!(error.expect_err("unknown authority").reason(), Reason::CertificateInvalid);
    }
}

#[tokio::test]
async fn the_name_to_verify_can_be_set() {
    let servers = servers();
    let port = servers.port("postfix", "implicit");
    let options = servers.options().server_name("other.example");
    let error = connect_smtps_with("localhost", port, EHLO, &options).await;
    assert_eq!(error.expect_err("another name").reason(), Reason::CertificateName);
    let options = servers.options().server_name("not a name");
    let error = connect_smtps_with("localhost", port, EHLO, &options).await;
    assert_eq!(error.expect_err("no name").field(), Some(Field::ServerName));
    let options = servers.options().server_name("localhost").alpn(["smtp"]);
    connect_smtps_with("127.0.0.1", port, EHLO, &options).await.expect("right").quit().await;
    let nothing = wasm_smtp_tokio::rustls::RootCertStore::empty();
    let options = ConnectOptions::new().root_store(nothing);
    let error = connect_smtps_with("localhost", port, EHLO, &options).await;
    assert_eq!(error.expect_err("no roots").field(), Some(Field::RootStore));
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let servers = servers();
    let port = servers.port("postfix", "clientCertificate");
    let (chain, key) = servers.client_certificate();
    let options = servers.options().client_certificate(chain, key);
    connect_smtps_with("localhost", port, EHLO, &options).await.expect("it is shown").quit().await;
    let result = connect_smtps_with("localhost", port, EHLO, &servers.options()).await;
    // Postfix says so in its greeting, or breaks off the handshake.
    let kind = result.expect_err("none is shown").kind();
    assert!(matches!(kind, ErrorKind::Refused | ErrorKind::Transport), "{kind:?}");
}

#[tokio::test]
async fn ports_that_do_not_answer_as_hoped() {
    let servers = servers();
    let options = servers.options();
    let refused = connect_smtps_with("127.0.0.1", 1, EHLO, &options).await.expect_err("nobody");
    assert_eq!(
        (refused.reason(), refused.step()),
        (Reason::ConnectionRefused, Some(Step::Connect))
    );
    assert!(refused.is_retryable());
    let zero = connect_smtps_with("127.0.0.1", 0, EHLO, &options).await.expect_err("no port");
    assert_eq!(zero.kind(), ErrorKind::Input);
    let nowhere = connect_smtps_with("no-such-host.invalid", 25, EHLO, &options).await;
    assert_eq!(nowhere.expect_err("no address").reason(), Reason::HostNotFound);
    // TLS to a port that greets in the clear, and the other way round.
    let port = servers.port("postfix", "relaxed");
    let error = connect_smtps_with("localhost", port, EHLO, &options).await.expect_err("no TLS");
    assert_eq!(error.reason(), Reason::TlsFailed);
    let port = servers.port("postfix", "implicit");
    let hasty = options.timeouts(Timeouts::all(Duration::from_millis(300)));
    let error = connect_smtp_plaintext("localhost", port, EHLO, &hasty).await.expect_err("TLS");
    assert_eq!((error.reason(), error.step()), (Reason::Timeout, Some(Step::Greeting)));
    assert!(error.to_string().contains("connect_smtps"), "{error}");
}
