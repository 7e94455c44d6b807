//! Opening sessions.

use std::io;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{lookup_host, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use wasm_smtp::{address, AuditEvent, Config, Error, Field, Reason, Session, Step, Tls};

use crate::client::SmtpClient;
use crate::hurry::Hurry;
use crate::options::ConnectOptions;
use crate::tls;
use crate::trace::{in_span, record};

/// How long an attempt to connect is alone.
const STAGGER: Duration = Duration::from_millis(250);

/// The default options, once for all, so that TLS is made ready once.
fn defaults() -> &'static ConnectOptions {
    static DEFAULTS: OnceLock<ConnectOptions> = OnceLock::new();
    DEFAULTS.get_or_init(ConnectOptions::new)
}

/// Opens a session within TLS from the first octet (port 465, RFC 8314). `ehlo`: the domain of this
/// machine, or its address as a literal. Dropping the future closes the connection.
pub async fn connect_smtps(host: &str, port: u16, ehlo: &str) -> Result<SmtpClient, Error> {
    connect_smtps_with(host, port, ehlo, defaults()).await
}

/// [`connect_smtps`] with options.
pub async fn connect_smtps_with(
    host: &str,
    port: u16,
    ehlo: &str,
    options: &ConnectOptions,
) -> Result<SmtpClient, Error> {
    connect(host, port, ehlo, Tls::Implicit, options).await
}

/// Opens a session that is made secure by STARTTLS (port 587, RFC 3207). Fails if the server does
/// not offer it. Dropping the future closes the connection.
pub async fn connect_smtp_starttls(host: &str, port: u16, ehlo: &str) -> Result<SmtpClient, Error> {
    connect_smtp_starttls_with(host, port, ehlo, defaults()).await
}

/// [`connect_smtp_starttls`] with options.
pub async fn connect_smtp_starttls_with(
    host: &str,
    port: u16,
    ehlo: &str,
    options: &ConnectOptions,
) -> Result<SmtpClient, Error> {
    connect(host, port, ehlo, Tls::StartTls, options).await
}

/// Opens a session in the clear: for a server on this machine. Logging in needs
/// [`Credentials::allow_plaintext_auth`](wasm_smtp::Credentials::allow_plaintext_auth).
pub async fn connect_smtp_plaintext(
    host: &str,
    port: u16,
    ehlo: &str,
    options: &ConnectOptions,
) -> Result<SmtpClient, Error> {
    connect(host, port, ehlo, Tls::None, options).await
}

async fn connect(
    host: &str,
    port: u16,
    ehlo: &str,
    tls: Tls,
    options: &ConnectOptions,
) -> Result<SmtpClient, Error> {
    let open = async {
        let host = &*host_to_ascii(host)?;
        let (config, session) = prepare(host, ehlo, tls, options).await?;
        let limit = options.timeouts.connect;
        let stream = open_tcp(host, port, limit).await?;
        let mut client = begin(session, stream, host, port, tls, options);
        if options.expected.is_some() {
            let host = host.to_owned();
            let again = move || {
                let host = host.clone();
                Box::pin(async move { open_tcp(&host, port, limit).await }) as _
            };
            client.hurry = Some(Hurry::new(config, again));
        }
        client.open().await?;
        Ok(client)
    };
    in_span!(open, "smtp.connect", host, port, tls = ?tls)
}

/// Opens a session over a stream that is already connected: a Unix socket, a proxy, a pipe in a
/// test. `host` is the name to verify the certificate against, unless the options have one.
pub async fn connect_over<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    tls: Tls,
    host: &str,
    ehlo: &str,
    options: &ConnectOptions,
) -> Result<SmtpClient<S>, Error> {
    let open = async {
        let host = &*host_to_ascii(host)?;
        let (config, session) = prepare(host, ehlo, tls, options).await?;
        drop(config);
        let mut client = begin(session, stream, host, 0, tls, options);
        client.open().await?;
        Ok(client)
    };
    in_span!(open, "smtp.connect", host, tls = ?tls)
}

fn host_to_ascii(host: &str) -> Result<std::borrow::Cow<'_, str>, Error> {
    address::domain_to_ascii(host).map_err(|reason| Error::new(reason).with_field(Field::Host))
}

/// Everything that can be wrong before a connection is opened. Gives the settings without what the
/// server is expected to offer, and a session with it.
async fn prepare(
    host: &str,
    ehlo: &str,
    tls: Tls,
    options: &ConnectOptions,
) -> Result<(Config, Session), Error> {
    let mut config = Config::new(ehlo).tls(tls).timeouts(options.timeouts.clone());
    config = config.overlap(options.overlap);
    if let Some(octets) = options.eager_octets {
        config = config.eager_octets(octets);
    }
    if !options.pipelining {
        config = config.no_pipelining();
    }
    if !options.chunking {
        config = config.no_chunking();
    }
    if options.lmtp {
        config = config.lmtp();
    }
    if options.lenient_bare_lf {
        config = config.lenient_bare_lf();
    }
    if options.trusted_channel {
        config = config.trusted_channel();
    }
    if options.early_envelope {
        config = config.early_envelope();
    }
    let session = match options.expected {
        Some(expected) => Session::new(&config.clone().expected(expected))?,
        None => Session::new(&config)?,
    };
    if tls != Tls::None {
        match &options.server_name {
            Some(name) => tls::server_name(name)?,
            None => tls::server_name(host).map_err(|error| error.with_field(Field::Host))?,
        };
        tls::client_config(options).await?;
    }
    Ok((config, session))
}

fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    session: Session,
    stream: S,
    host: &str,
    port: u16,
    tls: Tls,
    options: &ConnectOptions,
) -> SmtpClient<S> {
    record(options.audit.as_ref(), AuditEvent::Connected { host, port });
    SmtpClient::new(session, stream, host, port, tls, options.clone())
}

/// Tries the addresses of the host; the first that answers is taken.
async fn open_tcp(host: &str, port: u16, limit: Option<Duration>) -> Result<TcpStream, Error> {
    let failed = |reason| Error::new(reason).with_step(Step::Connect);
    if port == 0 {
        return Err(Error::new(Reason::OptionInvalid)
            .with_field(Field::Config)
            .with_note("port must be from 1 to 65535"));
    }
    let open = async {
        let addresses = lookup_host((host, port)).await;
        let addresses =
            addresses.map_err(|error| failed(Reason::HostNotFound).with_source(error))?;
        let last = match first_of(addresses).await {
            Ok(stream) => return Ok(stream),
            Err(last) => last,
        };
        Err(match last {
            Some(error) => failed(reason_of(&error)).with_source(error),
            None => failed(Reason::HostNotFound),
        })
    };
    let stream = match limit {
        Some(limit) => timeout(limit, open).await.map_err(|_| failed(Reason::Timeout))??,
        None => open.await?,
    };
    // Every write is a whole flight of commands: waiting for more would only delay it.
    stream.set_nodelay(true).map_err(|error| failed(Reason::ConnectFailed).with_source(error))?;
    Ok(stream)
}

/// Each address in turn, the next one when one fails or after a quarter of a second (RFC 8305), so that
/// one that does not answer does not use up the time for all. Gives the last error, if there was one.
async fn first_of(
    addresses: impl Iterator<Item = SocketAddr>,
) -> Result<TcpStream, Option<io::Error>> {
    let mut addresses = addresses.peekable();
    // What is under way when it is dropped is given up.
    let mut attempts = JoinSet::new();
    let mut last = None;
    loop {
        if let Some(address) = addresses.next() {
            attempts.spawn(TcpStream::connect(address));
        }
        let ended = match addresses.peek() {
            Some(_) => timeout(STAGGER, attempts.join_next()).await,
            None => Ok(attempts.join_next().await),
        };
        match ended {
            Ok(Some(Ok(Ok(stream)))) => return Ok(stream),
            Ok(Some(Ok(Err(error)))) => last = Some(error),
            Ok(Some(Err(error))) => last = Some(error.into()),
            Ok(None) => return Err(last),
            // Nothing yet: one more.
            Err(_) => {}
        }
    }
}

fn reason_of(error: &io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Reason::ConnectionRefused,
        io::ErrorKind::ConnectionReset => Reason::ConnectionReset,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Reason::HostUnreachable
        }
        io::ErrorKind::TimedOut => Reason::Timeout,
        _ => Reason::ConnectFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpSocket;

    /// A listener that takes no more connections, and those that wait for it.
    async fn silent() -> (tokio::net::TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let listener = socket.listen(1).expect("it listens");
        let address = listener.local_addr().expect("an address");
        let mut waiting = Vec::new();
        while let Ok(stream) = timeout(STAGGER, TcpStream::connect(address)).await {
            waiting.push(stream.expect("it is taken or not answered"));
        }
        (listener, waiting)
    }

    #[tokio::test]
    async fn an_address_that_is_silent_does_not_hold_up_the_next() {
        let (listener, _waiting) = silent().await;
        let dead = listener.local_addr().expect("an address");
        let other = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let alive = other.local_addr().expect("an address");
        let refusing = SocketAddr::from(([127, 0, 0, 1], 1));
        for addresses in [vec![dead, alive], vec![alive, dead], vec![refusing, dead, alive]] {
            let trying = timeout(Duration::from_secs(10), first_of(addresses.into_iter()));
            let stream = trying.await.expect("in time").expect("one answers");
            assert_eq!(stream.peer_addr().ok(), Some(alive));
        }
        let error = first_of([refusing].into_iter()).await.expect_err("nothing listens");
        assert_eq!(error.map(|error| error.kind()), Some(io::ErrorKind::ConnectionRefused));
        assert!(matches!(first_of([].into_iter()).await, Err(None)));
    }
}
