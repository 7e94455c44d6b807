//! Settings of a connection.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use wasm_smtp::{AuditSink, Capabilities, KeyCache, Policy, Timeouts};

/// Trust anchors.
#[non_exhaustive]
#[derive(Clone)]
pub enum Roots {
    /// Those of the system.
    #[cfg(feature = "native-roots")]
    System,
    /// Mozilla's, as they were when this program was built.
    #[cfg(feature = "bundled-roots")]
    Bundled,
    /// These and no others.
    Custom(Arc<RootCertStore>),
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            #[cfg(feature = "native-roots")]
            Self::System => "System",
            #[cfg(feature = "bundled-roots")]
            Self::Bundled => "Bundled",
            Self::Custom(_) => "Custom",
        })
    }
}

#[allow(unreachable_code)]
fn default_roots() -> Option<Roots> {
    #[cfg(feature = "native-roots")]
    return Some(Roots::System);
    #[cfg(feature = "bundled-roots")]
    return Some(Roots::Bundled);
    None
}

/// Settings of connections. Cheap to clone; clones share TLS sessions, so make one and keep it.
#[derive(Clone)]
pub struct ConnectOptions {
    pub(crate) server_name: Option<String>,
    pub(crate) roots: Option<Roots>,
    pub(crate) alpn: Vec<Vec<u8>>,
    pub(crate) client_certificate:
        Option<Arc<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>>,
    pub(crate) timeouts: Timeouts,
    pub(crate) pipelining: bool,
    pub(crate) chunking: bool,
    pub(crate) overlap: u32,
    pub(crate) eager_octets: Option<u32>,
    pub(crate) lmtp: bool,
    pub(crate) lenient_bare_lf: bool,
    pub(crate) trusted_channel: bool,
    pub(crate) expected: Option<Capabilities>,
    pub(crate) early_envelope: bool,
    pub(crate) keys: Option<Arc<dyn KeyCache>>,
    pub(crate) policy: Option<Arc<dyn Policy>>,
    pub(crate) audit: Option<Arc<dyn AuditSink>>,
    /// What TLS needs, made when it is first needed.
    pub(crate) tls: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl ConnectOptions {
    /// Trust anchors of the system (or else the bundled ones), the timeouts of RFC 5321.
    #[must_use]
    pub fn new() -> Self {
        Self {
            server_name: None,
            roots: default_roots(),
            alpn: Vec::new(),
            client_certificate: None,
            timeouts: Timeouts::default(),
            pipelining: true,
            chunking: true,
            overlap: 1,
            eager_octets: None,
            lmtp: false,
            lenient_bare_lf: false,
            trusted_channel: false,
            expected: None,
            early_envelope: false,
            keys: None,
            policy: None,
            audit: None,
            tls: Arc::default(),
        }
    }

    /// The name that the certificate must be for, if it is not that of the host.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Which trust anchors.
    #[must_use]
    pub fn roots(mut self, roots: Roots) -> Self {
        self.roots = Some(roots);
        self.renew()
    }

    /// These trust anchors instead of all others: for a private authority.
    #[must_use]
    pub fn root_store(self, store: RootCertStore) -> Self {
        self.roots(Roots::Custom(Arc::new(store)))
    }

    /// Protocols to offer by ALPN, the preferred one first.
    #[must_use]
    pub fn alpn(mut self, protocols: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        self.alpn = protocols.into_iter().map(Into::into).collect();
        self.renew()
    }

    /// A certificate for the server to verify, with its chain, and its key.
    #[must_use]
    pub fn client_certificate(
        mut self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Self {
        self.client_certificate = Some(Arc::new((chain, key)));
        self.renew()
    }

    /// How long each phase may last.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// One command at a time, even if the server offers PIPELINING.
    #[must_use]
    pub fn no_pipelining(mut self) -> Self {
        self.pipelining = false;
        self
    }

    /// DATA, even if the server offers CHUNKING.
    #[must_use]
    pub fn no_chunking(mut self) -> Self {
        self.chunking = false;
        self
    }

    /// How many messages of [`SmtpClient::send_all`](crate::SmtpClient::send_all) may be under way at
    /// a time, if the server offers PIPELINING; 1 if not set. Ten is a good number. Not every server
    /// copes with commands that come before its last reply was read.
    #[must_use]
    pub fn overlap(mut self, messages: u32) -> Self {
        self.overlap = messages;
        self
    }

    /// With CHUNKING, how many octets a message of known size may have that travels together with its
    /// envelope, in one round trip; 16,384 if not set. A larger one waits until the envelope is
    /// accepted, so that a refusal costs little.
    #[must_use]
    pub fn eager_octets(mut self, octets: u32) -> Self {
        self.eager_octets = Some(octets);
        self
    }

    /// LMTP (RFC 2033) instead of SMTP: one reply for each recipient after the message.
    #[must_use]
    pub fn lmtp(mut self) -> Self {
        self.lmtp = true;
        self
    }

    /// Takes LF alone as the end of a reply line. Risk: a server that mixes both can be read
    /// differently by a middlebox.
    #[must_use]
    pub fn lenient_bare_lf(mut self) -> Self {
        self.lenient_bare_lf = true;
        self
    }

    /// The channel counts as secure without TLS: a Unix socket.
    #[must_use]
    pub fn trusted_channel(mut self) -> Self {
        self.trusted_channel = true;
        self
    }

    /// What this server offered on an earlier connection of the same kind: what
    /// [`SmtpClient::capabilities`](crate::SmtpClient::capabilities) said. If it offered PIPECONNECT, the
    /// greeting and EHLO's answer are not waited for, which saves two round trips a connection; a
    /// message never leaves before they are there. Should the server not offer all of it any more, or
    /// not like to be hurried, the connection is made once more without this, by itself: nothing was
    /// handed over then. Over a stream of yours ([`connect_over`](crate::connect_over)) that is yours
    /// to do: [`Reason::CapabilitiesChanged`](crate::Reason::CapabilitiesChanged).
    #[must_use]
    pub fn expected(mut self, capabilities: Capabilities) -> Self {
        self.expected = Some(capabilities);
        self
    }

    /// A login by PLAIN, EXTERNAL or ANONYMOUS succeeds at once, before the server has answered: the
    /// envelope of the message that follows travels with it. If the server refuses the login, the
    /// message fails with that ([`Reason::AuthRefused`](crate::Reason::AuthRefused)), and so do all
    /// others of a [`SmtpClient::send_all`](crate::SmtpClient::send_all).
    #[must_use]
    pub fn early_envelope(mut self) -> Self {
        self.early_envelope = true;
        self
    }

    /// Keeps SCRAM's salted keys, so that the next login costs no derivation. A key that the server
    /// refuses is forgotten, and the login repeated once with one derived from the password.
    #[must_use]
    pub fn key_cache(mut self, keys: impl KeyCache + 'static) -> Self {
        self.keys = Some(Arc::new(keys));
        self
    }

    /// Asked about each message before it is sent.
    #[must_use]
    pub fn policy(mut self, policy: impl Policy + 'static) -> Self {
        self.policy = Some(Arc::new(policy));
        self
    }

    /// Told what sessions do.
    #[must_use]
    pub fn audit(mut self, sink: impl AuditSink + 'static) -> Self {
        self.audit = Some(Arc::new(sink));
        self
    }

    fn renew(mut self) -> Self {
        self.tls = Arc::default();
        self
    }
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("server_name", &self.server_name)
            .field("roots", &self.roots)
            .field("timeouts", &self.timeouts)
            .field("pipelining", &self.pipelining)
            .finish_non_exhaustive()
    }
}
