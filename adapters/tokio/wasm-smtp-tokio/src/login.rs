//! Logging in.

use std::future::Future;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use wasm_smtp::{
    Credentials, DerivedKey, Error, IoFailure, KeyId, KeyRequest, Mechanism, Reason, Step,
};

use crate::body::Body;
use crate::cause::Cause;
use crate::client::SmtpClient;
use crate::drive::Signal;
use crate::tls;
use crate::trace::in_span;

/// SCRAM's salted keys of a login.
#[derive(Default)]
pub(crate) struct Keys {
    user: String,
    /// The caller's cache is asked.
    ask: bool,
    /// The key in use came from the cache.
    cached: Option<KeyId>,
    /// The key in use was derived.
    derived: Option<(KeyId, DerivedKey)>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> SmtpClient<S> {
    /// Logs in with a user's name and a password: SCRAM-SHA-256, else SCRAM-SHA-512, PLAIN, LOGIN, as
    /// the server offers them. No weaker mechanism is tried after a refusal. Not cancellation-safe:
    /// dropping the future closes the connection.
    pub async fn login(&mut self, user: &str, password: &str) -> Result<(), Error> {
        self.login_credentials(&Credentials::password(user, password)).await
    }

    /// Logs in with this mechanism and no other. Not cancellation-safe.
    pub async fn login_with(
        &mut self,
        mechanism: Mechanism,
        user: &str,
        password: &str,
    ) -> Result<(), Error> {
        self.login_credentials(&Credentials::password(user, password).mechanism(mechanism)).await
    }

    /// Logs in with an OAuth 2.0 access token by XOAUTH2. If the server refuses it,
    /// [`Error::detail`] may say why. Not cancellation-safe.
    pub async fn login_xoauth2(&mut self, user: &str, token: &str) -> Result<(), Error> {
        let credentials = Credentials::token(user, token).mechanism(Mechanism::XOAuth2);
        self.login_credentials(&credentials).await
    }

    /// Logs in with an OAuth 2.0 access token by OAUTHBEARER (RFC 7628). If the server refuses it,
    /// [`Error::detail`] may say why. Not cancellation-safe.
    pub async fn login_oauthbearer(&mut self, user: &str, token: &str) -> Result<(), Error> {
        let credentials = Credentials::token(user, token).mechanism(Mechanism::OAuthBearer);
        self.login_credentials(&credentials).await
    }

    /// Logs in with an OAuth 2.0 access token that is asked for when it is needed; by OAUTHBEARER, else
    /// XOAUTH2. `source` is called once, and once more with the refusal if the server refuses that
    /// token for good (5xx): with a fresh one the login is repeated on this session; without one the
    /// refusal stands. A token is waited for as long as the answer to a command. Not
    /// cancellation-safe.
    ///
    /// ```no_run
    /// # use wasm_smtp_tokio::{Error, SmtpClient};
    /// # async fn cached_token() -> std::io::Result<String> { Ok(String::new()) }
    /// # async fn fresh_token() -> std::io::Result<String> { Ok(String::new()) }
    /// # async fn example(client: &mut SmtpClient) -> Result<(), Error> {
    /// client
    ///     .login_token_source("site@example.org", |refusal| {
    ///         let refused = refusal.is_some();
    ///         async move { if refused { fresh_token().await } else { cached_token().await } }
    ///     })
    ///     .await
    /// # }
    /// ```
    pub async fn login_token_source<F, T, E>(
        &mut self,
        user: &str,
        mut source: F,
    ) -> Result<(), Error>
    where
        F: FnMut(Option<&Error>) -> T,
        T: Future<Output = Result<String, E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.check_open()?;
        let limit = self.options.timeouts.command;
        let first = ask_token(limit, source(None)).await?;
        let refusal = match self.login_credentials(&Credentials::token(user, &first)).await {
            Err(error) if is_final(&error) && !self.is_closed() => error,
            result => return result,
        };
        match ask_token(limit, source(Some(&refusal))).await {
            Ok(fresh) if fresh != first => {
                self.login_credentials(&Credentials::token(user, &fresh)).await
            }
            _ => Err(refusal),
        }
    }

    /// Logs in with everything that can be said about it. Not cancellation-safe.
    pub async fn login_credentials(&mut self, credentials: &Credentials) -> Result<(), Error> {
        in_span!(self.log_in(credentials), "smtp.login")
    }

    async fn log_in(&mut self, credentials: &Credentials) -> Result<(), Error> {
        self.finish_login().await?;
        self.check_open()?;
        let mut result = self.attempt(credentials, true).await;
        let keys = self.options.keys.clone();
        if let (Err(error), Some(stale), Some(keys)) = (&result, self.keys.cached.take(), &keys) {
            keys.forget(&stale);
            if !error.is_retryable() && !self.is_closed() {
                result = self.attempt(credentials, false).await;
            }
        }
        if let (Ok(()), Some((id, key)), Some(keys)) = (&result, self.keys.derived.take(), &keys) {
            keys.store(&id, &key);
        }
        self.keys = Keys::default();
        result
    }

    /// One exchange; `ask`: the caller's cache for a key.
    async fn attempt(&mut self, credentials: &Credentials, ask: bool) -> Result<(), Error> {
        let user = credentials.user().to_owned();
        self.keys = Keys { user, ask, ..Keys::default() };
        self.begin_login(credentials)?;
        if self.session.may_follow_login() {
            self.login_pending = Some(credentials.clone());
            return Ok(());
        }
        let signal = self.perform(&mut Body::None).await;
        if !self.is_of_hurry(&signal) {
            return self.login_result(signal);
        }
        self.reopen().await?;
        self.log_in_again(credentials).await
    }

    pub(crate) async fn log_in_again(&mut self, credentials: &Credentials) -> Result<(), Error> {
        self.begin_login(credentials)?;
        let signal = self.perform(&mut Body::None).await;
        self.login_result(signal)
    }

    fn begin_login(&mut self, credentials: &Credentials) -> Result<(), Error> {
        let mut credentials = credentials.clone();
        if !credentials.has_host() {
            credentials = credentials.host(&self.host, self.port);
        }
        if let (false, Some(binding)) = (credentials.has_channel_binding(), self.channel.binding())
        {
            credentials = credentials.channel_binding(binding);
        }
        self.session.login(&credentials, &tls::random::<24>()?)
    }

    fn login_result(&mut self, signal: Signal) -> Result<(), Error> {
        match signal {
            Signal::Authenticated => Ok(()),
            Signal::Refused(error) => Err(error),
            signal => Err(self.unexpected(signal)),
        }
    }

    /// Waits for the answer to a login that was not waited for.
    pub(crate) async fn finish_login(&mut self) -> Result<(), Error> {
        let Some(credentials) = self.login_pending.take() else { return Ok(()) };
        let signal = self.perform(&mut Body::None).await;
        if !self.is_of_hurry(&signal) {
            return self.login_result(signal);
        }
        self.reopen().await?;
        self.log_in_again(&credentials).await
    }

    /// Gives the session the key that it asks for: the caller's, else one that is derived.
    pub(crate) async fn give_key(&mut self, request: KeyRequest) {
        let mut id = KeyId::of(&request);
        id.host.clone_from(&self.host);
        id.user.clone_from(&self.keys.user);
        let ask = self.options.keys.as_ref().filter(|_| self.keys.ask);
        let known = ask.and_then(|keys| keys.lookup(&id)).filter(|key| request.fits(key));
        let key = match known {
            Some(key) => {
                self.keys.cached = Some(id);
                key
            }
            // Some milliseconds at least: not in this thread.
            None => match tokio::task::spawn_blocking(move || request.derive()).await {
                Ok(key) => {
                    self.keys.derived = Some((id, key.clone()));
                    key
                }
                Err(_) => return self.fail(IoFailure::Cancelled, Cause::default()),
            },
        };
        // It was asked for, so it cannot be out of order.
        let taken = self.session.key_derived(&key);
        debug_assert!(taken.is_ok());
    }
}

/// Not of the client: a future that holds a shared reference to it could not cross threads.
async fn ask_token<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    limit: Option<Duration>,
    asking: impl Future<Output = Result<String, E>>,
) -> Result<String, Error> {
    let late = |_| Error::new(Reason::Timeout).with_step(Step::Auth).with_note("no token came");
    let given = match limit {
        Some(limit) => timeout(limit, asking).await.map_err(late)?,
        None => asking.await,
    };
    given.map_err(|error| Error::new(Reason::TokenSource).with_source(error))
}

/// Whether the server refused the credentials for good.
fn is_final(error: &Error) -> bool {
    error.reason() == Reason::AuthRefused && error.reply().is_some_and(|reply| reply.code >= 500)
}
