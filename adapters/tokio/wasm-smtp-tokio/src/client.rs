//! The client.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::{pin, Pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout, Sleep};
use tokio_rustls::TlsConnector;
use wasm_smtp::{
    AuditEvent, BodyScan, Capabilities, Credentials, Envelope, Error, IoFailure, Mechanism,
    Outcome, PolicyRequest, Reason, Reply, Session, TransactionId, Violation,
};

use crate::body::Body;
use crate::channel::Channel;
use crate::drive::Signal;
use crate::options::ConnectOptions;
use crate::send_all::SendAll;
use crate::tls;
use crate::trace::{in_span, record};

/// How long the end of TLS may take after QUIT; the session is over by then.
const GOODBYE: Duration = Duration::from_secs(1);

/// Why this side gave up a session: what the engine cannot know.
#[derive(Clone, Default)]
pub(crate) struct Cause {
    reason: Option<Reason>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    note: Option<String>,
}

impl Cause {
    pub(crate) fn of(reason: Reason, source: io::Error) -> Self {
        Self { reason: Some(reason), source: Some(Arc::new(source)), note: None }
    }

    pub(crate) fn io(source: io::Error) -> Self {
        let reason = match source.kind() {
            io::ErrorKind::ConnectionReset => Some(Reason::ConnectionReset),
            _ => tls::explain(&source),
        };
        Self { reason, source: Some(Arc::new(source)), note: None }
    }

    pub(crate) fn policy(violation: Violation) -> Self {
        Self { reason: Some(Reason::Policy), source: None, note: Some(violation.0) }
    }

    /// The engine's error, told more exactly. Whether the message is in doubt stays the engine's.
    pub(crate) fn explain(&self, mut error: Error) -> Error {
        if let Some(reason) = self.reason {
            let retryable = error.is_retryable() && is_of_the_wire(reason);
            error = error.with_reason(reason).with_retryable(retryable);
        }
        if let Some(source) = &self.source {
            error = error.with_source(source.clone());
        }
        match &self.note {
            Some(note) => error.with_note(note.as_str()),
            None => error,
        }
    }
}

/// A certificate or a source that is wrong will be wrong again.
fn is_of_the_wire(reason: Reason) -> bool {
    matches!(reason, Reason::ConnectionReset | Reason::ConnectionRefused)
}

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

/// The envelope of a message that is there as a whole, with what it needs.
pub(crate) fn declare(envelope: Envelope, message: &[u8]) -> Result<Envelope, Error> {
    let declared = BodyScan::new([message]).declare(envelope.clone());
    declared.map_err(|error| error.with_recipients(envelope.not_sent()))
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

    /// Sends a message given as text: header, empty line, body, with CRLF line ends. An empty `from`
    /// is the null reverse-path.
    ///
    /// Succeeds if at least one recipient was accepted, so look at each. Otherwise fails; the
    /// outcomes are then in [`Error::recipients`]. Not cancellation-safe: dropping the future closes
    /// the connection, and a message half sent is thrown away by the server.
    pub async fn send_mail<A: AsRef<str>>(
        &mut self,
        from: &str,
        to: &[A],
        message: &str,
    ) -> Result<Outcome, Error> {
        self.send_mail_bytes(from, to, message.as_bytes()).await
    }

    /// Sends a message given as octets; see [`send_mail`](SmtpClient::send_mail).
    pub async fn send_mail_bytes<A: AsRef<str>>(
        &mut self,
        from: &str,
        to: &[A],
        message: &[u8],
    ) -> Result<Outcome, Error> {
        self.send(Envelope::new(from, to.iter().map(AsRef::as_ref)), message).await
    }

    /// Sends a message whose addresses or header have non-ASCII characters (RFC 6531); fails if the
    /// server lacks SMTPUTF8. See [`send_mail`](SmtpClient::send_mail).
    pub async fn send_mail_smtputf8<A: AsRef<str>>(
        &mut self,
        from: &str,
        to: &[A],
        message: &[u8],
    ) -> Result<Outcome, Error> {
        let envelope = Envelope::new(from, to.iter().map(AsRef::as_ref)).smtputf8();
        self.send(envelope, message).await
    }

    /// Sends a message that is read piece by piece; memory does not depend on its size. See
    /// [`send_mail`](SmtpClient::send_mail); a message that breaks a rule, or whose source fails,
    /// is given up and ends the session.
    pub async fn send_mail_stream<A: AsRef<str>>(
        &mut self,
        from: &str,
        to: &[A],
        message: impl AsyncRead + Send,
    ) -> Result<Outcome, Error> {
        self.send_stream(Envelope::new(from, to.iter().map(AsRef::as_ref)), message).await
    }

    /// Sends a message made by the crate `mail-builder`; see [`send_mail`](SmtpClient::send_mail).
    #[cfg(feature = "mail-builder")]
    pub async fn send_message<A: AsRef<str>>(
        &mut self,
        from: &str,
        to: &[A],
        message: mail_builder::MessageBuilder<'_>,
    ) -> Result<Outcome, Error> {
        let envelope = Envelope::new(from, to.iter().map(AsRef::as_ref));
        match message.write_to_vec() {
            Ok(octets) => self.send(envelope, &octets).await,
            Err(error) => Err(Error::new(Reason::MessageSource)
                .with_field(wasm_smtp::Field::Message)
                .with_source(error)
                .with_recipients(envelope.not_sent())),
        }
    }

    /// Sends a message given as octets, with everything that can be said about it. Its size and
    /// whether it needs 8BITMIME are found out. See [`send_mail`](SmtpClient::send_mail).
    pub async fn send(&mut self, envelope: Envelope, message: &[u8]) -> Result<Outcome, Error> {
        let envelope = declare(envelope, message)?;
        self.send_body(envelope, Body::Octets(message)).await
    }

    /// Sends a message that is read piece by piece, with everything that can be said about it. See
    /// [`send_mail_stream`](SmtpClient::send_mail_stream).
    pub async fn send_stream(
        &mut self,
        envelope: Envelope,
        message: impl AsyncRead + Send,
    ) -> Result<Outcome, Error> {
        let source = pin!(message);
        self.send_body(envelope, Body::stream(source)).await
    }

    /// Sends many messages over this session: as many at a time as
    /// [`ConnectOptions::overlap`](crate::ConnectOptions::overlap) says, in as few round trips as the
    /// server allows. Messages are taken from the iterator when their turn comes. Nothing happens
    /// before [`SendAll::next`] is awaited.
    ///
    /// ```no_run
    /// # use wasm_smtp_tokio::{connect_smtps_with, ConnectOptions, Envelope, Error};
    /// # async fn example(letters: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
    /// let options = ConnectOptions::new().overlap(10);
    /// let mut client = connect_smtps_with("smtp.example.org", 465, "www.example.org", &options).await?;
    /// let from = "site@example.org";
    /// let messages = letters.into_iter().map(|(to, octets)| (Envelope::new(from, [to]), octets));
    /// let mut sending = client.send_all(messages);
    /// while let Some(result) = sending.next().await {
    ///     match result {
    ///         Ok(outcome) => println!("accepted as {}", outcome.queue_id().unwrap_or("?")),
    ///         Err(error) => println!("{error}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_all<M, B>(&mut self, messages: M) -> SendAll<'_, S, M::IntoIter, B>
    where
        M: IntoIterator<Item = (Envelope, B)>,
        B: AsRef<[u8]>,
    {
        SendAll::new(self, messages.into_iter())
    }

    async fn send_body(&mut self, envelope: Envelope, body: Body<'_>) -> Result<Outcome, Error> {
        let envelope = &envelope;
        in_span!(
            self.transfer(envelope, body),
            "smtp.send",
            recipients = envelope.to().len(),
            size = envelope.declared_size()
        )
    }

    async fn transfer(&mut self, envelope: &Envelope, body: Body<'_>) -> Result<Outcome, Error> {
        if let Err(error) = self.submit(envelope) {
            return Err(error.with_recipients(envelope.not_sent()));
        }
        match self.perform(body).await {
            Signal::Done(_, outcome, error) => {
                let result = self.settle(outcome, error);
                // A session that broke says so right behind.
                if let Some(signal) = self.next_signal() {
                    self.unexpected(signal);
                }
                result
            }
            signal => Err(self.unexpected(signal).with_recipients(envelope.not_sent())),
        }
    }

    /// The result of a message that is over.
    pub(crate) fn settle(&self, outcome: Outcome, error: Option<Error>) -> Result<Outcome, Error> {
        if outcome.accepted() > 0 {
            return Ok(outcome);
        }
        let error = error.map_or_else(|| Error::new(Reason::Other), |error| self.explain(error));
        Err(error.with_recipients(outcome.recipients))
    }

    pub(crate) fn submit(&mut self, envelope: &Envelope) -> Result<TransactionId, Error> {
        self.check_open()?;
        self.limit = None;
        if let Some(policy) = &self.options.policy {
            policy.check(&PolicyRequest::new(envelope)).map_err(|violation| {
                let words = violation.to_string();
                Error::new(Reason::Policy).with_note(words).with_source(violation)
            })?;
            self.limit = policy.max_octets();
        }
        self.session.submit(envelope)
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
    async fn perform(&mut self, body: Body<'_>) -> Signal {
        let operation = Operation { client: self, complete: false };
        operation.run(body).await
    }

    fn check_open(&self) -> Result<(), Error> {
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
