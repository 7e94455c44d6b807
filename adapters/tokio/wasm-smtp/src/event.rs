//! What happened in a session.

use crate::credentials::KeyRequest;
use crate::envelope::TransactionId;
use crate::outcome::Outcome;
use crate::reply::ReplyRef;
use crate::Error;

/// What happened in a session, and what is to be done about it. Taken from
/// [`Session::next_event`](crate::Session::next_event).
#[non_exhaustive]
#[derive(Debug)]
pub enum Event<'a> {
    /// The server's greeting.
    Greeting(ReplyRef<'a>),
    /// EHLO (or HELO) was accepted; the capabilities are known.
    Ehlo(ReplyRef<'a>),
    /// Do the handshake, verify certificate and name; then
    /// [`tls_done`](crate::Session::tls_done) or [`io_failed`](crate::Session::io_failed).
    StartTls,
    /// The session is open: log in, submit, quit.
    Ready,
    /// Derive a key and give it to [`key_derived`](crate::Session::key_derived).
    DeriveKey(KeyRequest),
    /// Logged in.
    Authenticated(ReplyRef<'a>),
    /// The answer to MAIL, accepted or not.
    Mail {
        /// Which message.
        transaction: TransactionId,
        /// What the server said.
        reply: ReplyRef<'a>,
    },
    /// The answer to one RCPT, accepted or not; or to the message, of one recipient (LMTP, PRDR).
    Recipient {
        /// Which message.
        transaction: TransactionId,
        /// Which recipient, from 0.
        index: usize,
        /// The recipient.
        address: &'a str,
        /// What the server said.
        reply: ReplyRef<'a>,
        /// Whether it is about the message.
        of_message: bool,
    },
    /// The server waits for the message: from its beginning, also if it was given before, of a message
    /// that is split.
    Body {
        /// Which message.
        transaction: TransactionId,
    },
    /// A message is over.
    Done {
        /// Which message.
        transaction: TransactionId,
        /// What became of each recipient.
        outcome: Outcome,
        /// Set if no recipient was accepted, or the session broke.
        error: Option<Error>,
    },
    /// RSET, NOOP, VRFY, EXPN or HELP was accepted.
    Completed(ReplyRef<'a>),
    /// AUTH, RSET, NOOP, VRFY, EXPN, HELP or XCLIENT was refused; the session goes on.
    Refused(Error),
    /// After QUIT, however it went. Close the connection.
    Closed,
    /// The session is over. Close the connection.
    Failed(Error),
}
