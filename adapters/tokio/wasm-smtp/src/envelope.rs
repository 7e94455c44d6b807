//! What is to be sent to whom.

use crate::memory::{Opaque, Pinned};
use crate::outcome::{Outcome, RecipientOutcome, Status};
use crate::reply::{EnhancedCode, Reply, ReplyRef};
use crate::sys;
use crate::text::octets;
use std::sync::Arc;

/// What is known of the octets of a message.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum BodyType {
    /// Nothing: 8BITMIME is declared if it is offered; else an octet above 127 is refused.
    #[default]
    Auto,
    /// No octet above 127; one that comes all the same is refused.
    SevenBit,
    /// There are octets above 127: 8BITMIME is needed (RFC 6152).
    EightBit,
}

/// Sender and recipients of a message, and how to send it.
#[derive(Debug, Clone)]
pub struct Envelope {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) size: Option<u64>,
    pub(crate) body: BodyType,
    pub(crate) flags: u32,
}

impl Envelope {
    /// Bare mailboxes without angle brackets; an empty sender is the null reverse-path.
    pub fn new<A: Into<String>>(from: impl Into<String>, to: impl IntoIterator<Item = A>) -> Self {
        let to = to.into_iter().map(Into::into).collect();
        Self { from: from.into(), to, size: None, body: BodyType::Auto, flags: 0 }
    }

    /// Size of the message in octets with CRLF line ends: declared with SIZE, and checked against
    /// the server's limit before anything is sent.
    #[must_use]
    pub fn size(mut self, octets: u64) -> Self {
        self.size = Some(octets);
        self
    }

    /// What is known of the message's octets.
    #[must_use]
    pub fn body(mut self, body: BodyType) -> Self {
        self.body = body;
        self
    }

    /// No message unless every recipient is accepted; costs one round trip.
    #[must_use]
    pub fn all_or_nothing(self) -> Self {
        self.flag(sys::WSMTP_SEND_ALL_OR_NOTHING)
    }

    /// Addresses and header may have non-ASCII characters (RFC 6531); refused if the server lacks
    /// SMTPUTF8.
    #[must_use]
    pub fn smtputf8(self) -> Self {
        self.flag(sys::WSMTP_SEND_SMTPUTF8)
    }

    /// Bare CR and bare LF in the message become CRLF. If not set they are an error.
    #[must_use]
    pub fn make_crlf(self) -> Self {
        self.flag(sys::WSMTP_SEND_MAKE_CRLF)
    }

    /// Lines over 998 octets pass. If not set they are an error.
    #[must_use]
    pub fn long_lines(self) -> Self {
        self.flag(sys::WSMTP_SEND_LONG_LINES)
    }

    /// The sender.
    #[must_use]
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The recipients.
    #[must_use]
    pub fn to(&self) -> &[String] {
        &self.to
    }

    /// The size, if it is known.
    #[must_use]
    pub fn declared_size(&self) -> Option<u64> {
        self.size
    }

    /// The outcome of each recipient of a message that never reached a session.
    #[must_use]
    pub fn not_sent(&self) -> Vec<RecipientOutcome> {
        self.to.iter().map(|address| RecipientOutcome::not_sent(address.as_str())).collect()
    }

    pub(crate) fn has_flag(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    fn flag(mut self, flag: u32) -> Self {
        self.flags |= flag;
        self
    }
}

/// Names a message of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransactionId(pub(crate) u64);

/// A message that the engine holds pointers to.
pub(crate) struct Transaction {
    pub(crate) id: TransactionId,
    pub(crate) raw: Opaque<sys::wsmtp_transaction>,
    recipients: Pinned<[sys::wsmtp_recipient]>,
    /// Both are only pointed to.
    _texts: Pinned<[u8]>,
    /// Words of the refusals, by recipient.
    texts_of_refusals: Vec<(usize, Arc<str>)>,
}

impl Transaction {
    pub(crate) fn new(id: TransactionId, envelope: &Envelope) -> Self {
        let length = envelope.from.len() + envelope.to.iter().map(String::len).sum::<usize>();
        let mut texts = Vec::with_capacity(length);
        texts.extend_from_slice(envelope.from.as_bytes());
        for address in &envelope.to {
            texts.extend_from_slice(address.as_bytes());
        }
        let texts = Pinned::new(texts.into_boxed_slice());
        let start = texts.as_ptr().cast::<u8>().cast_const();
        let mut at = envelope.from.len();
        let mut recipients = Vec::with_capacity(envelope.to.len());
        for address in &envelope.to {
            recipients.push(sys::wsmtp_recipient {
                // An offset within the texts, or just behind them.
                address: start.wrapping_add(at).cast(),
                address_len: address.len(),
                parameters: std::ptr::null(),
                parameters_len: 0,
                status: sys::WSMTP_STATUS_PENDING,
                from_message: false,
                code: 0,
                enhanced: sys::wsmtp_enhanced_code { class_: 0, subject: 0, detail: 0 },
            });
            at += address.len();
        }
        let recipients = Pinned::new(recipients.into_boxed_slice());
        // SAFETY: a function of the C side that only returns a constant.
        let size = unsafe { sys::wsmtp_sys_transaction_size() };
        let raw = Opaque::<sys::wsmtp_transaction>::new(size);
        // SAFETY: zeroed room of the size that C says; then its public part is written.
        unsafe {
            sys::wsmtp_transaction_init(raw.as_ptr());
            let head = raw.as_ptr();
            (*head).reverse_path = start.cast();
            (*head).reverse_path_len = envelope.from.len();
            (*head).recipients = recipients.as_ptr().cast();
            (*head).recipients_len = envelope.to.len();
            (*head).message_size = envelope.size.unwrap_or(sys::WSMTP_SIZE_UNKNOWN);
            (*head).flags = envelope.flags;
            (*head).body = match envelope.body {
                BodyType::Auto => sys::WSMTP_BODY_AUTO,
                BodyType::SevenBit => sys::WSMTP_BODY_7BIT,
                BodyType::EightBit => sys::WSMTP_BODY_8BIT,
            };
        }
        Self { id, raw, recipients, _texts: texts, texts_of_refusals: Vec::new() }
    }

    /// Address of a recipient.
    pub(crate) fn address(&self, index: usize) -> &str {
        // SAFETY: the engine writes results only during its calls, none of which is under way.
        let recipients = unsafe { &*self.recipients.as_ptr() };
        recipients.get(index).map_or("", address_of)
    }

    /// Keeps the words of a refusal; those of an acceptance are the message's.
    pub(crate) fn answered(&mut self, index: usize, reply: &ReplyRef<'_>) {
        if !reply.is_positive() {
            self.texts_of_refusals.push((index, reply.text.into()));
        }
    }

    /// The results, once the engine says that it is done.
    pub(crate) fn outcome(&self, reply: Option<Reply>) -> Outcome {
        // SAFETY: the engine is done with it.
        let recipients = unsafe { &*self.recipients.as_ptr() };
        let nothing: Arc<str> = "".into();
        let words =
            reply.as_ref().map_or_else(|| nothing.clone(), |reply| reply.text.as_str().into());
        // Replies come in the order of the recipients.
        let mut refusals = self.texts_of_refusals.iter().peekable();
        let outcome_of = |(index, one): (usize, &sys::wsmtp_recipient)| {
            let refusal = refusals.next_if(|(refused, _)| *refused == index);
            let text = match refusal {
                _ if one.code == 0 => &nothing,
                _ if one.from_message => &words,
                Some((_, text)) => text,
                None => &nothing,
            };
            RecipientOutcome {
                address: address_of(one).to_owned(),
                status: Status::from_raw(one.status),
                code: (one.code != 0).then_some(one.code),
                enhanced: EnhancedCode::from_raw(one.enhanced),
                text: text.clone(),
            }
        };
        Outcome { recipients: recipients.iter().enumerate().map(outcome_of).collect(), reply }
    }
}

fn address_of(recipient: &sys::wsmtp_recipient) -> &str {
    // SAFETY: points into the texts of the transaction, which live as long as the recipients.
    let octets = unsafe { octets(recipient.address.cast(), recipient.address_len) };
    std::str::from_utf8(octets).unwrap_or_default()
}
