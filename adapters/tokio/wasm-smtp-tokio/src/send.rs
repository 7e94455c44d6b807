//! Sending messages, one after another.

use std::pin::pin;

use tokio::io::{AsyncRead, AsyncWrite};
use wasm_smtp::{
    BodyScan, BodyType, Envelope, Error, Field, Outcome, PolicyRequest, Reason, Session,
};

use crate::body::Body;
use crate::client::SmtpClient;
use crate::drive::Signal;
use crate::send_all::SendAll;
use crate::trace::in_span;

/// The envelope of a message that is there as a whole, with what it needs.
pub(crate) fn declare(envelope: Envelope, message: &[u8]) -> Result<Envelope, Error> {
    // It can be given again, so it may go in parts.
    let envelope = envelope.split();
    if envelope.body_type() == BodyType::Binary {
        return Ok(envelope.size(message.len() as u64));
    }
    let declared = BodyScan::new([message]).declare(envelope.clone());
    declared.map_err(|error| error.with_recipients(envelope.not_sent()))
}

impl<S: AsyncRead + AsyncWrite + Unpin> SmtpClient<S> {
    /// Sends a message given as text: header, empty line, body, with CRLF line ends. An empty `from`
    /// is the null reverse-path.
    ///
    /// Succeeds if at least one recipient was accepted, so look at each. Otherwise fails; the
    /// outcomes are then in [`Error::recipients`]. Not cancellation-safe: dropping the future closes
    /// the connection, and a message half sent is thrown away by the server.
    pub async fn send_mail<A: AsRef<str>>(
        &mut self,
        from: &str,
        to: &[A],
        message: &str,
    ) -> Result<Outcome, Error> {
        self.send_mail_bytes(from, to, message.as_bytes()).await
    }

    /// Sends a message given as octets; see [`send_mail`](SmtpClient::send_mail).
    pub async fn send_mail_bytes<A: AsRef<str>>(
        &mut self,
        from: &str,
        to: &[A],
        message: &[u8],
    ) -> Result<Outcome, Error> {
        self.send(Envelope::new(from, to.iter().map(AsRef::as_ref)), message).await
    }

    /// Sends a message whose header has non-ASCII characters (RFC 6531); fails if the server lacks
    /// SMTPUTF8. Addresses with them need no more than [`send_mail`](SmtpClient::send_mail). See [`send_mail`](SmtpClient::send_mail).
    pub async fn send_mail_smtputf8<A: AsRef<str>>(
        &mut self,
        from: &str,
        to: &[A],
        message: &[u8],
    ) -> Result<Outcome, Error> {
        let envelope = Envelope::new(from, to.iter().map(AsRef::as_ref)).smtputf8();
        self.send(envelope, message).await
    }

    /// Sends a message that is read piece by piece; memory does not depend on its size. See
    /// [`send_mail`](SmtpClient::send_mail); a message that breaks a rule, or whose source fails,
    /// is given up and ends the session.
    pub async fn send_mail_stream<A: AsRef<str>>(
        &mut self,
        from: &str,
        to: &[A],
        message: impl AsyncRead + Send,
    ) -> Result<Outcome, Error> {
        self.send_stream(Envelope::new(from, to.iter().map(AsRef::as_ref)), message).await
    }

    /// Sends a message made by the crate `mail-builder`; see [`send_mail`](SmtpClient::send_mail).
    #[cfg(feature = "mail-builder")]
    pub async fn send_message<A: AsRef<str>>(
        &mut self,
        from: &str,
        to: &[A],
        message: mail_builder::MessageBuilder<'_>,
    ) -> Result<Outcome, Error> {
        let envelope = Envelope::new(from, to.iter().map(AsRef::as_ref));
        match message.write_to_vec() {
            Ok(octets) => self.send(envelope, &octets).await,
            Err(error) => Err(Error::new(Reason::MessageSource)
                .with_field(Field::Message)
                .with_source(error)
                .with_recipients(envelope.not_sent())),
        }
    }

    /// Sends a message given as octets, with everything that can be said about it. Its size and
    /// whether it needs 8BITMIME are found out. Recipients beyond the server's limits, or answered 452,
    /// follow in further transactions ([`Envelope::split`]). See [`send_mail`](SmtpClient::send_mail).
    pub async fn send(&mut self, envelope: Envelope, message: &[u8]) -> Result<Outcome, Error> {
        let envelope = declare(envelope, message)?;
        self.send_body(envelope, Body::octets(message, 0)).await
    }

    /// Sends a message that is read piece by piece, with everything that can be said about it, except
    /// [`Envelope::split`]: a stream cannot be given again. See
    /// [`send_mail_stream`](SmtpClient::send_mail_stream).
    pub async fn send_stream(
        &mut self,
        envelope: Envelope,
        message: impl AsyncRead + Send,
    ) -> Result<Outcome, Error> {
        if envelope.is_split() {
            return Err(Error::new(Reason::OptionInvalid)
                .with_field(Field::Config)
                .with_note("a stream cannot be split: it cannot be given again")
                .with_recipients(envelope.not_sent()));
        }
        let source = pin!(message);
        self.send_body(envelope, Body::stream(source)).await
    }

    /// Sends many messages over this session: as many at a time as
    /// [`ConnectOptions::overlap`](crate::ConnectOptions::overlap) says, in as few round trips as the
    /// server allows. Messages are taken from the iterator when their turn comes. Nothing happens
    /// before [`SendAll::next`] is awaited.
    ///
    /// ```no_run
    /// # use wasm_smtp_tokio::{connect_smtps_with, ConnectOptions, Envelope, Error};
    /// # async fn example(letters: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
    /// let options = ConnectOptions::new().overlap(10);
    /// let mut client = connect_smtps_with("smtp.example.org", 465, "www.example.org", &options).await?;
    /// let from = "site@example.org";
    /// let messages = letters.into_iter().map(|(to, octets)| (Envelope::new(from, [to]), octets));
    /// let mut sending = client.send_all(messages);
    /// while let Some(result) = sending.next().await {
    ///     match result {
    ///         Ok(outcome) => println!("accepted as {}", outcome.queue_id().unwrap_or("?")),
    ///         Err(error) => println!("{error}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_all<M, B>(&mut self, messages: M) -> SendAll<'_, S, M::IntoIter, B>
    where
        M: IntoIterator<Item = (Envelope, B)>,
        B: AsRef<[u8]>,
    {
        SendAll::new(self, messages.into_iter())
    }

    async fn send_body(&mut self, envelope: Envelope, body: Body<'_>) -> Result<Outcome, Error> {
        let envelope = &envelope;
        in_span!(
            self.transfer(envelope, body),
            "smtp.send",
            recipients = envelope.to().len(),
            size = envelope.declared_size()
        )
    }

    async fn transfer(&mut self, envelope: &Envelope, body: Body<'_>) -> Result<Outcome, Error> {
        let not_sent = |error: Error| error.with_recipients(envelope.not_sent());
        self.check_policy(envelope).map_err(not_sent)?;
        let begin = |session: &mut Session| session.submit(envelope).map(drop);
        match self.carry_out(begin, body).await.map_err(not_sent)? {
            Signal::Done(_, outcome, error) => {
                let result = self.settle(outcome, error);
                // A session that broke says so right behind.
                if let Some(signal) = self.next_signal() {
                    self.unexpected(signal);
                }
                result
            }
            signal => Err(not_sent(self.unexpected(signal))),
        }
    }

    /// The result of a message that is over.
    pub(crate) fn settle(&self, outcome: Outcome, error: Option<Error>) -> Result<Outcome, Error> {
        if outcome.accepted() > 0 {
            return Ok(outcome);
        }
        let error = error.map_or_else(|| Error::new(Reason::Other), |error| self.explain(error));
        Err(error.with_recipients(outcome.recipients))
    }

    /// Whether it may be sent.
    pub(crate) fn check_policy(&mut self, envelope: &Envelope) -> Result<(), Error> {
        self.check_open()?;
        self.limit = None;
        if let Some(policy) = &self.options.policy {
            policy.check(&PolicyRequest::new(envelope)).map_err(|violation| {
                let words = violation.to_string();
                Error::new(Reason::Policy).with_note(words).with_source(violation)
            })?;
            self.limit = policy.max_octets();
        }
        Ok(())
    }
}
