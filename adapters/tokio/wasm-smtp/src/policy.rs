//! The caller's own say about each message, before an octet of it is sent.

use std::fmt;

/// What a policy is asked about.
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
pub struct PolicyRequest<'a> {
    /// The reverse-path; empty is null.
    pub from: &'a str,
    /// Every recipient.
    pub recipients: &'a [String],
    /// Octets of the message with CRLF line ends; `None` of a stream of unknown size.
    pub size: Option<u64>,
}

impl<'a> PolicyRequest<'a> {
    /// A question about an envelope.
    #[must_use]
    pub fn new(envelope: &'a crate::Envelope) -> Self {
        let crate::Envelope { from, to, size, .. } = envelope;
        Self { from, recipients: to, size: *size }
    }
}

/// Why a policy says no, in words that become part of the error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(pub String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Violation {}

/// Decides whether a message may be sent. An error leaves the session usable.
///
/// Closures are policies, too:
///
/// ```
/// use wasm_smtp::{Policy, PolicyRequest, Violation};
///
/// fn policy() -> impl Policy {
///     |request: &PolicyRequest<'_>| match request.from {
///         "noreply@example.org" => Ok(()),
///         _ => Err(Violation("only noreply@example.org may send".into())),
///     }
/// }
/// # let envelope = wasm_smtp::Envelope::new("a@b.example", ["c@d.example"]);
/// # assert!(policy().check(&PolicyRequest::new(&envelope)).is_err());
/// ```
pub trait Policy: Send + Sync {
    /// Called before MAIL.
    fn check(&self, request: &PolicyRequest<'_>) -> Result<(), Violation>;

    /// Most octets of a stream whose size is not known before: beyond them the message is cut off
    /// without being delivered, and the connection is closed.
    fn max_octets(&self) -> Option<u64> {
        None
    }
}

impl<F> Policy for F
where
    F: Fn(&PolicyRequest<'_>) -> Result<(), Violation> + Send + Sync,
{
    fn check(&self, request: &PolicyRequest<'_>) -> Result<(), Violation> {
        self(request)
    }
}

/// Limits messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BoundedPolicy {
    /// Most recipients of a message.
    pub max_recipients: Option<usize>,
    /// Most octets of a message.
    pub max_octets: Option<u64>,
}

impl Policy for BoundedPolicy {
    fn check(&self, request: &PolicyRequest<'_>) -> Result<(), Violation> {
        match (self.max_recipients, self.max_octets, request.size) {
            (Some(most), _, _) if request.recipients.len() > most => {
                Err(Violation(format!("more than {most} recipients")))
            }
            (_, Some(most), Some(size)) if size > most => {
                Err(Violation(format!("larger than {most} octets")))
            }
            _ => Ok(()),
        }
    }

    fn max_octets(&self) -> Option<u64> {
        self.max_octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Envelope;

    #[test]
    fn bounds_hold() {
        let policy = BoundedPolicy { max_recipients: Some(1), max_octets: Some(10) };
        let ask = |envelope: &Envelope| policy.check(&PolicyRequest::new(envelope));
        let one = Envelope::new("", ["a@b.example"]);
        let two = Envelope::new("", ["a@b.example", "c@d.example"]);
        assert_eq!(ask(&one.clone().size(10)), Ok(()));
        assert_eq!(ask(&one.clone().size(11)), Err(Violation("larger than 10 octets".into())));
        assert_eq!(ask(&one), Ok(()));
        assert_eq!(ask(&two), Err(Violation("more than 1 recipients".into())));
    }
}
