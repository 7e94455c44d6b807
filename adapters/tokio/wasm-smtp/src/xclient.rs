//! Whom a trusted relay speaks for.

use crate::parameter::Parameter;
use crate::sys;

/// An attribute of XCLIENT.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum XClientAttribute {
    /// The client's host name.
    Name,
    /// Its address: `192.0.2.1`, `IPV6:2001:db8::1`.
    Addr,
    /// Its port.
    Port,
    /// `SMTP` or `ESMTP`.
    Proto,
    /// What it said with EHLO.
    Helo,
    /// As whom it logged in.
    Login,
    /// The address that it connected to.
    DestAddr,
    /// The port that it connected to.
    DestPort,
}

impl XClientAttribute {
    fn to_raw(self) -> sys::wsmtp_keyword {
        match self {
            Self::Name => sys::WSMTP_KEYWORD_NAME,
            Self::Addr => sys::WSMTP_KEYWORD_ADDR,
            Self::Port => sys::WSMTP_KEYWORD_PORT,
            Self::Proto => sys::WSMTP_KEYWORD_PROTO,
            Self::Helo => sys::WSMTP_KEYWORD_HELO,
            Self::Login => sys::WSMTP_KEYWORD_LOGIN,
            Self::DestAddr => sys::WSMTP_KEYWORD_DESTADDR,
            Self::DestPort => sys::WSMTP_KEYWORD_DESTPORT,
        }
    }

    pub(crate) fn bit(self) -> u32 {
        1 << (self.to_raw() - sys::WSMTP_KEYWORD_NAME)
    }
}

/// Whom this client speaks for, told a server that trusts it (Postfix' `smtpd_authorized_xclient_hosts`)
/// by XCLIENT. Values are printable ASCII.
///
/// ```
/// use wasm_smtp::{XClient, XClientAttribute};
/// let client = XClient::new()
///     .attribute(XClientAttribute::Name, "www.example.net")
///     .attribute(XClientAttribute::Addr, "192.0.2.7")
///     .optional_attribute(XClientAttribute::Login, XClient::UNAVAILABLE);
/// # let _ = client;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct XClient {
    pub(crate) attributes: Vec<Parameter>,
}

impl XClient {
    /// The value of an attribute that is not known.
    pub const UNAVAILABLE: &'static str = "[UNAVAILABLE]";
    /// The value of an attribute that is not known for the moment.
    pub const TEMPORARILY_UNAVAILABLE: &'static str = "[TEMPUNAVAIL]";

    /// Without attributes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says something: an error, before anything is sent, if the server does not take it.
    #[must_use]
    pub fn attribute(self, attribute: XClientAttribute, value: impl Into<String>) -> Self {
        self.with(attribute, value.into(), false)
    }

    /// Says something if the server takes it.
    #[must_use]
    pub fn optional_attribute(self, attribute: XClientAttribute, value: impl Into<String>) -> Self {
        self.with(attribute, value.into(), true)
    }

    fn with(mut self, attribute: XClientAttribute, value: String, optional: bool) -> Self {
        self.attributes.push(Parameter { keyword: attribute.to_raw(), optional, value });
        self
    }
}
