//! SASL mechanisms (RFC 4422).

use std::fmt;
use std::str::FromStr;

use crate::sys;
use crate::text::static_text;
use crate::{Error, Field, Reason};

/// A SASL mechanism that the engine knows.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// PLAIN (RFC 4616).
    Plain,
    /// LOGIN, as Microsoft's servers want it.
    Login,
    /// SCRAM-SHA-256 (RFC 7677).
    ScramSha256,
    /// SCRAM-SHA-1 (RFC 5802). Never chosen automatically.
    ScramSha1,
    /// SCRAM-SHA-256-PLUS (RFC 7677), bound to the TLS channel.
    ScramSha256Plus,
    /// SCRAM-SHA-1-PLUS (RFC 5802), bound to the TLS channel.
    ScramSha1Plus,
    /// CRAM-MD5 (RFC 2195). Never chosen automatically.
    CramMd5,
    /// XOAUTH2, as Google's and Microsoft's servers want it.
    XOAuth2,
    /// OAUTHBEARER (RFC 7628).
    OAuthBearer,
    /// SCRAM-SHA-512.
    ScramSha512,
    /// SCRAM-SHA-512-PLUS, bound to the TLS channel.
    ScramSha512Plus,
    /// EXTERNAL (RFC 4422): the channel says who we are. Never chosen automatically.
    External,
    /// ANONYMOUS (RFC 4505). Never chosen automatically.
    Anonymous,
}

impl Mechanism {
    /// Every mechanism of this version.
    pub const ALL: [Self; 13] = [
        Self::Plain,
        Self::Login,
        Self::ScramSha256,
        Self::ScramSha1,
        Self::ScramSha256Plus,
        Self::ScramSha1Plus,
        Self::CramMd5,
        Self::XOAuth2,
        Self::OAuthBearer,
        Self::ScramSha512,
        Self::ScramSha512Plus,
        Self::External,
        Self::Anonymous,
    ];

    pub(crate) fn to_raw(self) -> sys::wsmtp_mechanism {
        match self {
            Self::Plain => sys::WSMTP_MECHANISM_PLAIN,
            Self::Login => sys::WSMTP_MECHANISM_LOGIN,
            Self::ScramSha256 => sys::WSMTP_MECHANISM_SCRAM_SHA_256,
            Self::ScramSha1 => sys::WSMTP_MECHANISM_SCRAM_SHA_1,
            Self::ScramSha256Plus => sys::WSMTP_MECHANISM_SCRAM_SHA_256_PLUS,
            Self::ScramSha1Plus => sys::WSMTP_MECHANISM_SCRAM_SHA_1_PLUS,
            Self::CramMd5 => sys::WSMTP_MECHANISM_CRAM_MD5,
            Self::XOAuth2 => sys::WSMTP_MECHANISM_XOAUTH2,
            Self::OAuthBearer => sys::WSMTP_MECHANISM_OAUTHBEARER,
            Self::ScramSha512 => sys::WSMTP_MECHANISM_SCRAM_SHA_512,
            Self::ScramSha512Plus => sys::WSMTP_MECHANISM_SCRAM_SHA_512_PLUS,
            Self::External => sys::WSMTP_MECHANISM_EXTERNAL,
            Self::Anonymous => sys::WSMTP_MECHANISM_ANONYMOUS,
        }
    }

    pub(crate) fn from_raw(raw: sys::wsmtp_mechanism) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| mechanism.to_raw() == raw)
    }

    /// Its keyword: `SCRAM-SHA-256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        let mut length = 0;
        // SAFETY: a pure function of a number; it gives static text of that length.
        unsafe { static_text(sys::wsmtp_mechanism_name(self.to_raw(), &mut length), length) }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mechanism {
    type Err = Error;

    /// Keywords are compared without regard to case.
    fn from_str(name: &str) -> Result<Self, Error> {
        // SAFETY: pointer and length of one text.
        let raw = unsafe { sys::wsmtp_mechanism_find(name.as_ptr().cast(), name.len()) };
        Self::from_raw(raw)
            .ok_or_else(|| Error::new(Reason::OptionInvalid).with_field(Field::Mechanism))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_again() {
        assert_eq!(Mechanism::ALL.len() + 1, sys::WSMTP_MECHANISM_COUNT);
        for mechanism in Mechanism::ALL {
            let lower = mechanism.name().to_lowercase();
            assert_eq!(lower.parse::<Mechanism>().ok(), Some(mechanism));
        }
        assert_eq!(Mechanism::ScramSha256.to_string(), "SCRAM-SHA-256");
        assert!("SCRAM".parse::<Mechanism>().is_err());
    }
}
