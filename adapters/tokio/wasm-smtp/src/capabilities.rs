//! What a server offers.

use crate::sys;
use crate::Mechanism;

/// An SMTP service extension (RFC 5321 section 2.2), by its keyword.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Extension {
    Pipelining,
    Size,
    StartTls,
    EightBitMime,
    SmtpUtf8,
    EnhancedStatusCodes,
    Auth,
    Dsn,
    Chunking,
    BinaryMime,
    Limits,
    RequireTls,
    DeliverBy,
    FutureRelease,
    MtPriority,
    Prdr,
    PipeConnect,
    XClient,
    Vrfy,
    Expn,
    Help,
    Etrn,
}

impl Extension {
    fn bit(self) -> u32 {
        match self {
            Self::Pipelining => sys::WSMTP_CAP_PIPELINING,
            Self::Size => sys::WSMTP_CAP_SIZE,
            Self::StartTls => sys::WSMTP_CAP_STARTTLS,
            Self::EightBitMime => sys::WSMTP_CAP_8BITMIME,
            Self::SmtpUtf8 => sys::WSMTP_CAP_SMTPUTF8,
            Self::EnhancedStatusCodes => sys::WSMTP_CAP_ENHANCEDSTATUSCODES,
            Self::Auth => sys::WSMTP_CAP_AUTH,
            Self::Dsn => sys::WSMTP_CAP_DSN,
            Self::Chunking => sys::WSMTP_CAP_CHUNKING,
            Self::BinaryMime => sys::WSMTP_CAP_BINARYMIME,
            Self::Limits => sys::WSMTP_CAP_LIMITS,
            Self::RequireTls => sys::WSMTP_CAP_REQUIRETLS,
            Self::DeliverBy => sys::WSMTP_CAP_DELIVERBY,
            Self::FutureRelease => sys::WSMTP_CAP_FUTURERELEASE,
            Self::MtPriority => sys::WSMTP_CAP_MT_PRIORITY,
            Self::Prdr => sys::WSMTP_CAP_PRDR,
            Self::PipeConnect => sys::WSMTP_CAP_PIPECONNECT,
            Self::XClient => sys::WSMTP_CAP_XCLIENT,
            Self::Vrfy => sys::WSMTP_CAP_VRFY,
            Self::Expn => sys::WSMTP_CAP_EXPN,
            Self::Help => sys::WSMTP_CAP_HELP,
            Self::Etrn => sys::WSMTP_CAP_ETRN,
        }
    }
}

/// What a server offers now. Forgotten at TLS (RFC 3207 section 4.2). A copy can be kept for
/// [`Config::expected`](crate::Config::expected).
#[derive(Clone, Copy)]
pub struct Capabilities(sys::wsmtp_capabilities);

impl Capabilities {
    pub(crate) fn from_raw(raw: sys::wsmtp_capabilities) -> Self {
        Self(raw)
    }

    pub(crate) fn to_raw(self) -> sys::wsmtp_capabilities {
        self.0
    }

    /// Whether EHLO was accepted; if not, the server speaks the SMTP of 1982.
    #[must_use]
    pub fn is_esmtp(&self) -> bool {
        self.0.flags & sys::WSMTP_CAP_ESMTP != 0
    }

    /// Whether an extension is offered.
    #[must_use]
    pub fn has(&self, extension: Extension) -> bool {
        self.0.flags & extension.bit() != 0
    }

    /// Whether a mechanism is offered.
    #[must_use]
    pub fn offers(&self, mechanism: Mechanism) -> bool {
        self.0.auth & (1 << mechanism.to_raw()) != 0
    }

    /// The mechanisms offered, as far as they are known.
    pub fn mechanisms(&self) -> impl Iterator<Item = Mechanism> + '_ {
        Mechanism::ALL.into_iter().filter(|&mechanism| self.offers(mechanism))
    }

    /// Largest message in octets, if the server states one (RFC 1870).
    #[must_use]
    pub fn size_limit(&self) -> Option<u64> {
        (self.0.size != 0).then_some(self.0.size)
    }

    /// Most messages a session, if the server states it (RFC 9422).
    #[must_use]
    pub fn mail_limit(&self) -> Option<u32> {
        (self.0.mail_max != 0).then_some(self.0.mail_max)
    }

    /// Most recipients a message, if the server states it (RFC 9422).
    #[must_use]
    pub fn recipient_limit(&self) -> Option<u32> {
        (self.0.rcpt_max != 0).then_some(self.0.rcpt_max)
    }

    /// Fewest seconds of [`MailParameter::DeliverBy`](crate::MailParameter::DeliverBy) with return,
    /// if the server states it (RFC 2852).
    #[must_use]
    pub fn deliver_by_least(&self) -> Option<u32> {
        (self.0.deliver_by_min != 0).then_some(self.0.deliver_by_min)
    }

    /// Most seconds to hold a message, if the server states it (RFC 4865).
    #[must_use]
    pub fn hold_limit(&self) -> Option<u32> {
        (self.0.hold_max != 0).then_some(self.0.hold_max)
    }

    /// Whether the server takes an attribute of XCLIENT.
    #[must_use]
    pub fn takes(&self, attribute: crate::XClientAttribute) -> bool {
        self.0.xclient & attribute.bit() != 0
    }

    /// Most domains among a message's recipients, if the server states it (RFC 9422).
    #[must_use]
    pub fn domain_limit(&self) -> Option<u32> {
        (self.0.rcpt_domain_max != 0).then_some(self.0.rcpt_domain_max)
    }
}

impl std::fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capabilities")
            .field("flags", &format_args!("{:#010x}", self.0.flags))
            .field("mechanisms", &self.mechanisms().collect::<Vec<_>>())
            .field("size_limit", &self.size_limit())
            .finish_non_exhaustive()
    }
}
