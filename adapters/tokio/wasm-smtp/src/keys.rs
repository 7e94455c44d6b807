//! SCRAM's salted keys, kept so that the next login costs no derivation.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;

use crate::credentials::{DerivedKey, KeyRequest};
use crate::sys;

/// A hash function of SCRAM.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Hash {
    pub(crate) fn from_raw(raw: sys::wsmtp_hash) -> Self {
        match raw {
            sys::WSMTP_HASH_SHA_1 => Self::Sha1,
            sys::WSMTP_HASH_SHA_512 => Self::Sha512,
            _ => Self::Sha256,
        }
    }
}

/// What a salted key (RFC 5802 section 3) was derived for.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyId {
    /// The server, as it was named when connecting: another one could ask for the key to the same
    /// salt, to pass its proof on.
    pub host: String,
    /// The user's name.
    pub user: String,
    /// Of the mechanism.
    pub hash: Hash,
    /// The server's.
    pub iterations: u32,
    /// The server's.
    pub salt: Vec<u8>,
}

impl KeyId {
    /// What a key is asked for; host and user are for the driver to fill in.
    #[must_use]
    pub fn of(request: &KeyRequest) -> Self {
        Self {
            host: String::new(),
            user: String::new(),
            hash: request.hash(),
            iterations: request.iterations(),
            salt: request.salt().to_vec(),
        }
    }
}

/// Keeps SCRAM's salted keys. A key stands for its password: who has it can log in, and a login with
/// it succeeds whatever password was given, so a cache must not serve where the login itself is to
/// show that a password is right. Called in the task that drives the session: be quick.
pub trait KeyCache: Send + Sync {
    /// The key, if there is one.
    fn lookup(&self, id: &KeyId) -> Option<DerivedKey>;

    /// A login with this key, which `lookup` did not give, succeeded.
    fn store(&self, id: &KeyId, key: &DerivedKey);

    /// The one that `lookup` gave was refused.
    fn forget(&self, id: &KeyId);
}

/// By host, user and hash.
type Keys = HashMap<(String, String, Hash), (KeyId, DerivedKey)>;

/// Keeps keys in memory: one for each host, user and hash. They are overwritten when they go.
#[derive(Default)]
pub struct MemoryKeyCache(Mutex<Keys>);

impl MemoryKeyCache {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T>(&self, act: impl FnOnce(&mut Keys) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

fn place(id: &KeyId) -> (String, String, Hash) {
    (id.host.clone(), id.user.clone(), id.hash)
}

impl KeyCache for MemoryKeyCache {
    fn lookup(&self, id: &KeyId) -> Option<DerivedKey> {
        self.with(|keys| {
            let (known, key) = keys.get(&place(id))?;
            (known == id).then(|| key.clone())
        })
    }

    fn store(&self, id: &KeyId, key: &DerivedKey) {
        self.with(|keys| keys.insert(place(id), (id.clone(), key.clone())));
    }

    fn forget(&self, id: &KeyId) {
        self.with(|keys| {
            if keys.get(&place(id)).is_some_and(|(known, _)| known == id) {
                keys.remove(&place(id));
            }
        });
    }
}

impl<T: KeyCache + ?Sized> KeyCache for std::sync::Arc<T> {
    fn lookup(&self, id: &KeyId) -> Option<DerivedKey> {
        (**self).lookup(id)
    }

    fn store(&self, id: &KeyId, key: &DerivedKey) {
        (**self).store(id, key);
    }

    fn forget(&self, id: &KeyId) {
        (**self).forget(id);
    }
}

impl fmt::Debug for MemoryKeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryKeyCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_for_each_host_user_and_hash() {
        let cache = MemoryKeyCache::new();
        let id = |user: &str, salt: u8| KeyId {
            host: "mx.example".into(),
            user: user.into(),
            hash: Hash::Sha256,
            iterations: 4096,
            salt: vec![salt],
        };
        let key = |octet| DerivedKey::from_octets(&[octet; 32]).expect("not too long");
        cache.store(&id("alice", 1), &key(1));
        cache.store(&id("bob", 1), &key(2));
        let found = |one: &KeyId| cache.lookup(one).map(|key| key.as_octets()[0]);
        assert_eq!((found(&id("alice", 1)), found(&id("bob", 1))), (Some(1), Some(2)));
        assert_eq!(found(&id("alice", 2)), None);
        cache.store(&id("alice", 2), &key(3));
        assert_eq!((found(&id("alice", 1)), found(&id("alice", 2))), (None, Some(3)));
        cache.forget(&id("alice", 1));
        assert_eq!(found(&id("alice", 2)), Some(3));
        cache.forget(&id("alice", 2));
        assert_eq!(found(&id("alice", 2)), None);
        assert!(DerivedKey::from_octets(&[0; 65]).is_none());
    }
}
