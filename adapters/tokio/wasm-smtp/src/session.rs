//! One SMTP client session.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::time::Duration;

use crate::capabilities::{Capabilities, Extension};
use crate::config::Config;
use crate::credentials::{Credentials, DerivedKey, Lent};
use crate::envelope::{Envelope, Transaction, TransactionId};
use crate::event::Event;
use crate::idn::domain_to_ascii;
use crate::memory::{wipe, Opaque, Pinned};
use crate::parameter::Parameter;
use crate::reply::{Reply, ReplyRef};
use crate::sys;
use crate::text::octets;
use crate::xclient::XClient;
use crate::{Error, Field, Mechanism, Reason, Step};

/// How a transport failed; for [`Session::io_failed`].
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IoFailure {
    /// The connection could not be opened.
    ConnectFailed,
    /// The connection broke.
    ConnectionLost,
    /// The TLS handshake failed.
    TlsFailed,
    /// The time of [`Session::timer`] is up.
    Timeout,
    /// The caller wants no more.
    Cancelled,
}

impl IoFailure {
    fn to_raw(self) -> sys::wsmtp_reason {
        match self {
            Self::ConnectFailed => sys::WSMTP_REASON_CONNECT_FAILED,
            Self::ConnectionLost => sys::WSMTP_REASON_CONNECTION_LOST,
            Self::TlsFailed => sys::WSMTP_REASON_TLS_FAILED,
            Self::Timeout => sys::WSMTP_REASON_TIMEOUT,
            Self::Cancelled => sys::WSMTP_REASON_CANCELLED,
        }
    }
}

/// Octets for the server. `Debug` shows no credentials.
#[non_exhaustive]
#[derive(Clone, Copy)]
pub struct Output<'a> {
    /// To be written in this order.
    pub octets: &'a [u8],
    /// From here on they carry credentials and must not be shown in traces.
    pub secret_at: usize,
}

impl std::fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.octets.get(..self.secret_at).unwrap_or(self.octets);
        f.debug_struct("Output")
            .field("octets", &shown)
            .field("secret_at", &self.secret_at)
            .finish_non_exhaustive()
    }
}

/// One SMTP client session, from greeting to QUIT. It does no I/O: whoever owns it moves octets.
///
/// ```
/// use wasm_smtp::{Config, Event, Session};
///
/// # fn main() -> Result<(), wasm_smtp::Error> {
/// let mut session = Session::new(&Config::new("client.example"))?;
/// session.receive(b"220 mx.example ESMTP\r\n");
/// assert!(matches!(session.next_event(), Some(Event::Greeting(reply)) if reply.code == 220));
/// assert!(session.next_event().is_none());
/// assert_eq!(session.output().octets, b"EHLO client.example\r\n");
/// let length = session.output().octets.len();
/// session.output_sent(length);
/// # Ok(())
/// # }
/// ```
///
/// The loop of a driver: take all events; write [`output`](Session::output); give the message while
/// [`wants_body`](Session::wants_body); read while [`wants_read`](Session::wants_read), also while a
/// write is pending; wait for the transport or for [`timer`](Session::timer).
pub struct Session {
    engine: Opaque<sys::wsmtp_engine>,
    transactions: VecDeque<Transaction>,
    next_id: u64,
    credentials: Option<Lent>,
    config: Pinned<sys::wsmtp_config>,
    lmtp: bool,
    early_envelope: bool,
    /// Of the login under way.
    one_command: bool,
    input: Pinned<[u8]>,
    output: Pinned<[u8]>,
    /// Only pointed to.
    _ehlo_name: Pinned<[u8]>,
    _expected: Option<Pinned<sys::wsmtp_capabilities>>,
    /// Not to be used by two threads at once; see the implementation of Send.
    not_sync: PhantomData<*mut u8>,
}

// SAFETY: all memory that the engine points to is owned by the session and nobody else, and the
// engine has no thread-local and no global state, so another thread may go on where one stopped.
unsafe impl Send for Session {}

impl Session {
    /// Starts a session. Fails if the EHLO name breaks a rule or a buffer is too small.
    pub fn new(config: &Config) -> Result<Self, Error> {
        let input = Pinned::new(vec![0; config.input].into_boxed_slice());
        let output = Pinned::new(vec![0; config.output].into_boxed_slice());
        let name = domain_to_ascii(&config.ehlo_name)
            .map_err(|reason| Error::new(reason).with_field(Field::EhloName))?;
        let ehlo_name = Pinned::new(name.as_bytes().to_vec().into_boxed_slice());
        let expected = config.expected.map(|offer| Pinned::new(Box::new(offer.to_raw())));
        // SAFETY: a struct of numbers and pointers, for all of which zero is a value; then written.
        let mut raw: sys::wsmtp_config = unsafe { std::mem::zeroed() };
        // SAFETY: a struct to be written.
        unsafe { sys::wsmtp_config_init(&mut raw) };
        raw.input = input.as_ptr().cast();
        raw.input_len = config.input;
        raw.output = output.as_ptr().cast();
        raw.output_len = config.output;
        raw.ehlo_name = ehlo_name.as_ptr().cast::<std::ffi::c_char>().cast_const();
        raw.ehlo_name_len = name.len();
        raw.tls = config.tls.to_raw();
        raw.flags = config.flags;
        raw.overlap = config.overlap;
        raw.eager_octets = config.eager_octets.unwrap_or(raw.eager_octets);
        if config.lmtp {
            raw.protocol = sys::WSMTP_PROTOCOL_LMTP;
        }
        raw.timeouts = config.timeouts.to_raw();
        if let Some(expected) = &expected {
            raw.expected = expected.as_ptr().cast_const();
        }
        let session = Self {
            // SAFETY: a function of the C side that only returns a constant.
            engine: Opaque::new(unsafe { sys::wsmtp_sys_engine_size() }),
            transactions: VecDeque::new(),
            next_id: 0,
            credentials: None,
            config: Pinned::new(Box::new(raw)),
            lmtp: config.lmtp,
            early_envelope: config.flags & sys::WSMTP_EARLY_ENVELOPE != 0,
            one_command: false,
            input,
            output,
            _ehlo_name: ehlo_name,
            _expected: expected,
            not_sync: PhantomData,
        };
        // SAFETY: room of the engine's size, and a config that lives as long and never moves.
        let reason = unsafe { sys::wsmtp_init(session.engine.as_ptr(), session.config.as_ptr()) };
        session.check(reason)?;
        Ok(session)
    }

    /// The next thing that happened, if there is one. What it lends is valid until the session is
    /// used again.
    pub fn next_event(&mut self) -> Option<Event<'_>> {
        // SAFETY: a struct of numbers and pointers, for all of which zero is a value.
        let mut event: sys::wsmtp_event = unsafe { std::mem::zeroed() };
        // SAFETY: an engine that was started, and a struct to be written.
        if !unsafe { sys::wsmtp_next_event(self.engine.as_ptr(), &mut event) } {
            return None;
        }
        // SAFETY: the engine's text, valid until it is used again; the borrow of self prevents it.
        let reply: ReplyRef<'_> = unsafe { ReplyRef::from_raw(&event.reply) };
        // SAFETY: null, or the engine's error, valid until it is used again.
        let error = unsafe { event.error.as_ref() }.map(Error::from_raw);
        Some(match event.type_ {
            sys::WSMTP_EVENT_GREETING => Event::Greeting(reply),
            sys::WSMTP_EVENT_EHLO => Event::Ehlo(reply),
            sys::WSMTP_EVENT_START_TLS => Event::StartTls,
            sys::WSMTP_EVENT_READY => Event::Ready,
            sys::WSMTP_EVENT_DERIVE_KEY => {
                // SAFETY: the engine's octets, valid until it is used again; they are copied.
                let salt = unsafe { octets(event.salt, event.salt_len) };
                let lent = self.credentials.as_ref();
                Event::DeriveKey(lent.expect("a login is under way").key_request(&event, salt))
            }
            sys::WSMTP_EVENT_AUTHENTICATED => {
                self.credentials = None;
                Event::Authenticated(reply)
            }
            sys::WSMTP_EVENT_MAIL => {
                Event::Mail { transaction: self.find(event.transaction).id, reply }
            }
            sys::WSMTP_EVENT_RECIPIENT => {
                let index = event.recipient;
                let found = self.find(event.transaction);
                let of_message = found.answered(index, &reply);
                let found = &*found;
                Event::Recipient {
                    transaction: found.id,
                    index,
                    address: found.address(index),
                    reply,
                    of_message,
                }
            }
            sys::WSMTP_EVENT_BODY => Event::Body { transaction: self.find(event.transaction).id },
            sys::WSMTP_EVENT_DONE => {
                let at = self.position(event.transaction);
                let done = self.transactions.remove(at).expect("the engine knows only ours");
                let outcome = done.outcome(Reply::from_raw(&event.reply));
                Event::Done { transaction: done.id, outcome, error }
            }
            sys::WSMTP_EVENT_COMPLETED => Event::Completed(reply),
            sys::WSMTP_EVENT_REFUSED => {
                self.credentials = None;
                Event::Refused(error.unwrap_or_else(|| Error::new(Reason::Other)))
            }
            sys::WSMTP_EVENT_CLOSED => {
                self.credentials = None;
                Event::Closed
            }
            // FAILED is the last of them.
            _ => {
                self.credentials = None;
                Event::Failed(error.unwrap_or_else(|| Error::new(Reason::Other)))
            }
        })
    }

    /// Whether the session takes octets from the server now.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        self.can(sys::WSMTP_CAN_READ)
    }

    /// Whether the session takes a piece of the message now.
    #[must_use]
    pub fn wants_body(&self) -> bool {
        self.can(sys::WSMTP_CAN_BODY)
    }

    /// Room for octets from the server; empty while none can be taken. Say how many were put there
    /// with [`receive_done`](Session::receive_done).
    pub fn receive_buffer(&mut self) -> &mut [u8] {
        let mut length = 0;
        // SAFETY: an engine that was started.
        let at = unsafe { sys::wsmtp_recv_buf(self.engine.as_ptr(), &mut length) };
        if at.is_null() || length == 0 {
            return &mut [];
        }
        // SAFETY: the engine gives a window of our own input buffer, which was zeroed when it was
        // made; it does not touch it before its next call, which the borrow of self prevents.
        unsafe { std::slice::from_raw_parts_mut(at, length) }
    }

    /// So many octets were put into the [`receive_buffer`](Session::receive_buffer).
    ///
    /// # Panics
    /// If it had not that much room.
    pub fn receive_done(&mut self, count: usize) {
        if count > 0 {
            assert!(count <= self.receive_buffer().len(), "more octets than there was room for");
            // SAFETY: an engine that was started, and no more than its window.
            unsafe { sys::wsmtp_recv_ack(self.engine.as_ptr(), count) }
        }
    }

    /// Copies octets from the server; returns how many were taken. Take events and offer the rest
    /// again.
    pub fn receive(&mut self, octets: &[u8]) -> usize {
        let room = self.receive_buffer();
        let count = room.len().min(octets.len());
        room[..count].copy_from_slice(&octets[..count]);
        self.receive_done(count);
        count
    }

    /// The server closed its side of the connection.
    pub fn receive_end(&mut self) {
        // SAFETY: an engine that was started; 0 stands for the end.
        unsafe { sys::wsmtp_recv_ack(self.engine.as_ptr(), 0) }
    }

    /// Octets for the server; empty if there are none.
    #[must_use]
    pub fn output(&self) -> Output<'_> {
        let (mut length, mut secret_at) = (0, 0);
        // SAFETY: an engine that was started; it gives a window of our own output buffer, valid
        // until its next call that changes it, which the borrow of self prevents.
        let octets = unsafe {
            octets(sys::wsmtp_send_buf(self.engine.as_ptr(), &mut length, &mut secret_at), length)
        };
        Output { octets, secret_at }
    }

    /// So many octets of the [`output`](Session::output) were handed to the transport and may have
    /// left. Say so when handing over, before the transport reports success: whether delivery is in
    /// doubt is decided by this.
    pub fn output_sent(&mut self, count: usize) {
        // SAFETY: an engine that was started; it ignores a count that is too large.
        unsafe { sys::wsmtp_send_ack(self.engine.as_ptr(), count) }
    }

    /// The handshake that [`Event::StartTls`] asked for succeeded, certificate and name verified.
    pub fn tls_done(&mut self) -> Result<(), Error> {
        // SAFETY: an engine that was started.
        let reason = unsafe { sys::wsmtp_tls_done(self.engine.as_ptr()) };
        self.check(reason)
    }

    /// Whether the channel is secure: by TLS, or because the config says so.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        // SAFETY: an engine that was started.
        unsafe { sys::wsmtp_is_secure(self.engine.as_ptr()) }
    }

    /// Where the session is.
    #[must_use]
    pub fn step(&self) -> Step {
        // SAFETY: an engine that was started.
        Step::from_raw(unsafe { sys::wsmtp_step_get(self.engine.as_ptr()) })
    }

    /// What the server offers now.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        // SAFETY: an engine that was started gives a pointer into itself; it is copied.
        Capabilities::from_raw(unsafe { *sys::wsmtp_capabilities_get(self.engine.as_ptr()) })
    }

    /// The mechanism of the current or last login.
    #[must_use]
    pub fn mechanism(&self) -> Option<Mechanism> {
        // SAFETY: an engine that was started.
        Mechanism::from_raw(unsafe { sys::wsmtp_mechanism_get(self.engine.as_ptr()) })
    }

    /// Starts AUTH (RFC 4954) in an idle session. [`Event::Authenticated`], [`Event::Refused`] or
    /// [`Event::Failed`] follows; no weaker mechanism is ever tried. `nonce`: 16 or more fresh
    /// random bytes. The session keeps a copy of the credentials until then, and wipes it.
    pub fn login(&mut self, credentials: &Credentials, nonce: &[u8]) -> Result<(), Error> {
        if self.credentials.is_some() {
            return Err(Error::new(Reason::State).with_step(self.step()));
        }
        let lent = Lent::new(credentials, nonce);
        // SAFETY: an engine that was started, and credentials that stay where they are until the
        // event that ends the login.
        let reason = unsafe { sys::wsmtp_login(self.engine.as_ptr(), lent.raw.as_ptr()) };
        self.check(reason)?;
        self.credentials = Some(lent);
        self.one_command = credentials.is_one_command();
        Ok(())
    }

    /// Whether messages are taken although a login is under way (see
    /// [`Config::early_envelope`](crate::Config::early_envelope)).
    #[must_use]
    pub fn may_follow_login(&self) -> bool {
        let one = [Mechanism::Plain, Mechanism::External, Mechanism::Anonymous];
        self.early_envelope
            && self.one_command
            && self.credentials.is_some()
            && self.mechanism().is_some_and(|mechanism| one.contains(&mechanism))
            && self.capabilities().has(Extension::Pipelining)
    }

    /// Answers [`Event::DeriveKey`].
    pub fn key_derived(&mut self, key: &DerivedKey) -> Result<(), Error> {
        let key = key.as_octets();
        // SAFETY: an engine that was started, and a pointer with its length.
        let reason =
            unsafe { sys::wsmtp_key_derived(self.engine.as_ptr(), key.as_ptr(), key.len()) };
        self.check(reason)
    }

    /// Queues a message: every address, the declared size and every needed extension is checked
    /// before an octet is sent. [`Event::Done`] follows; give the message while
    /// [`wants_body`](Session::wants_body).
    pub fn submit(&mut self, envelope: &Envelope) -> Result<TransactionId, Error> {
        let id = TransactionId(self.next_id);
        let transaction = Transaction::new(id, envelope, self.lmtp)?;
        // SAFETY: an engine that was started, and a transaction whose parts stay where they are
        // until the event that says that it is done.
        let reason = unsafe { sys::wsmtp_submit(self.engine.as_ptr(), transaction.raw.as_ptr()) };
        self.check(reason)?;
        self.next_id += 1;
        self.transactions.push_back(transaction);
        Ok(id)
    }

    /// Whether a message is under way: submitted, and its [`Event::Done`] not taken.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        !self.transactions.is_empty()
    }

    /// Gives the next piece of the message; returns how many octets were taken. If fewer than given,
    /// write the output and go on. A message that breaks a rule ends the session without ending the
    /// message: [`Event::Failed`] tells.
    pub fn body_write(&mut self, octets: &[u8]) -> usize {
        // SAFETY: an engine that was started, and a pointer with its length.
        unsafe { sys::wsmtp_body_write(self.engine.as_ptr(), octets.as_ptr().cast(), octets.len()) }
    }

    /// The message is complete. A missing final CRLF is added.
    pub fn body_end(&mut self) -> Result<(), Error> {
        // SAFETY: an engine that was started.
        let reason = unsafe { sys::wsmtp_body_end(self.engine.as_ptr()) };
        self.check(reason)
    }

    /// RSET in an idle session; [`Event::Completed`] or [`Event::Refused`] follows.
    pub fn reset(&mut self) -> Result<(), Error> {
        // SAFETY: an engine that was started.
        let reason = unsafe { sys::wsmtp_reset(self.engine.as_ptr()) };
        self.check(reason)
    }

    /// NOOP in an idle session; [`Event::Completed`] or [`Event::Refused`] follows.
    pub fn noop(&mut self) -> Result<(), Error> {
        // SAFETY: an engine that was started.
        let reason = unsafe { sys::wsmtp_noop(self.engine.as_ptr()) };
        self.check(reason)
    }

    /// VRFY in an idle session (RFC 5321 section 4.1.1.6): whether there is such a mailbox.
    /// [`Event::Completed`] or [`Event::Refused`] follows. Up to 254 octets; non-ASCII characters need
    /// SMTPUTF8.
    pub fn vrfy(&mut self, argument: &str) -> Result<(), Error> {
        let (at, length) = (argument.as_ptr().cast(), argument.len());
        // SAFETY: an engine that was started, and a pointer with its length.
        let reason = unsafe { sys::wsmtp_vrfy(self.engine.as_ptr(), at, length) };
        self.check(reason)
    }

    /// EXPN in an idle session (RFC 5321 section 4.1.1.7): who is on a list. As
    /// [`vrfy`](Session::vrfy).
    pub fn expn(&mut self, argument: &str) -> Result<(), Error> {
        let (at, length) = (argument.as_ptr().cast(), argument.len());
        // SAFETY: an engine that was started, and a pointer with its length.
        let reason = unsafe { sys::wsmtp_expn(self.engine.as_ptr(), at, length) };
        self.check(reason)
    }

    /// HELP in an idle session; the argument may be empty. As [`vrfy`](Session::vrfy).
    pub fn help(&mut self, argument: &str) -> Result<(), Error> {
        let (at, length) = (argument.as_ptr().cast(), argument.len());
        // SAFETY: an engine that was started, and a pointer with its length.
        let reason = unsafe { sys::wsmtp_help(self.engine.as_ptr(), at, length) };
        self.check(reason)
    }

    /// XCLIENT in an idle session with a server that trusts us. The session starts again from EHLO:
    /// [`Event::Ehlo`] and [`Event::Ready`] follow, or [`Event::Refused`].
    pub fn xclient(&mut self, client: &XClient) -> Result<(), Error> {
        let raw: Vec<_> = client.attributes.iter().map(Parameter::raw).collect();
        // SAFETY: an engine that was started, and a pointer with its length; all is copied from.
        let reason = unsafe { sys::wsmtp_xclient(self.engine.as_ptr(), raw.as_ptr(), raw.len()) };
        self.check(reason)
    }

    /// QUIT in an idle session; [`Event::Closed`] follows, whatever the server does.
    pub fn quit(&mut self) -> Result<(), Error> {
        // SAFETY: an engine that was started.
        let reason = unsafe { sys::wsmtp_quit(self.engine.as_ptr()) };
        self.check(reason)
    }

    /// The limit of what runs now, counted from when the number beside it last changed; `None` is
    /// without limit. When it expires: [`IoFailure::Timeout`].
    #[must_use]
    pub fn timer(&self) -> (Option<Duration>, u32) {
        let mut epoch = 0;
        // SAFETY: an engine that was started.
        let limit = unsafe { sys::wsmtp_timer(self.engine.as_ptr(), &mut epoch) };
        ((limit != 0).then(|| Duration::from_millis(limit.into())), epoch)
    }

    /// The transport failed. Every message gets its [`Event::Done`]; then [`Event::Failed`] follows,
    /// or [`Event::Closed`] if QUIT was under way.
    pub fn io_failed(&mut self, why: IoFailure) {
        // SAFETY: an engine that was started.
        unsafe { sys::wsmtp_io_failed(self.engine.as_ptr(), why.to_raw()) }
    }

    fn can(&self, what: std::ffi::c_uint) -> bool {
        // SAFETY: an engine that was started.
        unsafe { sys::wsmtp_state(self.engine.as_ptr()) & what != 0 }
    }

    /// The error behind a reason that a call returned.
    fn check(&self, reason: sys::wsmtp_reason) -> Result<(), Error> {
        if reason == sys::WSMTP_REASON_OK {
            return Ok(());
        }
        // SAFETY: the engine gives a pointer into itself, valid until it is used again.
        let raw = unsafe { &*sys::wsmtp_error_get(self.engine.as_ptr()) };
        let error = Error::from_raw(raw);
        // In a session that is over the engine tells why it is over.
        let same = raw.reason == reason;
        Err(if same { error } else { error.after_the_end(Reason::from_raw(reason)) })
    }

    fn position(&self, raw: *mut sys::wsmtp_transaction) -> usize {
        let found = self.transactions.iter().position(|one| one.raw.as_ptr() == raw);
        found.expect("the engine knows only ours")
    }

    fn find(&mut self, raw: *mut sys::wsmtp_transaction) -> &mut Transaction {
        let at = self.position(raw);
        &mut self.transactions[at]
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: an engine that was started (or refused to be, which it allows for).
        unsafe { sys::wsmtp_end(self.engine.as_ptr()) };
        // SAFETY: our own buffers, which nothing points to any more; they held the letters.
        unsafe {
            wipe(&mut *self.input.as_ptr());
            wipe(&mut *self.output.as_ptr());
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("step", &self.step())
            .field("secure", &self.is_secure())
            .field("transactions", &self.transactions.len())
            .finish_non_exhaustive()
    }
}
