//! SCRAM-PLUS (RFC 5802, RFC 9266) against a server that has its own end of the TLS channel, and
//! believes only what it exports itself.

use std::num::NonZeroU32;
use std::sync::Arc;

use ring::{digest, hmac, pbkdf2};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use wasm_smtp_tokio::rustls::{
    self, crypto::CryptoProvider, version, ClientConfig, RootCertStore, ServerConfig,
    SupportedProtocolVersion,
};
use wasm_smtp_tokio::{
    connect_smtps_with, ChannelBinding, Credentials, Error, Mechanism, Reason, SmtpClient,
};

use crate::common::{base64, servers};

const PASSWORD: &[u8] = b"secret";
const SALT: &[u8] = b"0123456789abcdef";
const ITERATIONS: u32 = 4096;

fn provider() -> Arc<CryptoProvider> {
    #[cfg(feature = "aws-lc-rs")]
    return Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(not(feature = "aws-lc-rs"))]
    return Arc::new(rustls::crypto::ring::default_provider());
}

fn to_base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in octets.chunks(3) {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let value = (bits >> (18 - 6 * place)) & 63;
            text.push(if place <= three.len() { ALPHABET[value as usize].into() } else { '=' });
        }
    }
    text
}

fn acceptor(versions: &[&'static SupportedProtocolVersion]) -> TlsAcceptor {
    let about = &servers().about["ca"]["good"];
    let file = |name: &str| about[name].as_str().expect("a file").to_owned();
    let chain = CertificateDer::pem_file_iter(file("chain")).expect("PEM");
    let chain = chain.collect::<Result<Vec<_>, _>>().expect("certificates");
    let key = PrivateKeyDer::from_pem_file(file("key")).expect("a key");
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate");
    TlsAcceptor::from(Arc::new(config))
}

/// What the server saw of a login.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    mechanism: String,
    /// The beginning of the client's first message: how it says that it binds.
    header: String,
    /// What it says that the channel exports is what the server exports.
    bound: bool,
    pub(crate) accepted: bool,
}

struct Lines(BufReader<TlsStream<TcpStream>>);

impl Lines {
    async fn next(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.0.read_line(&mut line).await.ok()?;
        (count > 0).then(|| line.trim_end_matches("\r\n").to_owned())
    }

    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("the client reads");
        self.0.flush().await.expect("the client reads");
    }
}

fn sign(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

/// The server's side of a session; the last login is told.
async fn serve(stream: TlsStream<TcpStream>, offers: &str, refusal: &str) -> Option<Seen> {
    let exported =
        stream.get_ref().1.export_keying_material([0_u8; 32], b"EXPORTER-Channel-Binding", None);
    let exported = exported.expect("the handshake is done");
    let mut lines = Lines(BufReader::new(stream));
    lines.say("220 mx\r\n").await;
    lines.next().await?;
    lines.say(&format!("250-mx\r\n250 AUTH {offers}\r\n")).await;

    let mut seen = None;
    loop {
        let line = lines.next().await?;
        if line == "QUIT" {
            lines.say("221 bye\r\n").await;
            return seen;
        }
        seen = check(&mut lines, &line, &exported, refusal).await;
    }
}

/// One login, which it checks as RFC 5802 section 3 says.
async fn check(lines: &mut Lines, line: &str, exported: &[u8], refusal: &str) -> Option<Seen> {
    let mut words = line.split(' ').skip(1);
    let mechanism = words.next()?.to_owned();
    let first = String::from_utf8(base64(words.next()?)).ok()?;
    let (header, bare) = first.split_at(first.match_indices(',').nth(1)?.0 + 1);
    let nonce = format!("{}server", bare.split("r=").nth(1)?);
    let challenge = format!("r={nonce},s={},i={ITERATIONS}", to_base64(SALT));
    lines.say(&format!("334 {}\r\n", to_base64(challenge.as_bytes()))).await;

    let last = String::from_utf8(base64(&lines.next().await?)).ok()?;
    let (unproved, proof) = last.split_once(",p=")?;
    let binding = unproved.strip_prefix("c=")?.split(',').next()?;
    let expected = match header.starts_with("p=tls-exporter,") {
        true => [header.as_bytes(), exported].concat(),
        false => header.as_bytes().to_vec(),
    };
    let bound = base64(binding) == expected;

    let mut salted = [0; 32];
    let iterations = NonZeroU32::new(ITERATIONS).expect("more than none");
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, SALT, PASSWORD, &mut salted);
    let stored = digest::digest(&digest::SHA256, &sign(&salted, b"Client Key"));
    let exchange = format!("{bare},{challenge},{unproved}");
    let signature = sign(stored.as_ref(), exchange.as_bytes());
    let key: Vec<u8> = base64(proof).iter().zip(&signature).map(|(one, two)| one ^ two).collect();
    let known = digest::digest(&digest::SHA256, &key).as_ref() == stored.as_ref();

    let accepted = bound && known && unproved.ends_with(&format!(",r={nonce}"));
    if accepted {
        let verifier = sign(&sign(&salted, b"Server Key"), exchange.as_bytes());
        let verifier = to_base64(format!("v={}", to_base64(&verifier)).as_bytes());
        lines.say(&format!("334 {verifier}\r\n")).await;
        lines.next().await?;
        lines.say("235 welcome\r\n").await;
    } else {
        // Either at once, or behind an error that is SCRAM's.
        if !refusal.is_empty() {
            lines.say(&format!("334 {}\r\n", to_base64(refusal.as_bytes()))).await;
            lines.next().await?;
        }
        lines.say("535 5.7.8 no\r\n").await;
    }
    Some(Seen { mechanism, header: header.to_owned(), bound, accepted })
}

/// Serves one connection; gives the port.
pub(crate) async fn start(
    versions: &[&'static SupportedProtocolVersion],
    offers: &'static str,
) -> (u16, JoinHandle<Option<Seen>>) {
    start_refusing(versions, offers, "").await
}

/// The same; what is refused is told first as SCRAM does: `e=invalid-proof`.
pub(crate) async fn start_refusing(
    versions: &[&'static SupportedProtocolVersion],
    offers: &'static str,
    refusal: &'static str,
) -> (u16, JoinHandle<Option<Seen>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let acceptor = acceptor(versions);
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.ok()?;
        serve(acceptor.accept(stream).await.ok()?, offers, refusal).await
    });
    (port, serving)
}

/// Somebody in the middle, with a certificate that the client trusts: what is read is sent on over
/// a channel of its own.
async fn start_relay(port: u16) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let own_port = listener.local_addr().expect("an address").port();
    let acceptor = acceptor(&[&version::TLS13]);
    let mut roots = RootCertStore::empty();
    let file = servers().about["ca"]["file"].as_str().expect("a file");
    for certificate in CertificateDer::pem_file_iter(file).expect("PEM") {
        roots.add(certificate.expect("a certificate")).expect("a trust anchor");
    }
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let relaying = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("the client comes");
        let mut client = acceptor.accept(stream).await.expect("a handshake");
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the server is there");
        let name = ServerName::try_from("localhost").expect("a name");
        let connector = TlsConnector::from(Arc::new(config));
        let mut server = connector.connect(name, stream).await.expect("a handshake");
        // However the two end.
        let _result = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    });
    (own_port, relaying)
}

async fn open(port: u16) -> SmtpClient {
    let options = servers().options();
    let client = connect_smtps_with("localhost", port, "client.lab.test", &options).await;
    client.expect("it opens")
}

const BOTH: &str = "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN";

/// Logs in with a password; what came of it, and what the server saw.
async fn log_in(port: u16) -> (Result<Option<Mechanism>, Error>, SmtpClient) {
    let mut client = open(port).await;
    let result = client.login("alice", "secret").await;
    (result.map(|()| client.mechanism()), client)
}

#[tokio::test]
async fn the_server_exports_what_the_client_is_bound_to() {
    let (port, serving) = start(&[&version::TLS13], BOTH).await;
    let (result, client) = log_in(port).await;
    assert_eq!(result.expect("bound"), Some(Mechanism::ScramSha256Plus));
    client.quit().await;
    let seen = serving.await.expect("no panic").expect("a login");
    assert_eq!(
        (seen.mechanism.as_str(), seen.header.as_str()),
        ("SCRAM-SHA-256-PLUS", "p=tls-exporter,,")
    );
    assert!(seen.bound && seen.accepted);
}

#[tokio::test]
async fn somebody_in_the_middle_cannot_pass_a_bound_login_on() {
    let (port, serving) = start(&[&version::TLS13], BOTH).await;
    let (port, relaying) = start_relay(port).await;
    let (result, client) = log_in(port).await;
    let error = result.expect_err("two channels export two secrets");
    assert_eq!(error.reason(), Reason::AuthRefused);
    assert!(!client.is_closed());
    client.quit().await;
    let seen = serving.await.expect("no panic").expect("a login");
    assert_eq!(seen.header, "p=tls-exporter,,");
    assert!(!seen.bound && !seen.accepted);
    relaying.await.expect("no panic");
}

#[tokio::test]
async fn a_binding_to_another_channel_is_refused() {
    let (port, serving) = start(&[&version::TLS13], BOTH).await;
    let mut client = open(port).await;
    let other = ChannelBinding::TlsExporter([7; 32]);
    let credentials = Credentials::password("alice", "secret").channel_binding(other);
    let error = client.login_credentials(&credentials).await.expect_err("not of this channel");
    assert_eq!(error.reason(), Reason::AuthRefused);
    client.quit().await;
    assert!(!serving.await.expect("no panic").expect("a login").bound);
}

/// The client says that it could bind, so that a server that offered it knows who took that away.
#[tokio::test]
async fn a_server_that_offers_no_binding_is_told_that_there_could_be_one() {
    let (port, serving) = start(&[&version::TLS13], "SCRAM-SHA-256 PLAIN").await;
    let (result, client) = log_in(port).await;
    assert_eq!(result.expect("welcome"), Some(Mechanism::ScramSha256));
    client.quit().await;
    let seen = serving.await.expect("no panic").expect("a login");
    assert_eq!((seen.header.as_str(), seen.accepted), ("y,,", true));
}

#[tokio::test]
async fn there_is_no_binding_over_tls_1_2() {
    let (port, serving) = start(&[&version::TLS12], BOTH).await;
    let (result, client) = log_in(port).await;
    assert_eq!(result.expect("welcome"), Some(Mechanism::ScramSha256));
    client.quit().await;
    let seen = serving.await.expect("no panic").expect("a login");
    assert_eq!((seen.header.as_str(), seen.accepted), ("n,,", true));
}
