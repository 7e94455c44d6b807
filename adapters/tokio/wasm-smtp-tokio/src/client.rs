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
    AuditEvent, Capabilities, Credentials, Error, IoFailure, Mechanism, Reason, Session, Tls,
};

use crate::body::Body;
use crate::cause::Cause;
use crate::channel::Channel;
use crate::drive::Signal;
use crate::hurry::Hurry;
use crate::login::Keys;
use crate::options::ConnectOptions;
use crate::tls;
use crate::trace::record;

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
    pub(crate) tls: Tls,
    /// While what was expected of the server is not confirmed.
    pub(crate) hurry: Option<Hurry<S>>,
    /// A login whose answer is not waited for before a message begins.
    pub(crate) login_pending: Option<Credentials>,
    pub(crate) keys: Keys,
}

/// How a session ended.
struct Ended {
    words: String,
    retryable: bool,
}

/// An operation under way. If its future is dropped, the session is over.
pub(crate) struct Operation<'a, S: AsyncRead + AsyncWrite + Unpin> {
    pub(crate) client: &'a mut SmtpClient<S>,
    pub(crate) complete: bool,
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
    async fn run(mut self, body: &mut Body<'_>) -> Signal {
        loop {
            let client = &mut *self.client;
            let signal = poll_fn(|cx| client.poll_signal(cx, body)).await;
            match signal {
                Signal::StartTls => self.start_tls().await,
                Signal::DeriveKey(request) => self.client.give_key(request).await,
                // It is the only one.
                Signal::Body(_) => body.begin(),
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
        tls: Tls,
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
            tls,
            hurry: None,
            login_pending: None,
            keys: Keys::default(),
        }
    }

    /// Goes on until the session is open.
    pub(crate) async fn open(&mut self) -> Result<(), Error> {
        match self.perform(&mut Body::None).await {
            Signal::Ready => Ok(()),
            signal => Err(self.unexpected(signal)),
        }
    }

    /// Ends the session and closes the connection. Cannot fail: what was sent stays sent.
    /// Cancellation-safe: dropping the future closes the connection at once.
    pub async fn quit(mut self) {
        // What becomes of the login matters no more.
        let _result = self.finish_login().await;
        if self.check_open().is_err() || self.session.quit().is_err() {
            return;
        }
        let signal = self.perform(&mut Body::None).await;
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
    pub(crate) async fn perform(&mut self, body: &mut Body<'_>) -> Signal {
        let operation = Operation { client: self, complete: false };
        operation.run(body).await
    }

    /// Begins something and goes on until it has a result; once more over another connection, if this
    /// server turned out not to be what was expected of it.
    pub(crate) async fn carry_out(
        &mut self,
        mut begin: impl FnMut(&mut Session) -> Result<(), Error>,
        mut body: Body<'_>,
    ) -> Result<Signal, Error> {
        self.abandon_forgotten();
        self.check_open()?;
        begin(&mut self.session)?;
        let signal = self.perform(&mut body).await;
        if !self.is_of_hurry(&signal) || !body.is_whole() {
            return Ok(signal);
        }
        let pending = self.login_pending.take();
        self.reopen().await?;
        if let Some(credentials) = pending {
            self.log_in_again(&credentials).await?;
        }
        begin(&mut self.session)?;
        Ok(self.perform(&mut body).await)
    }

    /// A future that was forgotten instead of dropped left a message under way: nothing may continue it.
    pub(crate) fn abandon_forgotten(&mut self) {
        if self.session.is_sending() {
            self.abandon();
        }
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

    pub(crate) fn end(&mut self, error: Option<&Error>) {
        if self.ended.is_some() {
            return;
        }
        // No answer to it comes any more.
        self.login_pending = None;
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
