//! Many messages over one session, several of them under way at a time.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::iter::Fuse;
use std::task::{ready, Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};
use wasm_smtp::{Envelope, Error, Outcome, TransactionId};

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
}

enum Begun<B> {
    UnderWay { id: TransactionId, envelope: Envelope, message: B },
    Over(Result<Outcome, Error>),
}

impl<'c, S, I, B> SendAll<'c, S, I, B>
where
    S: AsyncRead + AsyncWrite + Unpin,
    I: Iterator<Item = (Envelope, B)>,
    B: AsRef<[u8]>,
{
    pub(crate) fn new(client: &'c mut SmtpClient<S>, messages: I) -> Self {
        Self { client, messages: messages.fuse(), begun: VecDeque::new(), feeding: None }
    }

    /// The result of the next message, in the order of the messages; `None` after the last. There is
    /// exactly one result for each message, also if the session breaks; see
    /// [`send_mail`](SmtpClient::send_mail) for what it says.
    ///
    /// Cancellation-safe: dropping the future loses nothing, and the next call goes on. Between calls
    /// nothing moves and no time limit is watched, so make the next one soon.
    pub async fn next(&mut self) -> Option<Result<Outcome, Error>> {
        in_span!(poll_fn(|cx| self.poll_next(cx)), "smtp.send_all")
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

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Outcome, Error>>> {
        loop {
            // What has happened comes before what is to be begun: the session may be over.
            while let Some(signal) = self.client.next_signal() {
                self.take(signal);
            }
            self.begin();
            match self.begun.front() {
                None => return Poll::Ready(None),
                Some(Begun::Over(_)) => {}
                Some(Begun::UnderWay { .. }) => {
                    let signal = ready!(self.poll_signal(cx));
                    self.take(signal);
                    continue;
                }
            }
            if let Some(Begun::Over(result)) = self.begun.pop_front() {
                return Poll::Ready(Some(result));
            }
        }
    }

    /// Begins as many messages as may be under way.
    fn begin(&mut self) {
        let most = usize::try_from(self.client.options.overlap).unwrap_or(usize::MAX).max(1);
        while self.begun.len() < most {
            let Some((envelope, message)) = self.messages.next() else { break };
            let begun = declare(envelope, message.as_ref()).and_then(|envelope| {
                match self.client.submit(&envelope) {
                    Ok(id) => Ok((id, envelope)),
                    Err(error) => Err(error.with_recipients(envelope.not_sent())),
                }
            });
            self.begun.push_back(match begun {
                Ok((id, envelope)) => Begun::UnderWay { id, envelope, message },
                Err(error) => Begun::Over(Err(error)),
            });
        }
    }

    fn poll_signal(&mut self, cx: &mut Context<'_>) -> Poll<Signal> {
        let Some((feeding, taken)) = self.feeding else {
            return self.client.poll_signal(cx, &mut Body::None);
        };
        let octets = self.begun.iter().find_map(|one| match one {
            Begun::UnderWay { id, message, .. } if *id == feeding => Some(message.as_ref()),
            _ => None,
        });
        let mut body = Body::Octets(octets.and_then(|all| all.get(taken..)).unwrap_or_default());
        let before = body.left();
        let polled = self.client.poll_signal(cx, &mut body);
        self.feeding = match body {
            Body::None => None,
            body => Some((feeding, taken + (before - body.left()))),
        };
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
            Signal::Done(done, outcome, error) => {
                let result = self.client.settle(outcome, error);
                self.feeding = self.feeding.filter(|(feeding, _)| *feeding != done);
                let mut begun = self.begun.iter_mut();
                let of = begun.find(|one| matches!(one, Begun::UnderWay { id, .. } if *id == done));
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
