//! A record of what a session does, without secrets and without messages.

use crate::{Capabilities, Error, Mechanism, Outcome, ReplyRef};

/// One entry of the record.
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
pub enum AuditEvent<'a> {
    /// The connection is open.
    Connected {
        /// As it was given.
        host: &'a str,
        /// As it was given.
        port: u16,
    },
    /// The server greeted.
    GreetingReceived(ReplyRef<'a>),
    /// EHLO was accepted.
    EhloCompleted(&'a Capabilities),
    /// The handshake is done, certificate and name are verified.
    TlsUpgraded,
    /// Logged in.
    AuthCompleted(Option<Mechanism>),
    /// MAIL was accepted.
    MailFromAccepted(ReplyRef<'a>),
    /// RCPT was accepted.
    RecipientAccepted {
        /// Which recipient.
        address: &'a str,
        /// What the server said.
        reply: ReplyRef<'a>,
    },
    /// RCPT was refused.
    RecipientRejected {
        /// Which recipient.
        address: &'a str,
        /// What the server said.
        reply: ReplyRef<'a>,
    },
    /// A message was accepted for at least one recipient.
    MessageAccepted(&'a Outcome),
    /// The session ended with QUIT.
    QuitCompleted,
    /// The session ended in another way; exactly once.
    SessionAborted(&'a Error),
}

/// Takes the record. Called in the task that drives the session: be quick.
///
/// ```
/// use wasm_smtp::{AuditEvent, AuditSink};
/// let sink = |event: &AuditEvent<'_>| println!("{event:?}");
/// sink.record(&AuditEvent::QuitCompleted);
/// ```
pub trait AuditSink: Send + Sync {
    /// Takes one entry.
    fn record(&self, event: &AuditEvent<'_>);
}

impl<F> AuditSink for F
where
    F: Fn(&AuditEvent<'_>) + Send + Sync,
{
    fn record(&self, event: &AuditEvent<'_>) {
        self(event);
    }
}
