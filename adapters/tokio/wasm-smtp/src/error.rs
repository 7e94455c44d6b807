//! The one error of these crates.

use std::fmt;
use std::sync::Arc;

use crate::outcome::RecipientOutcome;
use crate::reply::Reply;
use crate::sys;
use crate::text::{static_text, text};
use crate::{ErrorKind, Reason};

/// Where a session was.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Opening the connection.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The server's greeting.
    Greeting,
    /// EHLO, or HELO.
    Ehlo,
    /// STARTTLS and its reply.
    StartTls,
    /// Idle.
    Ready,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA until its reply.
    Data,
    /// The message itself.
    Body,
    /// The message is sent, its reply awaited.
    EndOfData,
    /// RSET.
    Reset,
    /// NOOP.
    Noop,
    /// QUIT.
    Quit,
    /// The session is over.
    Closed,
    /// VRFY.
    Vrfy,
    /// EXPN.
    Expn,
    /// HELP.
    Help,
    /// XCLIENT.
    XClient,
}

const STEPS: [Step; sys::WSMTP_STEP_COUNT] = [
    Step::Connect,
    Step::Tls,
    Step::Greeting,
    Step::Ehlo,
    Step::StartTls,
    Step::Ready,
    Step::Auth,
    Step::Mail,
    Step::Rcpt,
    Step::Data,
    Step::Body,
    Step::EndOfData,
    Step::Reset,
    Step::Noop,
    Step::Quit,
    Step::Closed,
    Step::Vrfy,
    Step::Expn,
    Step::Help,
    Step::XClient,
];

impl Step {
    pub(crate) fn from_raw(step: sys::wsmtp_step) -> Self {
        STEPS.get(step as usize).copied().unwrap_or(Self::Closed)
    }
}

impl fmt::Display for Step {
    /// The name in RFC 5321: `MAIL FROM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut length = 0;
        // SAFETY: a pure function of a number; it gives static text of that length.
        f.write_str(unsafe {
            static_text(sys::wsmtp_step_name(*self as sys::wsmtp_step, &mut length), length)
        })
    }
}

/// What breaks the rule, in errors of kind [`ErrorKind::Input`].
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The reverse-path.
    From,
    /// A recipient; [`Error::index`] says which.
    To,
    /// The name given with EHLO.
    EhloName,
    /// The message.
    Message,
    /// The user's name.
    User,
    /// The password.
    Password,
    /// The OAuth 2.0 token.
    Token,
    /// The authorization identity.
    AuthorizationIdentity,
    /// The host name.
    Host,
    /// The entropy for SCRAM.
    Nonce,
    /// The SASL mechanism.
    Mechanism,
    /// The limits of SCRAM's iterations.
    Iterations,
    /// The channel binding.
    ChannelBinding,
    /// A parameter of MAIL, or an attribute of XCLIENT; [`Error::keyword`] says which.
    Parameter,
    /// A parameter of RCPT; [`Error::keyword`] says which, [`Error::index`] of which recipient.
    RecipientParameter,
    /// All recipients together.
    Recipients,
    /// The argument of VRFY, EXPN or HELP.
    Argument,
    /// A setting.
    Config,
    /// The name to verify the certificate against.
    ServerName,
    /// The trust anchors.
    RootStore,
    /// The client's certificate or its key.
    ClientCertificate,
}

impl Field {
    fn from_raw(field: sys::wsmtp_field) -> Option<Self> {
        Some(match field {
            sys::WSMTP_FIELD_NONE => return None,
            sys::WSMTP_FIELD_REVERSE_PATH => Self::From,
            sys::WSMTP_FIELD_RECIPIENT => Self::To,
            sys::WSMTP_FIELD_EHLO_NAME => Self::EhloName,
            sys::WSMTP_FIELD_MESSAGE => Self::Message,
            sys::WSMTP_FIELD_USER => Self::User,
            sys::WSMTP_FIELD_PASSWORD => Self::Password,
            sys::WSMTP_FIELD_TOKEN => Self::Token,
            sys::WSMTP_FIELD_AUTHZID => Self::AuthorizationIdentity,
            sys::WSMTP_FIELD_HOST => Self::Host,
            sys::WSMTP_FIELD_NONCE => Self::Nonce,
            sys::WSMTP_FIELD_MECHANISM => Self::Mechanism,
            sys::WSMTP_FIELD_ITERATIONS => Self::Iterations,
            sys::WSMTP_FIELD_BINDING => Self::ChannelBinding,
            sys::WSMTP_FIELD_PARAMETER => Self::Parameter,
            sys::WSMTP_FIELD_RECIPIENT_PARAMETER => Self::RecipientParameter,
            sys::WSMTP_FIELD_RECIPIENTS => Self::Recipients,
            sys::WSMTP_FIELD_ARGUMENT => Self::Argument,
            _ => Self::Config,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::To => "to",
            Self::EhloName => "ehlo_name",
            Self::Message => "message",
            Self::User => "user",
            Self::Password => "password",
            Self::Token => "token",
            Self::AuthorizationIdentity => "authorization identity",
            Self::Host => "host",
            Self::Nonce => "nonce",
            Self::Mechanism => "mechanism",
            Self::Iterations => "iterations",
            Self::ChannelBinding => "channel binding",
            Self::Parameter => "parameter",
            Self::RecipientParameter => "parameter of recipient",
            Self::Recipients => "recipients",
            Self::Argument => "argument",
            Self::Config => "config",
            Self::ServerName => "server_name",
            Self::RootStore => "root_store",
            Self::ClientCertificate => "client_certificate",
        }
    }
}

/// What went wrong: who has to act ([`kind`](Error::kind)), which rule or event it was
/// ([`reason`](Error::reason)), where the session stood, what the server said, whether trying again
/// may help, and whether the message is in doubt.
///
/// Its text is a sentence for people. It holds no credentials, no message text, and nothing of an
/// input that was refused, so it can be logged. The error of the system or of TLS, if there was one,
/// is the [`source`](std::error::Error::source).
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    reason: Reason,
    step: Option<Step>,
    field: Option<Field>,
    index: usize,
    retryable: bool,
    in_doubt: bool,
    reply: Option<Reply>,
    detail: Option<Box<str>>,
    note: Option<Box<str>>,
    recipients: Vec<RecipientOutcome>,
    source: Option<Cause>,
}

/// Several errors can have the same.
type Cause = Arc<dyn std::error::Error + Send + Sync>;

impl Error {
    /// An error that is not the engine's: of a transport, of a policy, of a caller's option.
    #[must_use]
    pub fn new(reason: Reason) -> Self {
        Self(Box::new(Inner {
            kind: reason.kind(),
            reason,
            step: None,
            field: None,
            index: 0,
            retryable: reason.kind() == ErrorKind::Transport,
            in_doubt: false,
            reply: None,
            detail: None,
            note: None,
            recipients: Vec::new(),
            source: None,
        }))
    }

    pub(crate) fn from_raw(raw: &sys::wsmtp_error) -> Self {
        let mut error = Self::new(Reason::from_raw(raw.reason));
        let inner = &mut *error.0;
        inner.kind = ErrorKind::from_raw(raw.kind);
        inner.field = Field::from_raw(raw.field);
        inner.step = inner.field.is_none().then(|| Step::from_raw(raw.step));
        inner.index = raw.index;
        inner.retryable = raw.retryable;
        inner.in_doubt = raw.in_doubt;
        inner.reply = Reply::from_raw(&raw.reply);
        let detail = match inner.field {
            // SAFETY: a keyword is a constant of the engine.
            Some(Field::Parameter | Field::RecipientParameter) => unsafe {
                static_text(raw.detail, raw.detail_len)
            },
            // SAFETY: the engine's text, alive until its next call; it is copied here.
            _ => unsafe { text(raw.detail, raw.detail_len) },
        };
        inner.detail = (!detail.is_empty()).then(|| detail.into());
        error
    }

    /// Of a call after the session's end, for which this was the error: nothing of it was done.
    pub(crate) fn after_the_end(self, reason: Reason) -> Self {
        let again = self.0.retryable || self.0.in_doubt;
        let mut error = self.with_reason(reason).with_retryable(again);
        error.0.in_doubt = false;
        error
    }

    /// Names what breaks the rule.
    #[must_use]
    pub fn with_field(mut self, field: Field) -> Self {
        self.0.field = Some(field);
        self.0.step = None;
        self
    }

    pub(crate) fn with_index(mut self, index: usize) -> Self {
        self.0.index = index;
        self
    }

    pub(crate) fn with_detail(mut self, detail: &str) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Says where the session was.
    #[must_use]
    pub fn with_step(mut self, step: Step) -> Self {
        self.0.step = Some(step);
        self
    }

    /// Names the cause more exactly than the engine can.
    #[must_use]
    pub fn with_reason(mut self, reason: Reason) -> Self {
        self.0.reason = reason;
        self.0.kind = reason.kind();
        self
    }

    /// Adds to the sentence. Must not contain secrets.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<Box<str>>) -> Self {
        self.0.note = Some(note.into());
        self
    }

    /// Sets the error that caused this one; of one in an `Arc<dyn Error + Send + Sync>` the error itself,
    /// so that its type can be asked for.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(match source.into().downcast::<Cause>() {
            Ok(shared) => *shared,
            Err(source) => source.into(),
        });
        self
    }

    /// Whether the same request may succeed later without duplicating anything.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Attaches the outcome of each recipient.
    #[must_use]
    pub fn with_recipients(mut self, recipients: Vec<RecipientOutcome>) -> Self {
        self.0.recipients = recipients;
        self
    }

    /// Who has to act.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Which rule or event it was.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// Where the session was; none for errors about a value.
    #[must_use]
    pub fn step(&self) -> Option<Step> {
        self.0.step
    }

    /// What breaks the rule, of errors about a value.
    #[must_use]
    pub fn field(&self) -> Option<Field> {
        self.0.field
    }

    /// Which recipient breaks the rule, from 0.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        let of_one = matches!(self.0.field, Some(Field::To | Field::RecipientParameter));
        of_one.then_some(self.0.index)
    }

    /// The reply that caused it.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        self.0.reply.as_ref()
    }

    /// The JSON with which an OAuth server explains a refused token (RFC 7628), cleaned; of an error
    /// about a parameter its keyword.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// Of an error about a parameter or an attribute its keyword: `RET`, `NOTIFY`.
    #[must_use]
    pub fn keyword(&self) -> Option<&str> {
        match self.0.field {
            Some(Field::Parameter | Field::RecipientParameter) => self.detail(),
            _ => None,
        }
    }

    /// The same request may succeed later, and repeating it delivers nothing twice.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The whole message was handed over and no answer came: it may have been delivered.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.0.in_doubt
    }

    /// Outcome of each recipient, of an error of sending; else empty.
    #[must_use]
    pub fn recipients(&self) -> &[RecipientOutcome] {
        &self.0.recipients
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        match (inner.field, inner.step) {
            (Some(Field::To), _) => write!(f, "to[{}] ", inner.index)?,
            (Some(Field::Parameter), _) => write!(f, "{} ", self.detail().unwrap_or("parameter"))?,
            (Some(Field::RecipientParameter), _) => {
                write!(f, "{} of to[{}] ", self.detail().unwrap_or("parameter"), inner.index)?;
            }
            (Some(field), _) => write!(f, "{} ", field.name())?,
            (None, Some(step)) => write!(f, "during {step}, ")?,
            (None, None) => {}
        }
        f.write_str(inner.reason.sentence())?;
        if let Some(reply) = &inner.reply {
            write!(f, ": {reply}")?;
        }
        if let Some(note) = &inner.note {
            write!(f, ": {note}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("message", &self.to_string())
            .field("kind", &inner.kind)
            .field("reason", &inner.reason)
            .field("step", &inner.step)
            .field("field", &inner.field)
            .field("reply", &inner.reply)
            .field("detail", &inner.detail)
            .field("retryable", &inner.retryable)
            .field("in_doubt", &inner.in_doubt)
            .field("recipients", &inner.recipients)
            .field("source", &inner.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    #[test]
    fn steps_have_the_names_of_the_rfc() {
        assert_eq!(Step::Mail.to_string(), "MAIL FROM");
        assert_eq!(Step::Quit.to_string(), "QUIT");
        for (number, step) in STEPS.iter().enumerate() {
            assert_eq!(*step as usize, number);
        }
    }

    #[test]
    fn errors_say_where_and_why() {
        let io = std::io::Error::other("broken wire");
        let error = Error::new(Reason::ConnectionReset).with_step(Step::Data).with_source(io);
        assert_eq!(error.to_string(), "during DATA, the other side broke the connection off");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("broken wire"));
        assert!(error.is_retryable() && !error.is_in_doubt());
        let shared: Cause = Arc::new(std::io::Error::other("broken wire"));
        for source in [Box::from(std::io::Error::other("broken wire")), Box::from(shared)] {
            let source: Box<dyn std::error::Error + Send + Sync> = source;
            let error = Error::new(Reason::ConnectionReset).with_source(source);
            assert!(error.source().is_some_and(|source| source.is::<std::io::Error>()));
        }
        let error = Error::new(Reason::OptionInvalid).with_field(Field::ServerName);
        assert_eq!(error.to_string(), "server_name is not valid");
        assert_eq!((error.kind(), error.index()), (ErrorKind::Input, None));
    }

    #[test]
    fn errors_may_cross_threads() {
        fn sendable<T: Send + Sync + 'static>() {}
        sendable::<Error>();
    }
}
