use std::sync::Arc;

use wasm_smtp_tokio::rustls::version;
use wasm_smtp_tokio::{
    connect_smtps_with, ConnectOptions, DerivedKey, KeyCache, KeyId, Mechanism, MemoryKeyCache,
    Reason, SmtpClient,
};

use crate::binding::{start, start_refusing};
use crate::common::servers;

/// A session with a server whose salt is always the same.
async fn open(options: &ConnectOptions) -> SmtpClient {
    let (port, _serving) = start(&[&version::TLS13], "SCRAM-SHA-256").await;
    connect_smtps_with("localhost", port, "client.lab.test", options).await.expect("it opens")
}

/// Counts what is asked of a cache.
#[derive(Default)]
struct Counting {
    keys: MemoryKeyCache,
    story: std::sync::Mutex<Vec<&'static str>>,
}

impl Counting {
    fn tell(&self, what: &'static str) {
        self.story.lock().expect("not poisoned").push(what);
    }

    fn story(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.story.lock().expect("not poisoned"))
    }
}

impl KeyCache for Counting {
    fn lookup(&self, id: &KeyId) -> Option<DerivedKey> {
        let found = self.keys.lookup(id);
        self.tell(if found.is_some() { "found" } else { "missed" });
        found
    }

    fn store(&self, id: &KeyId, key: &DerivedKey) {
        assert_eq!((id.host.as_str(), id.user.as_str()), ("localhost", "alice"));
        self.tell("stored");
        self.keys.store(id, key);
    }

    fn forget(&self, id: &KeyId) {
        self.tell("forgotten");
        self.keys.forget(id);
    }
}

#[tokio::test]
async fn salted_keys_are_kept_and_stale_ones_forgotten() {
    let keys = Arc::new(Counting::default());
    let options = servers().options().key_cache(keys.clone());
    let scram = Mechanism::ScramSha256;
    for story in [&["missed", "stored"][..], &["found"]] {
        let mut client = open(&options).await;
        client.login_with(scram, "alice", "secret").await.expect("logged in");
        assert_eq!(keys.story(), story);
        client.quit().await;
    }
    // The key stands for the password: a login with it succeeds, whatever password is given.
    let mut client = open(&options).await;
    client.login_with(scram, "alice", "wrong").await.expect("logged in");
    assert_eq!(keys.story(), ["found"]);
    client.quit().await;

    // A key that is not right any more.
    struct Stale(Arc<Counting>);
    impl KeyCache for Stale {
        fn lookup(&self, id: &KeyId) -> Option<DerivedKey> {
            self.0.lookup(id).and(DerivedKey::from_octets(&[7; 32]))
        }
        fn store(&self, id: &KeyId, key: &DerivedKey) {
            self.0.store(id, key);
        }
        fn forget(&self, id: &KeyId) {
            self.0.forget(id);
        }
    }
    let stale = servers().options().key_cache(Stale(keys.clone()));
    // Refused by a message of SCRAM's, not by the reply alone.
    let (port, _serving) =
        start_refusing(&[&version::TLS13], "SCRAM-SHA-256", "e=invalid-proof").await;
    let client = connect_smtps_with("localhost", port, "client.lab.test", &stale).await;
    let mut client = client.expect("it opens");
    client.login_with(scram, "alice", "secret").await.expect("logged in with a key of its own");
    assert_eq!(keys.story(), ["found", "forgotten", "stored"]);
    client.quit().await;
    let mut client = open(&stale).await;
    client.login_with(scram, "alice", "secret").await.expect("logged in with a key of its own");
    assert_eq!(keys.story(), ["found", "forgotten", "stored"]);
    client.quit().await;
    let mut client = open(&stale).await;
    let error = client.login_with(scram, "alice", "wrong").await.expect_err("refused twice");
    assert_eq!(error.reason(), Reason::AuthRefused);
    assert_eq!(keys.story(), ["found", "forgotten"]);
    let error = client.login_with(scram, "alice", "wrong").await.expect_err("no key now");
    assert_eq!((error.reason(), keys.story()), (Reason::AuthRefused, vec!["missed"]));
    client.quit().await;
}
