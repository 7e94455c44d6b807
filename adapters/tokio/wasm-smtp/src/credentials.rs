//! What a login needs, and SCRAM's key.

use std::fmt;
use std::ops::RangeInclusive;

use crate::keys::Hash;
use crate::memory::{wipe, Pinned};
use crate::sys;
use crate::Mechanism;

/// Text that is overwritten when it is dropped.
#[derive(Clone, Default)]
struct Secret(Box<[u8]>);

impl Secret {
    fn new(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// What ties a login to its TLS channel (RFC 5802 section 6). Only a transport can know it.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelBinding {
    /// tls-exporter (RFC 9266): 32 octets that TLS 1.3 exports for the label
    /// `EXPORTER-Channel-Binding` and no context.
    TlsExporter([u8; 32]),
    /// tls-server-end-point (RFC 5929): the hash of the server's certificate.
    TlsServerEndPoint(Vec<u8>),
}

impl ChannelBinding {
    fn raw(&self) -> (sys::wsmtp_binding, &[u8]) {
        match self {
            Self::TlsExporter(octets) => (sys::WSMTP_BINDING_TLS_EXPORTER, octets),
            Self::TlsServerEndPoint(hash) => (sys::WSMTP_BINDING_TLS_SERVER_END_POINT, hash),
        }
    }
}

/// What a login needs. Overwritten when it is dropped; `Debug` shows none of it.
///
/// Texts go out as given: a SCRAM password with non-ASCII characters should be normalized before
/// (RFC 5802 section 2.2).
#[derive(Clone)]
pub struct Credentials {
    mechanism: Option<Mechanism>,
    user: Secret,
    password: Secret,
    token: Secret,
    authzid: Secret,
    host: Secret,
    port: u16,
    iterations: RangeInclusive<u32>,
    allow_plaintext: bool,
    binding: Option<ChannelBinding>,
}

impl Credentials {
    /// A password. Without a mechanism named: SCRAM-SHA-256, else SCRAM-SHA-512, PLAIN, LOGIN.
    #[must_use]
    pub fn password(user: &str, password: &str) -> Self {
        Self { password: Secret::new(password), ..Self::of(user) }
    }

    /// An OAuth 2.0 access token. Without a mechanism named: OAUTHBEARER, else XOAUTH2.
    #[must_use]
    pub fn token(user: &str, token: &str) -> Self {
        Self { token: Secret::new(token), ..Self::of(user) }
    }

    /// EXTERNAL: the channel says who we are, by the client's certificate. `identity`: as whom to act;
    /// normally empty.
    #[must_use]
    pub fn external(identity: &str) -> Self {
        Self::of("").mechanism(Mechanism::External).authorization_identity(identity)
    }

    /// ANONYMOUS: `trace` says who it is, to whoever reads the server's log; may be empty.
    #[must_use]
    pub fn anonymous(trace: &str) -> Self {
        Self::of(trace).mechanism(Mechanism::Anonymous)
    }

    fn of(user: &str) -> Self {
        Self {
            mechanism: None,
            user: Secret::new(user),
            password: Secret::default(),
            token: Secret::default(),
            authzid: Secret::default(),
            host: Secret::default(),
            port: 0,
            iterations: 0..=0,
            allow_plaintext: false,
            binding: None,
        }
    }

    /// This mechanism and no other.
    #[must_use]
    pub fn mechanism(mut self, mechanism: Mechanism) -> Self {
        self.mechanism = Some(mechanism);
        self
    }

    /// Act as somebody else; not with LOGIN, CRAM-MD5 and XOAUTH2.
    #[must_use]
    pub fn authorization_identity(mut self, identity: &str) -> Self {
        self.authzid = Secret::new(identity);
        self
    }

    /// Where OAUTHBEARER says that it wants to go (RFC 7628 section 3.1).
    #[must_use]
    pub fn host(mut self, host: &str, port: u16) -> Self {
        self.host = Secret::new(host);
        self.port = port;
        self
    }

    /// How many iterations of SCRAM are taken from a server; 4096 to 600,000 if not set.
    #[must_use]
    pub fn scram_iterations(mut self, limits: RangeInclusive<u32>) -> Self {
        self.iterations = limits;
        self
    }

    /// Sends the credentials although the channel is not protected by TLS: whoever listens has them.
    #[must_use]
    pub fn allow_plaintext_auth(mut self) -> Self {
        self.allow_plaintext = true;
        self
    }

    /// What ties the login to its TLS channel: SCRAM with it is preferred, if the server offers it.
    #[must_use]
    pub fn channel_binding(mut self, binding: ChannelBinding) -> Self {
        self.binding = Some(binding);
        self
    }

    /// Whether a channel binding was set.
    #[must_use]
    pub fn has_channel_binding(&self) -> bool {
        self.binding.is_some()
    }

    /// The user's name.
    #[must_use]
    pub fn user(&self) -> &str {
        std::str::from_utf8(&self.user.0).unwrap_or_default()
    }

    /// Whether an exchange by one message is short enough to be a single command.
    pub(crate) fn is_one_command(&self) -> bool {
        // AUTH and its response in base64 have room in a line of 512 octets.
        self.user.0.len() + self.password.0.len() + self.authzid.0.len() <= 300
    }

    /// Whether a host for OAUTHBEARER was set.
    #[must_use]
    pub fn has_host(&self) -> bool {
        !self.host.0.is_empty()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}

/// Credentials that the engine holds a pointer to.
pub(crate) struct Lent {
    pub(crate) raw: Pinned<sys::wsmtp_credentials>,
    texts: Pinned<[u8]>,
    password: std::ops::Range<usize>,
}

impl Lent {
    /// `nonce`: fresh random bytes.
    pub(crate) fn new(credentials: &Credentials, nonce: &[u8]) -> Self {
        let c = credentials;
        let parts = [&c.user, &c.password, &c.token, &c.authzid, &c.host].map(|part| &*part.0);
        let (binding, binding_data) =
            c.binding.as_ref().map_or((sys::WSMTP_BINDING_NONE, &[][..]), ChannelBinding::raw);
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let length = length + nonce.len() + binding_data.len();
        // Reserved whole: growing would leave copies behind.
        let mut texts = Vec::with_capacity(length);
        for part in parts.into_iter().chain([nonce, binding_data]) {
            texts.extend_from_slice(part);
        }
        let texts = Pinned::new(texts.into_boxed_slice());
        let start = texts.as_ptr().cast::<u8>().cast_const();
        let mut at = 0;
        let mut place = |part: &[u8]| {
            // An offset within the texts, or just behind them.
            let pointer = start.wrapping_add(at);
            at += part.len();
            (pointer, part.len())
        };
        // SAFETY: a struct of numbers and pointers, for all of which zero is a value.
        let mut raw: sys::wsmtp_credentials = unsafe { std::mem::zeroed() };
        // SAFETY: a struct to be written.
        unsafe { sys::wsmtp_credentials_init(&mut raw) };
        raw.mechanism = c.mechanism.map_or(sys::WSMTP_MECHANISM_AUTO, Mechanism::to_raw);
        let [user, password, token, authzid, host] = parts.map(&mut place);
        (raw.nonce, raw.nonce_len) = place(nonce);
        (raw.binding_data, raw.binding_data_len) = place(binding_data);
        raw.binding = binding;
        (raw.user, raw.user_len) = (user.0.cast(), user.1);
        (raw.password, raw.password_len) = (password.0.cast(), password.1);
        (raw.token, raw.token_len) = (token.0.cast(), token.1);
        (raw.authzid, raw.authzid_len) = (authzid.0.cast(), authzid.1);
        (raw.host, raw.host_len) = (host.0.cast(), host.1);
        raw.port = c.port.into();
        raw.scram_iterations_min = *c.iterations.start();
        raw.scram_iterations_max = *c.iterations.end();
        raw.allow_plaintext_auth = c.allow_plaintext;
        let begin = user.1;
        Self { raw: Pinned::new(Box::new(raw)), texts, password: begin..begin + password.1 }
    }

    /// The password alone.
    fn password(&self) -> Secret {
        // SAFETY: the texts are ours, alive, and written only when dropped.
        let texts = unsafe { &*self.texts.as_ptr() };
        Secret(texts[self.password.clone()].into())
    }

    pub(crate) fn key_request(&self, event: &sys::wsmtp_event, salt: &[u8]) -> KeyRequest {
        KeyRequest {
            hash: event.hash,
            iterations: event.iterations,
            salt: salt.into(),
            password: self.password(),
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // SAFETY: the texts are ours; the engine's use of them is over.
        wipe(unsafe { &mut *self.texts.as_ptr() });
    }
}

/// SCRAM's derivation of a key from the password: some milliseconds of computing, up to seconds if
/// the server wants many iterations. Can be moved to another thread.
pub struct KeyRequest {
    hash: sys::wsmtp_hash,
    iterations: u32,
    salt: Box<[u8]>,
    password: Secret,
}

impl KeyRequest {
    /// How many iterations the server wants.
    #[must_use]
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Of the mechanism.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::from_raw(self.hash)
    }

    /// The server's.
    #[must_use]
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// Whether a key that was kept has the length that this one has to have.
    #[must_use]
    pub fn fits(&self, key: &DerivedKey) -> bool {
        // SAFETY: a pure function of a number.
        key.length == unsafe { sys::wsmtp_hash_len(self.hash) }
    }

    /// Does the derivation (PBKDF2, RFC 8018).
    #[must_use]
    pub fn derive(&self) -> DerivedKey {
        let mut key = DerivedKey { octets: [0; sys::WSMTP_HASH_MAX], length: 0 };
        // SAFETY: pointers with their lengths, and room for the longest key.
        unsafe {
            sys::wsmtp_derive_key(
                self.hash,
                self.password.0.as_ptr(),
                self.password.0.len(),
                self.salt.as_ptr(),
                self.salt.len(),
                self.iterations,
                key.octets.as_mut_ptr(),
            );
            key.length = sys::wsmtp_hash_len(self.hash);
        }
        key
    }
}

impl fmt::Debug for KeyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRequest").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

/// SCRAM's salted key (RFC 5802 section 3): what [`KeyRequest::derive`] gives. As good as the password:
/// who has it can log in. Overwritten when it is dropped.
#[derive(Clone)]
pub struct DerivedKey {
    octets: [u8; sys::WSMTP_HASH_MAX],
    length: usize,
}

impl DerivedKey {
    /// One that was kept; `None` if no hash is that long.
    #[must_use]
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let mut key = Self { octets: [0; sys::WSMTP_HASH_MAX], length: octets.len() };
        key.octets.get_mut(..octets.len())?.copy_from_slice(octets);
        Some(key)
    }

    /// To be kept as a password is.
    #[must_use]
    pub fn as_octets(&self) -> &[u8] {
        &self.octets[..self.length]
    }
}

impl Drop for DerivedKey {
    fn drop(&mut self) {
        wipe(&mut self.octets);
    }
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DerivedKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        let credentials =
            Credentials::password("alice", "wonderland").authorization_identity("bob");
        let shown = format!("{credentials:?}");
        assert!(
            !shown.contains("alice") && !shown.contains("wonderland") && !shown.contains("bob")
        );
    }

    #[test]
    fn keys_are_those_of_rfc_7677() {
        let salt = [
            0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36,
            0xfa, 0x81,
        ];
        let request = KeyRequest {
            hash: sys::WSMTP_HASH_SHA_256,
            iterations: 4096,
            salt: salt.into(),
            password: Secret::new("pencil"),
        };
        let key = request.derive();
        let expected = if cfg!(feature = "scram") { 32 } else { 0 };
        assert_eq!(key.as_octets().len(), expected);
        if cfg!(feature = "scram") {
            // PBKDF2-HMAC-SHA-256, computed with OpenSSL.
            assert_eq!(key.as_octets()[..4], [0xc4, 0xa4, 0x95, 0x10]);
            let longer = KeyRequest { hash: sys::WSMTP_HASH_SHA_512, ..request };
            assert!(!longer.fits(&key) && longer.hash() == Hash::Sha512);
            let key = longer.derive();
            assert!(longer.fits(&key) && key.as_octets().len() == 64);
            // PBKDF2-HMAC-SHA-512, computed with Python's hashlib.
            assert_eq!(key.as_octets()[..4], [0xf1, 0x6e, 0xfe, 0x1b]);
        }
    }
}
