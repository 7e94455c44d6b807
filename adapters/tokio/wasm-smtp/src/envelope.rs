//! What is to be sent to whom.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::idn;
use crate::memory::{Opaque, Pinned};
use crate::outcome::{Outcome, RecipientOutcome, Status};
use crate::parameter::{MailParameter, Parameter, Recipient};
use crate::reply::{EnhancedCode, Reply, ReplyRef};
use crate::sys;
use crate::text::octets;
use crate::Error;

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
    /// Any octets, sent as they are: BINARYMIME is needed (RFC 3030). The message says so, too:
    /// `Content-Transfer-Encoding: binary`.
    Binary,
}

/// Sender and recipients of a message, and how to send it.
#[derive(Debug, Clone)]
pub struct Envelope {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) size: Option<u64>,
    pub(crate) body: BodyType,
    pub(crate) flags: u32,
    /// Of MAIL.
    pub(crate) parameters: Vec<Parameter>,
    /// Of RCPT, by recipient.
    pub(crate) recipient_parameters: Vec<(usize, Parameter)>,
}

impl Envelope {
    /// Bare mailboxes without angle brackets; an empty sender is the null reverse-path. Domains beyond
    /// ASCII are sent as A-labels (feature `idna`); a local part beyond ASCII needs SMTPUTF8.
    pub fn new<A>(from: impl Into<String>, to: impl IntoIterator<Item = A>) -> Self
    where
        A: Into<Recipient>,
    {
        let mut recipient_parameters = Vec::new();
        let recipients = to.into_iter().enumerate().map(|(index, one)| {
            let Recipient { address, parameters } = one.into();
            recipient_parameters.extend(parameters.into_iter().map(|one| (index, one)));
            address
        });
        let to = recipients.collect();
        Self {
            from: from.into(),
            to,
            size: None,
            body: BodyType::Auto,
            flags: 0,
            parameters: Vec::new(),
            recipient_parameters,
        }
    }

    /// Asks for something: an error, before anything is sent, if the server does not offer it
    /// ([`Reason::ParameterNotOffered`](crate::Reason::ParameterNotOffered), and
    /// [`Error::keyword`](crate::Error::keyword) says which).
    ///
    /// ```
    /// use wasm_smtp::{DsnReturn, Envelope, MailParameter};
    /// let envelope = Envelope::new("site@example.org", ["ann@example.net"])
    ///     .parameter(MailParameter::RequireTls)
    ///     .optional_parameter(MailParameter::Return(DsnReturn::Headers));
    /// # let _ = envelope;
    /// ```
    #[must_use]
    pub fn parameter(mut self, parameter: MailParameter) -> Self {
        self.parameters.push(Parameter::of_mail(&parameter, false));
        self
    }

    /// Asks for something if the server offers it.
    #[must_use]
    pub fn optional_parameter(mut self, parameter: MailParameter) -> Self {
        self.parameters.push(Parameter::of_mail(&parameter, true));
        self
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
    /// SMTPUTF8. Set by itself if a local part needs it; a header that does must be told.
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

    /// The message can be given again from its beginning. Recipients beyond the server's limits (RFC
    /// 9422), or answered 452 while others were accepted, follow in further transactions, each with an
    /// [`Event::Body`](crate::Event::Body) of its own. If not set, the limits are an error
    /// ([`Reason::TooManyRecipients`](crate::Reason::TooManyRecipients)), and 452 is an outcome like
    /// any other.
    #[must_use]
    pub fn split(self) -> Self {
        self.flag(sys::WSMTP_SEND_SPLIT)
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

    /// What is known of the message's octets.
    #[must_use]
    pub fn body_type(&self) -> BodyType {
        self.body
    }

    /// The size, if it is known.
    #[must_use]
    pub fn declared_size(&self) -> Option<u64> {
        self.size
    }

    /// Whether it is [`split`](Envelope::split).
    #[must_use]
    pub fn is_split(&self) -> bool {
        self.has_flag(sys::WSMTP_SEND_SPLIT)
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
    _parameters: Pinned<[sys::wsmtp_parameter]>,
    _texts: Pinned<[u8]>,
    /// Addresses as they were given, if they are sent otherwise.
    given: Option<Vec<String>>,
    /// Whether each recipient has a reply of its own to the message.
    each_answered: bool,
    /// Words about single recipients, and whether they accept: refusals, and where each has a reply
    /// of its own to the message, all.
    words: BTreeMap<usize, (bool, Arc<str>)>,
}

impl Transaction {
    /// `lmtp`: each recipient has a reply of its own to the message.
    pub(crate) fn new(id: TransactionId, envelope: &Envelope, lmtp: bool) -> Result<Self, Error> {
        let sent = idn::prepare(envelope)?;
        let given = matches!(sent, Cow::Owned(_)).then(|| envelope.to.clone());
        let envelope = &*sent;
        let of_recipients = envelope.recipient_parameters.iter().map(|(_, one)| one);
        let asked: Vec<&Parameter> = envelope.parameters.iter().chain(of_recipients).collect();
        let values = asked.iter().map(|one| &one.value);
        let texts = Pinned::new(joined(
            std::iter::once(&envelope.from).chain(&envelope.to).chain(values.clone()),
        ));
        let start = texts.as_ptr().cast::<u8>().cast_const();
        let mut at = 0;
        // Texts stand there in this order.
        let mut place = |text: &str| {
            // An offset within the texts, or just behind them.
            let pointer = start.wrapping_add(at).cast();
            at += text.len();
            (pointer, text.len())
        };
        let (reverse_path, reverse_path_len) = place(&envelope.from);
        let mut recipients = Vec::with_capacity(envelope.to.len());
        for address in &envelope.to {
            let (address, address_len) = place(address);
            recipients.push(sys::wsmtp_recipient {
                address,
                address_len,
                parameters: std::ptr::null(),
                parameters_len: 0,
                status: sys::WSMTP_STATUS_PENDING,
                from_message: false,
                code: 0,
                enhanced: sys::wsmtp_enhanced_code { class_: 0, subject: 0, detail: 0 },
            });
        }
        let parameters = asked.iter().map(|one| {
            let (value, value_len) = place(&one.value);
            let Parameter { keyword, optional, .. } = **one;
            sys::wsmtp_parameter { keyword, optional, value, value_len }
        });
        let parameters = Pinned::new(parameters.collect::<Box<[_]>>());
        let first = parameters.as_ptr().cast::<sys::wsmtp_parameter>().cast_const();
        for (place, (index, _)) in envelope.recipient_parameters.iter().enumerate() {
            let one = &mut recipients[*index];
            if one.parameters_len == 0 {
                one.parameters = first.wrapping_add(envelope.parameters.len() + place);
            }
            one.parameters_len += 1;
        }
        let recipients = Pinned::new(recipients.into_boxed_slice());
        // SAFETY: a function of the C side that only returns a constant.
        let size = unsafe { sys::wsmtp_sys_transaction_size() };
        let raw = Opaque::<sys::wsmtp_transaction>::new(size);
        // SAFETY: zeroed room of the size that C says; then its public part is written.
        unsafe {
            sys::wsmtp_transaction_init(raw.as_ptr());
            let head = raw.as_ptr();
            (*head).reverse_path = reverse_path;
            (*head).reverse_path_len = reverse_path_len;
            (*head).recipients = recipients.as_ptr().cast();
            (*head).recipients_len = envelope.to.len();
            (*head).parameters = first;
            (*head).parameters_len = envelope.parameters.len();
            (*head).message_size = envelope.size.unwrap_or(sys::WSMTP_SIZE_UNKNOWN);
            (*head).flags = envelope.flags;
            (*head).body = match envelope.body {
                BodyType::Auto => sys::WSMTP_BODY_AUTO,
                BodyType::SevenBit => sys::WSMTP_BODY_7BIT,
                BodyType::EightBit => sys::WSMTP_BODY_8BIT,
                BodyType::Binary => sys::WSMTP_BODY_BINARY,
            };
        }
        let prdr = |one: &&Parameter| one.keyword == sys::WSMTP_KEYWORD_PRDR;
        let each_answered = lmtp || asked.iter().any(prdr);
        let words = BTreeMap::new();
        let (_parameters, _texts) = (parameters, texts);
        Ok(Self { id, raw, recipients, _parameters, _texts, given, each_answered, words })
    }

    /// Address of a recipient, as it was given.
    pub(crate) fn address(&self, index: usize) -> &str {
        if let Some(given) = &self.given {
            return given.get(index).map_or("", String::as_str);
        }
        // SAFETY: the engine writes results only during its calls, none of which is under way.
        let recipients = unsafe { &*self.recipients.as_ptr() };
        recipients.get(index).map_or("", address_of)
    }

    /// Keeps the words about one recipient; those of an acceptance are the message's. Whether the reply
    /// is one to the message: the recipient was accepted before.
    pub(crate) fn answered(&mut self, index: usize, reply: &ReplyRef<'_>) -> bool {
        let accepts = reply.is_positive();
        let before = if !accepts || self.each_answered {
            self.words.insert(index, (accepts, reply.text.into()))
        } else {
            // It was put off before.
            self.words.remove(&index)
        };
        before.is_some_and(|(accepted, _)| accepted)
    }

    /// The results, once the engine says that it is done.
    pub(crate) fn outcome(&self, reply: Option<Reply>) -> Outcome {
        // SAFETY: the engine is done with it.
        let recipients = unsafe { &*self.recipients.as_ptr() };
        let nothing: Arc<str> = "".into();
        let (code, words) = match &reply {
            Some(reply) => (reply.code, reply.text.as_str().into()),
            None => (0, nothing.clone()),
        };
        let outcome_of = |(index, one): (usize, &sys::wsmtp_recipient)| {
            let text = match self.words.get(&index) {
                _ if one.code == 0 => &nothing,
                // Of a message that went in parts there is the reply to the last.
                _ if one.from_message => {
                    if one.code == code {
                        &words
                    } else {
                        &nothing
                    }
                }
                Some((_, text)) => text,
                None => &nothing,
            };
            RecipientOutcome {
                address: self.address(index).to_owned(),
                status: Status::from_raw(one.status),
                code: (one.code != 0).then_some(one.code),
                enhanced: EnhancedCode::from_raw(one.enhanced),
                text: text.clone(),
            }
        };
        Outcome { recipients: recipients.iter().enumerate().map(outcome_of).collect(), reply }
    }
}

/// All texts one behind another, in memory that was reserved whole.
fn joined<'a>(texts: impl Iterator<Item = &'a String> + Clone) -> Box<[u8]> {
    let mut all = Vec::with_capacity(texts.clone().map(String::len).sum());
    for text in texts {
        all.extend_from_slice(text.as_bytes());
    }
    all.into_boxed_slice()
}

fn address_of(recipient: &sys::wsmtp_recipient) -> &str {
    // SAFETY: points into the texts of the transaction, which live as long as the recipients.
    let octets = unsafe { octets(recipient.address.cast(), recipient.address_len) };
    std::str::from_utf8(octets).unwrap_or_default()
}
