//! What was begun before the server said what it offers, and how to begin it anew if that turns out to
//! be something else. Until EHLO is answered no message has left, so nothing can be delivered twice.

use std::future::Future;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use wasm_smtp::{AuditEvent, Config, Error, Reason, Session};

use crate::channel::Channel;
use crate::client::{Operation, SmtpClient};
use crate::drive::Signal;
use crate::trace::record;

type Opening<S> = Pin<Box<dyn Future<Output = Result<S, Error>> + Send>>;

/// How to connect once more, without hurry.
pub(crate) struct Hurry<S> {
    config: Config,
    open: Box<dyn Fn() -> Opening<S> + Send + Sync>,
}

impl<S> Hurry<S> {
    /// `config`: without what is expected.
    pub(crate) fn new(
        config: Config,
        open: impl Fn() -> Opening<S> + Send + Sync + 'static,
    ) -> Self {
        Self { config, open: Box::new(open) }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> SmtpClient<S> {
    /// Whether a failure may have come of the hurry. A server that asks for patience, or is silent,
    /// would not be the better for another connection.
    pub(crate) fn is_of_hurry(&self, signal: &Signal) -> bool {
        let (Signal::Done(_, _, Some(error)) | Signal::Failed(error)) = signal else {
            return false;
        };
        self.hurry.is_some()
            && match error.reason() {
                Reason::CapabilitiesChanged
                | Reason::ClosedByPeer
                | Reason::ConnectionLost
                | Reason::ReplyUnexpected
                | Reason::ReplyUnsolicited => true,
                Reason::GreetingRefused => error.reply().is_some_and(|reply| reply.code >= 500),
                _ => false,
            }
    }

    /// Connects once more. Dropping the future ends the session.
    pub(crate) async fn reopen(&mut self) -> Result<(), Error> {
        let mut operation = Operation { client: self, complete: false };
        let result = operation.client.connect_again().await;
        operation.complete = true;
        drop(operation);
        if let Err(error) = &result {
            self.end(Some(error));
        }
        result
    }

    async fn connect_again(&mut self) -> Result<(), Error> {
        // The caller has seen that it is there.
        let hurry = self.hurry.take().ok_or_else(|| Error::new(Reason::State))?;
        self.session = Session::new(&hurry.config)?;
        self.channel = Channel::Gone;
        (self.flush, self.armed, self.epoch) = (false, false, None);
        (self.last_words, self.cause) = (None, None);
        self.channel = Channel::Plain((hurry.open)().await?);
        let (host, port) = (self.host.as_str(), self.port);
        record(self.options.audit.as_ref(), AuditEvent::Connected { host, port });
        self.open().await
    }
}
