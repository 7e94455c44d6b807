//! What became of a message.

use std::sync::Arc;

use crate::reply::{EnhancedCode, Reply};
use crate::sys;

/// What became of one recipient: exactly one of these.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// The server took responsibility.
    Accepted,
    /// Refused for now (4xx): try again later.
    Deferred,
    /// Refused for good (5xx).
    Refused,
    /// The message was not handed over, and no reply decided about this recipient.
    NotSent,
    /// The message was handed over whole and no answer came: it may have been delivered.
    InDoubt,
}

impl Status {
    pub(crate) fn from_raw(status: sys::wsmtp_status) -> Self {
        match status {
            sys::WSMTP_STATUS_ACCEPTED => Self::Accepted,
            sys::WSMTP_STATUS_DEFERRED => Self::Deferred,
            sys::WSMTP_STATUS_REFUSED => Self::Refused,
            sys::WSMTP_STATUS_IN_DOUBT => Self::InDoubt,
            _ => Self::NotSent,
        }
    }
}

/// What became of one recipient, and the reply that decided it.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientOutcome {
    /// As it was given.
    pub address: String,
    /// What became of it.
    pub status: Status,
    /// Of the reply that decided, if one did.
    pub code: Option<u16>,
    /// Of the reply that decided, if the server advertised such codes.
    pub enhanced: Option<EnhancedCode>,
    /// Its words; empty if none decided.
    pub text: Arc<str>,
}

impl RecipientOutcome {
    /// A recipient of a message that never reached a session.
    #[must_use]
    pub fn not_sent(address: impl Into<String>) -> Self {
        let address = address.into();
        Self { address, status: Status::NotSent, code: None, enhanced: None, text: "".into() }
    }
}

/// What became of a message.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Each recipient in the order given.
    pub recipients: Vec<RecipientOutcome>,
    /// The reply to the message, if there was one.
    pub reply: Option<Reply>,
}

impl Outcome {
    /// How many recipients the server accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.recipients.iter().filter(|one| one.status == Status::Accepted).count()
    }

    /// Whether every recipient was accepted.
    #[must_use]
    pub fn all_accepted(&self) -> bool {
        self.accepted() == self.recipients.len()
    }

    /// See [`Reply::queue_id`].
    #[must_use]
    pub fn queue_id(&self) -> Option<&str> {
        self.reply.as_ref()?.queue_id()
    }
}
