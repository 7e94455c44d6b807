//! Parameters of MAIL and RCPT: what extensions let a sender ask for. Values are given plain; where
//! the RFC wants xtext, the session encodes them.

use std::ops::BitOr;
use std::time::{Duration, SystemTime};

use crate::sys;

/// How much of the message a notification of failure brings back (RFC 3461 section 4.3).
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DsnReturn {
    /// All of it.
    Full,
    /// Its header.
    Headers,
}

/// What happens when a message is not delivered in time (RFC 2852 section 4).
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LateDelivery {
    /// It comes back to the sender.
    Return,
    /// The sender is notified; the message stays under way.
    Notify,
}

/// A parameter of MAIL: something to ask for a whole message.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MailParameter {
    /// RET of DSN (RFC 3461).
    Return(DsnReturn),
    /// ENVID of DSN: a name that comes back in notifications; printable ASCII.
    EnvelopeId(String),
    /// BY of DELIVERBY (RFC 2852): to be delivered within so many seconds.
    DeliverBy {
        /// Negative only with [`LateDelivery::Notify`]: the time is up already.
        seconds: i32,
        /// What happens when the time is up.
        late: LateDelivery,
        /// Each relay that hands it on to one without DELIVERBY notifies.
        trace: bool,
    },
    /// HOLDFOR of FUTURERELEASE (RFC 4865): kept back for so long; whole seconds, rounded up.
    HoldFor(Duration),
    /// HOLDUNTIL of FUTURERELEASE: kept back until then; whole seconds, rounded up.
    HoldUntil(SystemTime),
    /// MT-PRIORITY (RFC 6710): -9 to 9.
    Priority(i8),
    /// REQUIRETLS (RFC 8689): relayed over verified TLS or not at all. Counts as not offered where
    /// this session is not within TLS.
    RequireTls,
    /// AUTH (RFC 4954 section 5): the mailbox that submitted the message; `None` is `<>`.
    Submitter(Option<String>),
    /// PRDR: replies for each recipient after the message.
    PerRecipientReplies,
}

/// A parameter of RCPT: something to ask for one recipient.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RcptParameter {
    /// NOTIFY of DSN (RFC 3461): when the sender is notified.
    Notify(Notify),
    /// ORCPT of DSN: whom the message was for in the beginning. A mailbox, or with the type of its
    /// address before it: `rfc822;ann@example.net`.
    OriginalRecipient(String),
}

/// When a sender is notified about a recipient: any of three, or never.
///
/// ```
/// use wasm_smtp::Notify;
/// assert_eq!((Notify::SUCCESS | Notify::FAILURE).to_string(), "SUCCESS,FAILURE");
/// assert_eq!(Notify::NEVER.to_string(), "NEVER");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Notify(u8);

impl Notify {
    /// In no case.
    pub const NEVER: Self = Self(0);
    /// When the message was delivered.
    pub const SUCCESS: Self = Self(1);
    /// When it cannot be delivered.
    pub const FAILURE: Self = Self(2);
    /// When it is late.
    pub const DELAY: Self = Self(4);
}

impl BitOr for Notify {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::fmt::Display for Notify {
    /// As RFC 3461 writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words =
            [(Self::SUCCESS, "SUCCESS"), (Self::FAILURE, "FAILURE"), (Self::DELAY, "DELAY")];
        let chosen: Vec<&str> =
            words.iter().filter(|(one, _)| self.0 & one.0 != 0).map(|(_, word)| *word).collect();
        f.write_str(if chosen.is_empty() { "NEVER" } else { "" })?;
        f.write_str(&chosen.join(","))
    }
}

/// Somebody to send to, with what is asked for this recipient alone.
///
/// ```
/// use wasm_smtp::{Envelope, Notify, RcptParameter, Recipient};
/// let boss = Recipient::new("boss@example.net")
///     .parameter(RcptParameter::Notify(Notify::SUCCESS | Notify::FAILURE));
/// let envelope = Envelope::new("site@example.org", [boss, "ann@example.net".into()]);
/// assert_eq!(envelope.to().len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    pub(crate) address: String,
    pub(crate) parameters: Vec<Parameter>,
}

impl Recipient {
    /// A bare mailbox without angle brackets.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), parameters: Vec::new() }
    }

    /// Asks for something: an error, before anything is sent, if the server does not offer it.
    #[must_use]
    pub fn parameter(mut self, parameter: RcptParameter) -> Self {
        self.parameters.push(Parameter::of_rcpt(&parameter, false));
        self
    }

    /// Asks for something if the server offers it.
    #[must_use]
    pub fn optional_parameter(mut self, parameter: RcptParameter) -> Self {
        self.parameters.push(Parameter::of_rcpt(&parameter, true));
        self
    }
}

impl<T: Into<String>> From<T> for Recipient {
    fn from(address: T) -> Self {
        Self::new(address)
    }
}

/// A parameter as the engine takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) keyword: sys::wsmtp_keyword,
    pub(crate) optional: bool,
    pub(crate) value: String,
}

impl Parameter {
    pub(crate) fn of_mail(parameter: &MailParameter, optional: bool) -> Self {
        let (keyword, value) = match parameter {
            MailParameter::Return(DsnReturn::Full) => (sys::WSMTP_KEYWORD_RET, "FULL".to_owned()),
            MailParameter::Return(DsnReturn::Headers) => {
                (sys::WSMTP_KEYWORD_RET, "HDRS".to_owned())
            }
            MailParameter::EnvelopeId(id) => (sys::WSMTP_KEYWORD_ENVID, id.clone()),
            MailParameter::DeliverBy { seconds, late, trace } => {
                let mode = if *late == LateDelivery::Return { "R" } else { "N" };
                let trace = if *trace { "T" } else { "" };
                (sys::WSMTP_KEYWORD_BY, format!("{seconds};{mode}{trace}"))
            }
            MailParameter::HoldFor(time) => {
                (sys::WSMTP_KEYWORD_HOLDFOR, rounded_up(*time).to_string())
            }
            MailParameter::HoldUntil(time) => (sys::WSMTP_KEYWORD_HOLDUNTIL, utc(*time)),
            MailParameter::Priority(priority) => {
                (sys::WSMTP_KEYWORD_MT_PRIORITY, priority.to_string())
            }
            MailParameter::RequireTls => (sys::WSMTP_KEYWORD_REQUIRETLS, String::new()),
            MailParameter::Submitter(mailbox) => {
                (sys::WSMTP_KEYWORD_AUTH, mailbox.clone().unwrap_or_else(|| "<>".to_owned()))
            }
            MailParameter::PerRecipientReplies => (sys::WSMTP_KEYWORD_PRDR, String::new()),
        };
        Self { keyword, optional, value }
    }

    fn of_rcpt(parameter: &RcptParameter, optional: bool) -> Self {
        let (keyword, value) = match parameter {
            RcptParameter::Notify(when) => (sys::WSMTP_KEYWORD_NOTIFY, when.to_string()),
            RcptParameter::OriginalRecipient(address) => {
                (sys::WSMTP_KEYWORD_ORCPT, with_type(address))
            }
        };
        Self { keyword, optional, value }
    }

    /// For the engine; points to the value.
    pub(crate) fn raw(&self) -> sys::wsmtp_parameter {
        let Self { keyword, optional, value } = self;
        let (at, length) = (value.as_ptr().cast(), value.len());
        sys::wsmtp_parameter {
            keyword: *keyword,
            optional: *optional,
            value: at,
            value_len: length,
        }
    }
}

/// An address with the type that RFC 3461 and RFC 6533 want before it.
fn with_type(address: &str) -> String {
    let kind = address.split_once(';').map_or("", |(kind, _)| kind);
    let typed = !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match address {
        _ if typed => address.to_owned(),
        _ if address.is_ascii() => format!("rfc822;{address}"),
        _ => format!("utf-8;{address}"),
    }
}

fn rounded_up(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}

/// A time as RFC 3339 writes it, in UTC. One before 1970 has been as long ago as that one.
fn utc(time: SystemTime) -> String {
    let seconds = rounded_up(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default());
    let (mut days, clock) = (seconds / 86_400, seconds % 86_400);
    // Years of the Gregorian calendar from March on, so that the odd day is the last (Howard Hinnant,
    // chrono-compatible low-level date algorithms).
    days += 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_rfc_3339_writes_them() {
        let at = |seconds| utc(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        // Computed with date -u.
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(951_868_800), "2000-03-01T00:00:00Z");
        assert_eq!(at(1_798_761_599), "2026-12-31T23:59:59Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00Z");
        let fraction = SystemTime::UNIX_EPOCH + Duration::from_millis(1);
        assert_eq!(utc(fraction), "1970-01-01T00:00:01Z");
        assert_eq!(utc(SystemTime::UNIX_EPOCH - Duration::from_secs(9)), at(0));
    }

    #[test]
    fn original_recipients_have_a_type() {
        assert_eq!(with_type("a@b.example"), "rfc822;a@b.example");
        assert_eq!(with_type("ä@b.example"), "utf-8;ä@b.example");
        assert_eq!(with_type("x400;/c=de/"), "x400;/c=de/");
        assert_eq!(with_type(r#""a;b"@c.example"#), r#"rfc822;"a;b"@c.example"#);
    }

    #[test]
    fn values_are_what_the_rfcs_say() {
        let text = |parameter| Parameter::of_mail(&parameter, true).value;
        let late = LateDelivery::Return;
        assert_eq!(text(MailParameter::DeliverBy { seconds: 120, late, trace: true }), "120;RT");
        let late = LateDelivery::Notify;
        assert_eq!(text(MailParameter::DeliverBy { seconds: -6, late, trace: false }), "-6;N");
        assert_eq!(text(MailParameter::HoldFor(Duration::from_millis(1500))), "2");
        assert_eq!(text(MailParameter::Priority(-3)), "-3");
        assert_eq!(text(MailParameter::Submitter(None)), "<>");
    }
}
