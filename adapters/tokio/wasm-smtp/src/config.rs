//! Settings of a session.

use std::time::Duration;

use crate::sys;
use crate::Capabilities;

/// When TLS begins.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tls {
    /// Never.
    None,
    /// Before the first SMTP octet (RFC 8314).
    Implicit,
    /// By STARTTLS, which is required (RFC 3207): there is no way back to clear text.
    StartTls,
}

impl Tls {
    pub(crate) fn to_raw(self) -> sys::wsmtp_tls {
        match self {
            Self::None => sys::WSMTP_TLS_NONE,
            Self::Implicit => sys::WSMTP_TLS_IMPLICIT,
            Self::StartTls => sys::WSMTP_TLS_STARTTLS,
        }
    }
}

/// How long each phase may last; `None` is without limit. The defaults are those of RFC 5321 section
/// 4.5.3.2.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// Opening the connection, all addresses together: 30 s.
    pub connect: Option<Duration>,
    /// One TLS handshake: 30 s.
    pub tls: Option<Duration>,
    /// The greeting: 5 min.
    pub greeting: Option<Duration>,
    /// EHLO, STARTTLS, AUTH, RSET, NOOP: 5 min.
    pub command: Option<Duration>,
    /// MAIL: 5 min.
    pub mail: Option<Duration>,
    /// RCPT: 5 min.
    pub rcpt: Option<Duration>,
    /// DATA until its reply: 2 min.
    pub data: Option<Duration>,
    /// Each piece of the message, its source included: 3 min.
    pub body: Option<Duration>,
    /// The reply to the message: 10 min.
    pub end_of_data: Option<Duration>,
    /// QUIT: 10 s.
    pub quit: Option<Duration>,
}

impl Timeouts {
    /// One limit for every phase.
    #[must_use]
    pub fn all(limit: Duration) -> Self {
        let limit = Some(limit);
        Self {
            connect: limit,
            tls: limit,
            greeting: limit,
            command: limit,
            mail: limit,
            rcpt: limit,
            data: limit,
            body: limit,
            end_of_data: limit,
            quit: limit,
        }
    }

    /// In the order of the engine's phases, milliseconds, 0 for none.
    pub(crate) fn to_raw(&self) -> [u32; sys::WSMTP_PHASE_COUNT] {
        let phases = [
            self.connect,
            self.tls,
            self.greeting,
            self.command,
            self.mail,
            self.rcpt,
            self.data,
            self.body,
            self.end_of_data,
            self.quit,
        ];
        // No limit is 0 to the engine, so the shortest limit is one millisecond.
        let longest = u128::from(u32::MAX);
        phases.map(|phase| phase.map_or(0, |limit| limit.as_millis().clamp(1, longest) as u32))
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        Self {
            connect: seconds(30),
            tls: seconds(30),
            greeting: seconds(300),
            command: seconds(300),
            mail: seconds(300),
            rcpt: seconds(300),
            data: seconds(120),
            body: seconds(180),
            end_of_data: seconds(600),
            quit: seconds(10),
        }
    }
}

/// Settings of a [`Session`](crate::Session).
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) ehlo_name: String,
    pub(crate) tls: Tls,
    pub(crate) timeouts: Timeouts,
    pub(crate) flags: u32,
    pub(crate) lmtp: bool,
    pub(crate) overlap: u32,
    pub(crate) eager_octets: Option<u32>,
    pub(crate) expected: Option<Capabilities>,
    pub(crate) input: usize,
    pub(crate) output: usize,
}

impl Config {
    /// `ehlo_name`: the domain of this machine, or its address as a literal: `[192.0.2.1]`.
    #[must_use]
    pub fn new(ehlo_name: impl Into<String>) -> Self {
        let (timeouts, tls) = (Timeouts::default(), Tls::None);
        Self {
            ehlo_name: ehlo_name.into(),
            tls,
            timeouts,
            flags: 0,
            lmtp: false,
            overlap: 0,
            eager_octets: None,
            expected: None,
            input: 4096,
            output: 32768,
        }
    }

    /// When TLS begins. Not at all if not set.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// How long each phase may last.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Takes LF alone as the end of a reply line. Risk: a server that mixes both can be read
    /// differently by a middlebox.
    #[must_use]
    pub fn lenient_bare_lf(self) -> Self {
        self.flag(sys::WSMTP_LENIENT_BARE_LF)
    }

    /// One command at a time, even if the server offers PIPELINING.
    #[must_use]
    pub fn no_pipelining(self) -> Self {
        self.flag(sys::WSMTP_NO_PIPELINING)
    }

    /// DATA, even if the server offers CHUNKING.
    #[must_use]
    pub fn no_chunking(self) -> Self {
        self.flag(sys::WSMTP_NO_CHUNKING)
    }

    /// LMTP (RFC 2033) instead of SMTP: one reply for each recipient after the message.
    #[must_use]
    pub fn lmtp(mut self) -> Self {
        self.lmtp = true;
        self
    }

    /// How many messages may be in flight: the next one's envelope (with CHUNKING its message, too)
    /// is written before this one's last reply is read. One after another if not set. Not every
    /// server survives it: see [`Reason::OverlapRefused`](crate::Reason::OverlapRefused).
    #[must_use]
    pub fn overlap(mut self, messages: u32) -> Self {
        self.overlap = messages;
        self
    }

    /// With CHUNKING, how many octets a message of known size may have that travels together with its
    /// envelope, in one round trip; 16,384 if not set. A larger one waits until the envelope is
    /// accepted, so that a refusal costs little.
    #[must_use]
    pub fn eager_octets(mut self, octets: u32) -> Self {
        self.eager_octets = Some(octets);
        self
    }

    /// What this server offered on an earlier connection of the same kind (behind TLS, if there is
    /// TLS). If PIPECONNECT is among it, [`Event::Ready`](crate::Event::Ready) comes at once, before
    /// the greeting, and AUTH and envelopes travel with EHLO; a message never before its answer. A
    /// server that does not offer all of it any more gives
    /// [`Reason::CapabilitiesChanged`](crate::Reason::CapabilitiesChanged) if something was begun:
    /// nothing was handed over then, so begin again without this.
    #[must_use]
    pub fn expected(mut self, capabilities: Capabilities) -> Self {
        self.expected = Some(capabilities);
        self
    }

    /// Messages are taken while a login by PLAIN, EXTERNAL or ANONYMOUS is under way, if the server
    /// offers PIPELINING: their envelopes travel behind it, and wait for its answer.
    #[must_use]
    pub fn early_envelope(self) -> Self {
        self.flag(sys::WSMTP_EARLY_ENVELOPE)
    }

    /// The channel counts as secure without TLS: a Unix socket.
    #[must_use]
    pub fn trusted_channel(self) -> Self {
        self.flag(sys::WSMTP_TRUSTED_CHANNEL)
    }

    /// Sizes of the buffers in octets, 1024 or more; 4096 and 32768 if not set. A large output
    /// buffer makes large messages fast.
    #[must_use]
    pub fn buffers(mut self, input: usize, output: usize) -> Self {
        self.input = input;
        self.output = output;
        self
    }

    fn flag(mut self, flag: u32) -> Self {
        self.flags |= flag;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_become_milliseconds() {
        let (tls, quit) = (Some(Duration::ZERO), Some(Duration::MAX));
        let timeouts = Timeouts { connect: None, tls, quit, ..Timeouts::default() };
        let raw = timeouts.to_raw();
        assert_eq!(raw[sys::WSMTP_PHASE_CONNECT], 0);
        assert_eq!(raw[sys::WSMTP_PHASE_TLS], 1);
        assert_eq!(raw[sys::WSMTP_PHASE_BODY], 180_000);
        assert_eq!(raw[sys::WSMTP_PHASE_QUIT], u32::MAX);
    }

    #[test]
    fn the_defaults_are_the_engines() {
        // SAFETY: a struct of numbers and pointers, for all of which zero is a value; then written.
        let raw = unsafe {
            let mut raw = std::mem::zeroed();
            sys::wsmtp_config_init(&mut raw);
            raw
        };
        assert_eq!(raw.timeouts, Timeouts::default().to_raw());
    }
}
