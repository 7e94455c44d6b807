//! Many messages over one session, several of them under way at a time.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::iter::Fuse;
use std::task::{ready, Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};
use wasm_smtp::{Envelope, Error, Outcome, Reason, Step, TransactionId};

use crate::body::Body;
use crate::client::SmtpClient;
use crate::drive::Signal;
use crate::send::declare;
use crate::trace::in_span;

/// Messages under way; made by [`SmtpClient::send_all`].
///
/// Dropping it ends the session if a message is under way: the connection is closed, and what was half
/// sent is never continued. Each message whose result was not taken can then have been delivered or
/// not. If none is under way, the client can be used again.
#[must_use = "nothing is sent before `next` is awaited"]
pub struct SendAll<'c, S, I, B>
where
    S: AsyncRead + AsyncWrite + Unpin,
    I: Iterator<Item = (Envelope, B)>,
{
    client: &'c mut SmtpClient<S>,
    messages: Fuse<I>,
    /// In the order of the messages.
    begun: VecDeque<Begun<B>>,
    /// The message that the session takes now, and how much of it was taken.
    feeding: Option<(TransactionId, usize)>,
    /// The server turned out not to be what was expected of it: all is to be begun anew.
    outdated: bool,
    /// The login that was not waited for was refused: no message may follow.
    refusal: Option<Refusal>,
}

/// What is said of a refused login to every message behind it.
struct Refusal {
    reason: Reason,
    retryable: bool,
    words: Option<String>,
}

impl Refusal {
    fn of(error: &Error) -> Self {
        let words = error.reply().map(ToString::to_string);
        Self { reason: error.reason(), retryable: error.is_retryable(), words }
    }

    fn error(&self) -> Error {
        let error = Error::new(self.reason).with_step(Step::Auth).with_retryable(self.retryable);
        match &self.words {
            Some(words) => error.with_note(words.as_str()),
            None => error,
        }
    }
}

enum Begun<B> {
    /// `id`: none if it is to be begun anew.
    UnderWay {
        id: Option<TransactionId>,
        envelope: Envelope,
        message: B,
    },
    Over(Result<Outcome, Error>),
}

/// What the messages wait for.
enum Next {
    Result(Option<Result<Outcome, Error>>),
    Connection,
}

impl<'c, S, I, B> SendAll<'c, S, I, B>
where
    S: AsyncRead + AsyncWrite + Unpin,
    I: Iterator<Item = (Envelope, B)>,
    B: AsRef<[u8]>,
{
    pub(crate) fn new(client: &'c mut SmtpClient<S>, messages: I) -> Self {
        client.abandon_forgotten();
        Self {
            client,
            messages: messages.fuse(),
            begun: VecDeque::new(),
            feeding: None,
            outdated: false,
            refusal: None,
        }
    }

    /// The result of the next message, in the order of the messages; `None` after the last. There is
    /// exactly one result for each message, also if the session breaks; see
    /// [`send_mail`](SmtpClient::send_mail) for what it says.
    ///
    /// Cancellation-safe: dropping the future loses nothing, and the next call goes on (only while a
    /// connection is made once more, see [`ConnectOptions::expected`](crate::ConnectOptions::expected),
    /// dropping it closes that). Between calls nothing moves and no time limit is watched, so make the
    /// next one soon.
    pub async fn next(&mut self) -> Option<Result<Outcome, Error>> {
        in_span!(self.advance(), "smtp.send_all")
    }

    async fn advance(&mut self) -> Option<Result<Outcome, Error>> {
        loop {
            match poll_fn(|cx| self.poll_next(cx)).await {
                Next::Result(result) => return result,
                Next::Connection => self.reopen().await,
            }
        }
    }

    /// If that fails, each message that is begun anew says so.
    async fn reopen(&mut self) {
        let pending = self.client.login_pending.take();
        if let (Ok(()), Some(credentials)) = (self.client.reopen().await, pending) {
            let result = self.client.log_in_again(&credentials).await;
            self.refusal = result.err().as_ref().map(Refusal::of);
        }
    }

    /// All results, in the order of the messages. Not cancellation-safe: dropping the future closes
    /// the connection.
    pub async fn collect(mut self) -> Vec<Result<Outcome, Error>> {
        let mut results = Vec::with_capacity(self.messages.size_hint().0);
        while let Some(result) = self.next().await {
            results.push(result);
        }
        results
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        loop {
            // What has happened comes before what is to be begun: the session may be over.
            while let Some(signal) = self.client.next_signal() {
                self.take(signal);
            }
            if std::mem::take(&mut self.outdated) {
                return Poll::Ready(Next::Connection);
            }
            self.begin();
            match self.begun.front() {
                None => return Poll::Ready(Next::Result(None)),
                Some(Begun::Over(_)) => {}
                Some(Begun::UnderWay { .. }) => {
                    let signal = ready!(self.poll_signal(cx));
                    self.take(signal);
                    continue;
                }
            }
            if let Some(Begun::Over(result)) = self.begun.pop_front() {
                return Poll::Ready(Next::Result(Some(result)));
            }
        }
    }

    /// Begins as many messages as may be under way.
    fn begin(&mut self) {
        let most = usize::try_from(self.client.options.overlap).unwrap_or(usize::MAX).max(1);
        for one in &mut self.begun {
            if let Begun::UnderWay { id: id @ None, envelope, .. } = one {
                match submit(self.client, self.refusal.as_ref(), envelope) {
                    Ok(begun) => *id = Some(begun),
                    Err(error) => *one = Begun::Over(Err(error)),
                }
            }
        }
        while self.begun.len() < most {
            let Some((envelope, message)) = self.messages.next() else { break };
            let begun = declare(envelope, message.as_ref()).and_then(|envelope| {
                let allowed = self.client.check_policy(&envelope);
                allowed.map_err(|error| error.with_recipients(envelope.not_sent()))?;
                Ok((submit(self.client, self.refusal.as_ref(), &envelope)?, envelope))
            });
            self.begun.push_back(match begun {
                Ok((id, envelope)) => Begun::UnderWay { id: Some(id), envelope, message },
                Err(error) => Begun::Over(Err(error)),
            });
        }
    }

    fn poll_signal(&mut self, cx: &mut Context<'_>) -> Poll<Signal> {
        let Some((feeding, taken)) = self.feeding else {
            return self.client.poll_signal(cx, &mut Body::None);
        };
        let octets = self.begun.iter().find_map(|one| match one {
            Begun::UnderWay { id, message, .. } if *id == Some(feeding) => Some(message.as_ref()),
            _ => None,
        });
        let mut body = Body::octets(octets.unwrap_or_default(), taken);
        let polled = self.client.poll_signal(cx, &mut body);
        self.feeding = body.taken_so_far().map(|taken| (feeding, taken));
        polled
    }
}

impl<S, I, B> SendAll<'_, S, I, B>
where
    S: AsyncRead + AsyncWrite + Unpin,
    I: Iterator<Item = (Envelope, B)>,
{
    fn take(&mut self, signal: Signal) {
        match signal {
            Signal::Body(id) => self.feeding = Some((id, 0)),
            Signal::Done(done, ..) if self.client.is_of_hurry(&signal) => {
                self.feeding = None;
                let mut begun = self.begun.iter_mut();
                let id = begun.find_map(|one| match one {
                    Begun::UnderWay { id, .. } if *id == Some(done) => Some(id),
                    _ => None,
                });
                if let Some(id) = id {
                    *id = None;
                }
            }
            Signal::Failed(_) if self.client.is_of_hurry(&signal) => self.outdated = true,
            Signal::Done(done, outcome, error) => {
                if let Some(error) =
                    error.as_ref().filter(|one| one.reason() == Reason::AuthRefused)
                {
                    self.refusal = Some(Refusal::of(error));
                }
                let result = self.client.settle(outcome, error);
                self.feeding = self.feeding.filter(|(feeding, _)| *feeding != done);
                let mut begun = self.begun.iter_mut();
                let of = begun
                    .find(|one| matches!(one, Begun::UnderWay { id, .. } if *id == Some(done)));
                if let Some(one) = of {
                    *one = Begun::Over(result);
                }
            }
            signal => {
                let reason = self.client.unexpected(signal).reason();
                // Every message had its own word before this; one that had not would wait for ever.
                for one in &mut self.begun {
                    if let Begun::UnderWay { envelope, .. } = one {
                        let error = Error::new(reason).with_recipients(envelope.not_sent());
                        *one = Begun::Over(Err(error));
                    }
                }
            }
        }
    }
}

fn submit<S: AsyncRead + AsyncWrite + Unpin>(
    client: &mut SmtpClient<S>,
    refusal: Option<&Refusal>,
    envelope: &Envelope,
) -> Result<TransactionId, Error> {
    let allowed = client.check_open().and_then(|()| refusal.map_or(Ok(()), |one| Err(one.error())));
    let begun = allowed.and_then(|()| client.session.submit(envelope));
    begun.map_err(|error| error.with_recipients(envelope.not_sent()))
}

impl<S, I, B> Drop for SendAll<'_, S, I, B>
where
    S: AsyncRead + AsyncWrite + Unpin,
    I: Iterator<Item = (Envelope, B)>,
{
    fn drop(&mut self) {
        while let Some(signal) = self.client.next_signal() {
            self.take(signal);
        }
        if self.begun.iter().any(|one| matches!(one, Begun::UnderWay { .. })) {
            self.client.abandon();
        }
    }
}

impl<S, I, B> fmt::Debug for SendAll<'_, S, I, B>
where
    S: AsyncRead + AsyncWrite + Unpin,
    I: Iterator<Item = (Envelope, B)>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendAll").field("begun", &self.begun.len()).finish_non_exhaustive()
    }
}
