//! Why something failed: one reason a rule.

use crate::sys;
use crate::text::static_text;

macro_rules! reasons {
    (engine { $($name:ident = $token:literal,)+ } local { $($local:ident = $local_token:literal, $kind:ident, $sentence:literal;)+ }) => {
        /// The rule that was broken or the thing that happened. Made to be compared; [`token`] gives
        /// the name that the documentation and the other language bindings use.
        ///
        /// [`token`]: Reason::token
        #[non_exhaustive]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason {
            $(#[doc = concat!("`", $token, "`")] $name,)+
            $(#[doc = concat!("`", $local_token, "`: ", $sentence)] $local,)+
            /// One that this version of the crate has no name for.
            Other,
        }

        /// Reasons of the engine in the order of its header; the number of the first is 1.
        const ENGINE: &[Reason] = &[$(Reason::$name),+];

        impl Reason {
            /// Its name in documents and in other languages: `"address-empty"`.
            #[must_use]
            pub fn token(self) -> &'static str {
                match self {
                    $(Self::$name => $token,)+
                    $(Self::$local => $local_token,)+
                    Self::Other => "other",
                }
            }

            /// What kind of error it belongs to, and its sentence, if it is not the engine's.
            fn local(self) -> Option<(ErrorKind, &'static str)> {
                match self {
                    $(Self::$local => Some((ErrorKind::$kind, $sentence)),)+
                    Self::Other => Some((ErrorKind::Misuse, "something that has no name here happened")),
                    _ => None,
                }
            }
        }
    };
}

reasons! {
    engine {
        AddressEmpty = "address-empty",
        AddressTooLong = "address-too-long",
        AddressControl = "address-control",
        AddressNoAt = "address-no-at",
        AddressUtf8Invalid = "address-utf8-invalid",
        AddressNeedsSmtpUtf8 = "address-needs-smtputf8",
        LocalPartEmpty = "local-part-empty",
        LocalPartTooLong = "local-part-too-long",
        LocalPartCharacter = "local-part-character",
        LocalPartDot = "local-part-dot",
        LocalPartQuoting = "local-part-quoting",
        DomainEmpty = "domain-empty",
        DomainTooLong = "domain-too-long",
        DomainLabelEmpty = "domain-label-empty",
        DomainLabelTooLong = "domain-label-too-long",
        DomainLabelHyphen = "domain-label-hyphen",
        DomainCharacter = "domain-character",
        LiteralUnclosed = "literal-unclosed",
        LiteralIpV4 = "literal-ipv4",
        LiteralIpV6 = "literal-ipv6",
        LiteralTag = "literal-tag",
        NoRecipients = "no-recipients",
        MessageTooLarge = "message-too-large",
        BodyBareCr = "body-bare-cr",
        BodyBareLf = "body-bare-lf",
        BodyLineTooLong = "body-line-too-long",
        BodyEightBitUndeclared = "body-8bit-undeclared",
        BodySizeExceeded = "body-size-exceeded",
        EightBitMimeMissing = "eightbitmime-missing",
        SmtpUtf8Missing = "smtputf8-missing",
        StartTlsMissing = "starttls-missing",
        NotBuilt = "not-built",
        CredentialEmpty = "credential-empty",
        CredentialCharacter = "credential-character",
        CredentialTooLong = "credential-too-long",
        CredentialMissing = "credential-missing",
        NonceTooShort = "nonce-too-short",
        IterationLimits = "iteration-limits",
        AuthNotSecure = "auth-not-secure",
        AuthNotOffered = "auth-not-offered",
        AuthNoMechanism = "auth-no-mechanism",
        AuthRefused = "auth-refused",
        AuthChallenge = "auth-challenge",
        AuthNonce = "auth-nonce",
        AuthIterations = "auth-iterations",
        AuthExtension = "auth-extension",
        AuthServerSignature = "auth-server-signature",
        AuthServerError = "auth-server-error",
        AuthKey = "auth-key",
        GreetingRefused = "greeting-refused",
        ServiceClosing = "service-closing",
        ReplyRefused = "reply-refused",
        AllRecipientsRefused = "all-recipients-refused",
        SomeRecipientsRefused = "some-recipients-refused",
        ReplyUnexpected = "reply-unexpected",
        ReplyUnsolicited = "reply-unsolicited",
        ReplyMalformed = "reply-malformed",
        ReplyInconsistent = "reply-inconsistent",
        ReplyLineTooLong = "reply-line-too-long",
        ReplyTooManyLines = "reply-too-many-lines",
        ReplyBareLf = "reply-bare-lf",
        StartTlsResidue = "starttls-residue",
        TlsModeMismatch = "tls-mode-mismatch",
        ClosedByPeer = "closed-by-peer",
        ConnectFailed = "connect-failed",
        ConnectionLost = "connection-lost",
        TlsFailed = "tls-failed",
        Timeout = "timeout",
        Cancelled = "cancelled",
        State = "state",
        ConfigBuffer = "config-buffer",
        ConfigValue = "config-value",
        Policy = "policy",
        CredentialUnsupported = "credential-unsupported",
        ChunkingRefused = "chunking-refused",
        OverlapRefused = "overlap-refused",
        BinaryMimeMissing = "binarymime-missing",
        ParameterValue = "parameter-value",
        ParameterMisplaced = "parameter-misplaced",
        ParameterNotOffered = "parameter-not-offered",
        ParameterLimit = "parameter-limit",
        TooManyRecipients = "too-many-recipients",
        TransactionLimit = "transaction-limit",
        CapabilitiesChanged = "capabilities-changed",
    }
    local {
        OptionInvalid = "option-invalid", Input, "is not valid";
        TokenSource = "token-source", Input, "the source of the access token failed";
        MessageSource = "message-source", Input, "the source of the message failed";
        Closed = "closed", Misuse, "the session was closed before";
        HostNotFound = "host-not-found", Transport, "the name has no address";
        HostUnreachable = "host-unreachable", Transport, "there is no route to the address";
        ConnectionRefused = "connection-refused", Transport, "nothing listens on that port";
        ConnectionReset = "connection-reset", Transport, "the other side broke the connection off";
        CertificateInvalid = "certificate-invalid", Transport,
            "the certificate is expired, or not signed by a trusted authority";
        CertificateName = "certificate-name", Transport, "the certificate is for another host name";
    }
}

/// Who has to act on an error.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A value given by the caller breaks a rule; nothing of it was sent.
    Input,
    /// A call out of order, or a setting that does not exist.
    Misuse,
    /// The connection or TLS was lost, timed out, or was cancelled.
    Transport,
    /// The server broke the protocol.
    Protocol,
    /// The server said no: 4xx for now, 5xx for good.
    Refused,
    /// Authentication was refused, or there is no safe way to authenticate.
    Auth,
    /// The server lacks what was asked for, or this build of the engine does.
    Unsupported,
    /// The caller's own policy said no.
    Policy,
}

impl ErrorKind {
    pub(crate) fn from_raw(kind: sys::wsmtp_kind) -> Self {
        match kind {
            sys::WSMTP_KIND_INPUT => Self::Input,
            sys::WSMTP_KIND_TRANSPORT => Self::Transport,
            sys::WSMTP_KIND_PROTOCOL => Self::Protocol,
            sys::WSMTP_KIND_REFUSED => Self::Refused,
            sys::WSMTP_KIND_AUTH => Self::Auth,
            sys::WSMTP_KIND_UNSUPPORTED => Self::Unsupported,
            sys::WSMTP_KIND_POLICY => Self::Policy,
            _ => Self::Misuse,
        }
    }
}

impl Reason {
    pub(crate) fn from_raw(reason: sys::wsmtp_reason) -> Self {
        let index = (reason as usize).wrapping_sub(1);
        ENGINE.get(index).copied().unwrap_or(Self::Other)
    }

    pub(crate) fn to_raw(self) -> Option<sys::wsmtp_reason> {
        let index = ENGINE.iter().position(|&reason| reason == self)?;
        sys::wsmtp_reason::try_from(index + 1).ok()
    }

    /// Who has to act.
    #[must_use]
    pub fn kind(self) -> ErrorKind {
        match (self.local(), self.to_raw()) {
            (Some((kind, _)), _) => kind,
            // SAFETY: a pure function of a number.
            (None, Some(raw)) => ErrorKind::from_raw(unsafe { sys::wsmtp_reason_kind(raw) }),
            (None, None) => ErrorKind::Misuse,
        }
    }

    /// The sentence that names the rule. Of reasons about a field it is what follows the field's
    /// name: `"is empty"`.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match (self.local(), self.to_raw()) {
            (Some((_, sentence)), _) => sentence,
            (None, Some(raw)) => {
                let mut length = 0;
                // SAFETY: a pure function of a number; it gives static text of that length.
                unsafe { static_text(sys::wsmtp_reason_message(raw, &mut length), length) }
            }
            (None, None) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_those_of_the_header() {
        let header = include_str!("../../../../include/wsmtp/reason.h");
        let names: Vec<String> = header
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("X("))
            .map(|line| line.split(',').next().expect("a name").to_lowercase().replace('_', "-"))
            .collect();
        let ours: Vec<&str> = ENGINE.iter().map(|reason| reason.token()).collect();
        assert_eq!(names.first().map(String::as_str), Some("ok"));
        assert_eq!(names[1..], ours[..]);
        assert_eq!(ENGINE.len() + 1, sys::WSMTP_REASON_COUNT);
    }

    #[test]
    fn every_reason_has_a_kind_and_a_sentence() {
        for &reason in ENGINE {
            let raw = reason.to_raw().expect("a number");
            assert_eq!(Reason::from_raw(raw), reason);
            assert!(!reason.sentence().is_empty(), "{reason:?}");
        }
        assert_eq!(Reason::AddressEmpty.kind(), ErrorKind::Input);
        assert_eq!(Reason::AddressEmpty.sentence(), "is empty");
        assert_eq!(Reason::Timeout.kind(), ErrorKind::Transport);
        assert_eq!(Reason::CertificateName.kind(), ErrorKind::Transport);
        assert_eq!(Reason::from_raw(9999), Reason::Other);
    }
}
