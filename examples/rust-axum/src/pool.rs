//! A pool of sessions that are logged in, on deadpool.

use deadpool::managed::{BuildError, Manager, Metrics, Object, Pool, RecycleError, RecycleResult};
use deadpool::Runtime;
use std::time::Duration;
use wasm_smtp_tokio::{connect_smtps_with, ConnectOptions, Credentials, Error, SmtpClient};

pub type SmtpPool = Pool<SmtpManager, Object<SmtpManager>>;

/// Sessions open at once.
const SESSIONS: usize = 4;
/// How long a request waits for one of them.
const PATIENCE: Duration = Duration::from_secs(30);
/// After so long a rest a session is asked for a sign of life before it is used.
const REST: Duration = Duration::from_secs(15);
/// Many servers end a session after some messages.
const MESSAGES: usize = 50;

pub struct SmtpManager {
    pub host: String,
    pub port: u16,
    pub ehlo: String,
    pub credentials: Option<Credentials>,
    pub options: ConnectOptions,
}

impl Manager for SmtpManager {
    type Type = SmtpClient;
    type Error = Error;

    async fn create(&self) -> Result<SmtpClient, Error> {
        let mut client =
            connect_smtps_with(&self.host, self.port, &self.ehlo, &self.options).await?;
        if let Some(credentials) = &self.credentials {
            client.login_credentials(credentials).await?;
        }
        Ok(client)
    }

    /// A session whose future was dropped, or that failed, says that it is closed: it goes.
    async fn recycle(&self, client: &mut SmtpClient, metrics: &Metrics) -> RecycleResult<Error> {
        if client.is_closed() || metrics.recycle_count >= MESSAGES {
            return Err(RecycleError::message("it has had its day"));
        }
        if metrics.last_used() >= REST {
            client.noop().await?;
        }
        Ok(())
    }
}

pub fn open(manager: SmtpManager) -> Result<SmtpPool, BuildError> {
    Pool::builder(manager)
        .max_size(SESSIONS)
        .wait_timeout(Some(PATIENCE))
        .runtime(Runtime::Tokio1)
        .build()
}
