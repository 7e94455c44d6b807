//! The client.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout, Sleep};
use tokio_rustls::TlsConnector;
use wasm_smtp::{
    AuditEvent, Capabilities, Credentials, Error, IoFailure, Mechanism, Reason, Reply, Session,
};

use crate::body::Body;
use crate::cause::Cause;
use crate::channel::Channel;
use crate::drive::Signal;
use crate::options::ConnectOptions;
use crate::tls;
use crate::trace::{in_span, record};

/// How long the end of TLS may take after QUIT; the session is over by then.
const GOODBYE: Duration = Duration::from_secs(1);

/// One SMTP session over a connection. Made by [`connect_smtps`](crate::connect_smtps) and its
/// siblings. Operations need `&mut`, so they run one after another; for several at once open several
/// sessions (the documentation has a pool).
///
/// Dropping the future of an operation that has begun closes the connection; see the crate's
/// documentation. Dropping the client closes it, too; [`quit`](SmtpClient::quit) is the polite way.
pub struct SmtpClient<S: AsyncRead + AsyncWrite + Unpin = TcpStream> {
    pub(crate) session: Session,
    pub(crate) channel: Channel<S>,
    pub(crate) options: ConnectOptions,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Octets were written that may not have been flushed.
    pub(crate) flush: bool,
    pub(crate) timer: Pin<Box<Sleep>>,
    pub(crate) armed: bool,
    pub(crate) epoch: Option<u32>,
    /// Writing failed with this; what the server still says is read.
    pub(crate) last_words: Option<Cause>,
    /// Why this side gave up.
    pub(crate) cause: Option<Cause>,
    /// Most octets of the stream that is being sent.
    pub(crate) limit: Option<u64>,
    ended: Option<Ended>,
}

/// How a session ended.
struct Ended {
    words: String,
    retryable: bool,
}

/// An operation under way. If its future is dropped, the session is over.
struct Operation<'a, S: AsyncRead + AsyncWrite + Unpin> {
    client: &'a mut SmtpClient<S>,
    complete: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Drop for Operation<'_, S> {
    fn drop(&mut self) {
        if !self.complete {
            self.client.abandon();
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Operation<'_, S> {
    /// Goes on until the operation has a result.
    async fn run(mut self, mut body: Body<'_>) -> Signal {
        loop {
            let client = &mut *self.client;
            let signal = poll_fn(|cx| client.poll_signal(cx, &mut body)).await;
            match signal {
                Signal::StartTls => self.start_tls().await,
                Signal::DeriveKey(request) => {
                    // Some milliseconds at least: not in this thread.
                    match tokio::task::spawn_blocking(move || request.derive()).await {
                        Ok(key) => {
                            // It was asked for, so it cannot be out of order.
                            let taken = self.client.session.key_derived(&key);
                            debug_assert!(taken.is_ok());
                        }
                        Err(_) => self.client.fail(IoFailure::Cancelled, Cause::default()),
                    }
                }
                // It is the only one.
                Signal::Body(_) => {}
                signal => {
                    self.complete = true;
                    return signal;
                }
            }
        }
    }

    async fn start_tls(&mut self) {
        let client = &mut *self.client;
        let name = client.options.server_name.as_deref().unwrap_or(&client.host).to_owned();
        let result = match (tls::server_name(&name), tls::client_config(&client.options).await) {
            (Ok(name), Ok(config)) => client.handshake(TlsConnector::from(config), name).await,
            // Checked before the connection was opened.
            (Err(error), _) | (_, Err(error)) => Err(Some(io::Error::other(error))),
        };
        match result {
            Ok(()) => {
                record(client.options.audit.as_ref(), AuditEvent::TlsUpgraded);
                // It was asked for, so it cannot be out of order.
                let taken = client.session.tls_done();
                debug_assert!(taken.is_ok());
            }
            Err(Some(error)) => client.fail(IoFailure::TlsFailed, Cause::io(error)),
            Err(None) => client.fail(IoFailure::Timeout, Cause::default()),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> SmtpClient<S> {
    pub(crate) fn new(
        session: Session,
        stream: S,
        host: &str,
        port: u16,
        options: ConnectOptions,
    ) -> Self {
        Self {
            session,
            channel: Channel::Plain(stream),
            options,
            host: host.to_owned(),
            port,
            flush: false,
            timer: Box::pin(sleep(Duration::ZERO)),
            armed: false,
            epoch: None,
            last_words: None,
            cause: None,
            limit: None,
            ended: None,
        }
    }

    /// Goes on until the session is open.
    pub(crate) async fn open(&mut self) -> Result<(), Error> {
        match self.perform(Body::None).await {
            Signal::Ready => Ok(()),
            signal => Err(self.unexpected(signal)),
        }
    }

    /// Logs in with a user's name and a password: SCRAM-SHA-256, else PLAIN, else LOGIN, as the
    /// server offers them. No weaker mechanism is tried after a refusal. Not cancellation-safe:
    /// dropping the future closes the connection.
    pub async fn login(&mut self, user: &str, password: &str) -> Result<(), Error> {
        self.login_credentials(&Credentials::password(user, password)).await
    }

    /// Logs in with this mechanism and no other. Not cancellation-safe.
    pub async fn login_with(
        &mut self,
        mechanism: Mechanism,
        user: &str,
        password: &str,
    ) -> Result<(), Error> {
        self.login_credentials(&Credentials::password(user, password).mechanism(mechanism)).await
    }

    /// Logs in with an OAuth 2.0 access token by XOAUTH2. If the server refuses it,
    /// [`Error::detail`] may say why. Not cancellation-safe.
    pub async fn login_xoauth2(&mut self, user: &str, token: &str) -> Result<(), Error> {
        let credentials = Credentials::token(user, token).mechanism(Mechanism::XOAuth2);
        self.login_credentials(&credentials).await
    }

    /// Logs in with an OAuth 2.0 access token by OAUTHBEARER (RFC 7628). If the server refuses it,
    /// [`Error::detail`] may say why. Not cancellation-safe.
    pub async fn login_oauthbearer(&mut self, user: &str, token: &str) -> Result<(), Error> {
        let credentials = Credentials::token(user, token).mechanism(Mechanism::OAuthBearer);
        self.login_credentials(&credentials).await
    }

    /// Logs in with everything that can be said about it. Not cancellation-safe.
    pub async fn login_credentials(&mut self, credentials: &Credentials) -> Result<(), Error> {
        let mut credentials = credentials.clone();
        if !credentials.has_host() {
            credentials = credentials.host(&self.host, self.port);
        }
        if let (false, Some(binding)) = (credentials.has_channel_binding(), self.channel.binding())
        {
            credentials = credentials.channel_binding(binding);
        }
        in_span!(self.log_in(&credentials), "smtp.login")
    }

    async fn log_in(&mut self, credentials: &Credentials) -> Result<(), Error> {
        self.check_open()?;
        self.session.login(credentials, &tls::random::<24>()?)?;
        match self.perform(Body::None).await {
            Signal::Authenticated => Ok(()),
            Signal::Refused(error) => Err(error),
            signal => Err(self.unexpected(signal)),
        }
    }

    /// Asks the server for a sign of life. Not cancellation-safe.
    pub async fn noop(&mut self) -> Result<Reply, Error> {
        self.command(Session::noop).await
    }

    /// RSET. Never needed between messages. Not cancellation-safe.
    pub async fn reset(&mut self) -> Result<Reply, Error> {
        self.command(Session::reset).await
    }

    async fn command(
        &mut self,
        begin: impl FnOnce(&mut Session) -> Result<(), Error>,
    ) -> Result<Reply, Error> {
        self.check_open()?;
        begin(&mut self.session)?;
        match self.perform(Body::None).await {
            Signal::Completed(reply) => Ok(reply),
            Signal::Refused(error) => Err(error),
            signal => Err(self.unexpected(signal)),
        }
    }

    /// Ends the session and closes the connection. Cannot fail: what was sent stays sent.
    /// Cancellation-safe: dropping the future closes the connection at once.
    pub async fn quit(mut self) {
        if self.check_open().is_err() || self.session.quit().is_err() {
            return;
        }
        let signal = self.perform(Body::None).await;
        let _ended = self.unexpected(signal);
        let mut channel = std::mem::replace(&mut self.channel, Channel::Gone);
        // The server may be gone already.
        let _result = timeout(GOODBYE, poll_fn(|cx| channel.poll_shutdown(cx))).await;
    }

    /// What the server offers now.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        self.session.capabilities()
    }

    /// The mechanism of the last login.
    #[must_use]
    pub fn mechanism(&self) -> Option<Mechanism> {
        self.session.mechanism()
    }

    /// Whether the connection is protected by TLS, or trusted by the options.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.session.is_secure()
    }

    /// Whether the session is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.ended.is_some()
    }

    /// Goes on until what was begun has a result. Dropping the future ends the session.
    pub(crate) async fn perform(&mut self, body: Body<'_>) -> Signal {
        let operation = Operation { client: self, complete: false };
        operation.run(body).await
    }

    pub(crate) fn check_open(&self) -> Result<(), Error> {
        match &self.ended {
            None => Ok(()),
            Some(Ended { words, retryable }) => {
                Err(Error::new(Reason::Closed).with_note(words.as_str()).with_retryable(*retryable))
            }
        }
    }

    /// A handshake within the time of its phase; no error if the time is up.
    async fn handshake(
        &mut self,
        connector: TlsConnector,
        name: rustls::pki_types::ServerName<'static>,
    ) -> Result<(), Option<io::Error>> {
        let stream = self.channel.take_plain();
        let stream = stream.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))?;
        let connecting = connector.connect(name, stream);
        let done = match self.session.timer().0 {
            Some(limit) => timeout(limit, connecting).await.map_err(|_| None)?,
            None => connecting.await,
        };
        self.channel = Channel::Tls(Box::new(done.map_err(Some)?));
        Ok(())
    }

    /// An event that ends the session, or one that does not fit; gives the error to report.
    pub(crate) fn unexpected(&mut self, signal: Signal) -> Error {
        let error = match signal {
            Signal::Closed => {
                self.end(None);
                return Error::new(Reason::Closed);
            }
            Signal::Failed(error) => self.explain(error),
            _ => Error::new(Reason::State).with_step(self.session.step()),
        };
        self.end(Some(&error));
        error
    }

    fn end(&mut self, error: Option<&Error>) {
        if self.ended.is_some() {
            return;
        }
        let sink = self.options.audit.as_ref();
        match error {
            None => record(sink, AuditEvent::QuitCompleted),
            Some(error) => {
                record(sink, AuditEvent::SessionAborted(error));
                // Whatever could be flushed was.
                self.channel = Channel::Gone;
            }
        }
        self.ended = Some(Ended {
            words: error.map_or_else(|| "by quit".to_owned(), Error::to_string),
            retryable: error.is_some_and(|error| error.is_retryable() || error.is_in_doubt()),
        });
    }

    /// Closes the connection at once: the future of an operation was dropped, or the client.
    pub(crate) fn abandon(&mut self) {
        if self.ended.is_some() {
            return;
        }
        self.session.io_failed(IoFailure::Cancelled);
        while let Some(signal) = self.next_signal() {
            if let Signal::Failed(_) | Signal::Closed = signal {
                self.unexpected(signal);
            }
        }
        // Also if the engine had nothing to say.
        self.end(Some(&Error::new(Reason::Cancelled)));
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Drop for SmtpClient<S> {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> fmt::Debug for SmtpClient<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpClient")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("session", &self.session)
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
