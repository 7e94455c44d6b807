//! The loop that moves octets between a session and its connection. One read and one write may be
//! pending at the same time: a server may answer before it has read everything.

use std::future::Future as _;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use wasm_smtp::{
    AuditEvent, Error, Event, IoFailure, KeyRequest, Outcome, Reason, Reply, Step, Tls,
    TransactionId, Violation,
};

use crate::body::{Body, Piece};
use crate::cause::Cause;
use crate::client::SmtpClient;
use crate::trace::record;

/// How long after a failed write the server's last words are waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What the loop stops for.
pub(crate) enum Signal {
    StartTls,
    Ready,
    DeriveKey(KeyRequest),
    Authenticated,
    /// The session takes this message now, from its start.
    Body(TransactionId),
    Done(TransactionId, Outcome, Option<Error>),
    Completed(Reply),
    Refused(Error),
    Closed,
    Failed(Error),
}

impl<S: AsyncRead + AsyncWrite + Unpin> SmtpClient<S> {
    /// Goes on until something happens that the caller has to know. `body` is what a message under
    /// way has left.
    pub(crate) fn poll_signal(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut Body<'_>,
    ) -> Poll<Signal> {
        loop {
            if let Some(signal) = self.next_signal() {
                return Poll::Ready(signal);
            }
            let mut progress = self.poll_body(cx, body);
            progress |= self.poll_output(cx);
            progress |= self.poll_input(cx);
            progress = progress || self.poll_timer(cx);
            if !progress {
                return Poll::Pending;
            }
        }
    }

    /// Takes events as long as they are only for the record.
    pub(crate) fn next_signal(&mut self) -> Option<Signal> {
        let sink = self.options.audit.as_ref();
        while let Some(event) = self.session.next_event() {
            match event {
                Event::Greeting(reply) => record(sink, AuditEvent::GreetingReceived(reply)),
                Event::Ehlo(_) => {
                    // What was expected of it, it offers: nothing has to be begun anew any more.
                    if self.tls != Tls::StartTls || self.session.is_secure() {
                        self.hurry = None;
                    }
                    record(sink, AuditEvent::EhloCompleted(&self.session.capabilities()));
                }
                Event::Mail { reply, .. } if reply.is_positive() => {
                    record(sink, AuditEvent::MailFromAccepted(reply));
                }
                // That the message was accepted for one is told with the others.
                Event::Recipient { reply, of_message: true, .. } if reply.is_positive() => {}
                Event::Recipient { address, reply, .. } if reply.is_positive() => {
                    record(sink, AuditEvent::RecipientAccepted { address, reply });
                }
                Event::Recipient { address, reply, .. } => {
                    record(sink, AuditEvent::RecipientRejected { address, reply });
                }
                Event::StartTls => return Some(Signal::StartTls),
                Event::Ready => return Some(Signal::Ready),
                Event::DeriveKey(request) => return Some(Signal::DeriveKey(request)),
                Event::Authenticated(_) => {
                    record(sink, AuditEvent::AuthCompleted(self.session.mechanism()));
                    if self.login_pending.take().is_none() {
                        return Some(Signal::Authenticated);
                    }
                }
                Event::Body { transaction } => return Some(Signal::Body(transaction)),
                Event::Done { transaction, outcome, error } => {
                    if outcome.accepted() > 0 {
                        record(sink, AuditEvent::MessageAccepted(&outcome));
                    }
                    return Some(Signal::Done(transaction, outcome, error));
                }
                Event::Completed(reply) => return Some(Signal::Completed(reply.to_reply())),
                // The messages behind a login that was not waited for say the same.
                Event::Refused(_) if self.login_pending.take().is_some() => {}
                Event::Refused(error) => return Some(Signal::Refused(error)),
                Event::Closed => return Some(Signal::Closed),
                Event::Failed(error) => return Some(Signal::Failed(error)),
                _ => {}
            }
        }
        None
    }

    /// The transport failed.
    pub(crate) fn fail(&mut self, why: IoFailure, cause: Cause) {
        self.cause.get_or_insert(cause);
        self.session.io_failed(why);
    }

    /// Gives the session what it takes of the message.
    fn poll_body(&mut self, cx: &mut Context<'_>, body: &mut Body<'_>) -> bool {
        let mut progress = false;
        while self.last_words.is_none() && self.session.wants_body() {
            let count = match body.poll_piece(cx) {
                Poll::Pending => break,
                Poll::Ready(Err(error)) => {
                    self.fail(IoFailure::Cancelled, Cause::of(Reason::MessageSource, error));
                    return true;
                }
                Poll::Ready(Ok(Piece::End)) => {
                    // It was asked for, so it cannot be out of order.
                    let ended = self.session.body_end();
                    debug_assert!(ended.is_ok());
                    body.end();
                    return true;
                }
                Poll::Ready(Ok(Piece::Octets(octets))) => self.session.body_write(octets),
            };
            body.taken(count);
            if self.limit.is_some_and(|limit| body.streamed() > limit) {
                let limit = self.limit.unwrap_or_default();
                let violation = Violation(format!("larger than {limit} octets"));
                self.fail(IoFailure::Cancelled, Cause::policy(violation));
                return true;
            }
            progress |= count > 0;
            if count == 0 {
                // The output is full, or the message broke a rule, and an event says which.
                return progress || !self.session.wants_body();
            }
        }
        progress
    }

    fn poll_output(&mut self, cx: &mut Context<'_>) -> bool {
        if self.last_words.is_some() {
            return false;
        }
        let mut progress = false;
        loop {
            let octets = self.session.output().octets;
            if octets.is_empty() {
                break;
            }
            match self.channel.poll_write(cx, octets) {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => {
                    self.write_failed(io::ErrorKind::WriteZero.into());
                    return true;
                }
                Poll::Ready(Ok(count)) => {
                    self.session.output_sent(count);
                    self.flush = true;
                    progress = true;
                }
                Poll::Ready(Err(error)) => {
                    self.write_failed(error);
                    return true;
                }
            }
        }
        if self.flush {
            match self.channel.poll_flush(cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.flush = false,
                Poll::Ready(Err(error)) => {
                    self.write_failed(error);
                    return true;
                }
            }
        }
        progress
    }

    /// The server may have said why it closed: what is on its way in is read first.
    fn write_failed(&mut self, error: io::Error) {
        // TLS may have taken some of it before it failed, so all of it counts as gone.
        let length = self.session.output().octets.len();
        self.session.output_sent(length);
        self.flush = false;
        self.last_words = Some(Cause::io(error));
        self.timer.as_mut().reset(Instant::now() + LAST_WORDS);
        self.armed = true;
    }

    fn poll_input(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.session.wants_read() {
            return false;
        }
        match self.channel.poll_read(cx, self.session.receive_buffer()) {
            Poll::Pending => return false,
            Poll::Ready(Ok(0)) => self.session.receive_end(),
            Poll::Ready(Ok(count)) => self.session.receive_done(count),
            Poll::Ready(Err(error)) => {
                let cause = self.last_words.take().unwrap_or_else(|| Cause::io(error));
                self.fail(IoFailure::ConnectionLost, cause);
            }
        }
        true
    }

    /// Arms the timer for what runs now; whether it expired.
    pub(crate) fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let (limit, epoch) = self.session.timer();
        if self.last_words.is_none() && self.epoch != Some(epoch) {
            self.epoch = Some(epoch);
            self.armed = limit.is_some();
            if let Some(limit) = limit {
                self.timer.as_mut().reset(Instant::now() + limit);
            }
        }
        if !self.armed || self.timer.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.armed = false;
        match self.last_words.take() {
            Some(cause) => self.fail(IoFailure::ConnectionLost, cause),
            None => self.fail(IoFailure::Timeout, Cause::default()),
        }
        true
    }

    /// The engine's error, with what only this side knows of its cause.
    pub(crate) fn explain(&self, error: Error) -> Error {
        let at_greeting = error.reason() == Reason::Timeout && error.step() == Some(Step::Greeting);
        if at_greeting && !self.session.is_secure() {
            return error.with_note("a server that expects TLS at once needs connect_smtps");
        }
        match &self.cause {
            Some(cause) => cause.explain(error),
            None => error,
        }
    }
}
