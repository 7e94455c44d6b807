//! What a message needs, found before it is sent.

use crate::envelope::{BodyType, Envelope};
use crate::sys;
use crate::{Error, Field, Reason};

/// What a message needs: its size, and which rules it breaks.
#[derive(Clone)]
pub struct BodyScan(sys::wsmtp_body_scan);

impl BodyScan {
    /// Scans a whole message, which may come in pieces.
    pub fn new<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        // SAFETY: a struct of numbers, for all of which zero is a value; then written.
        let mut scan = unsafe {
            let mut raw = std::mem::zeroed();
            sys::wsmtp_body_scan_init(&mut raw);
            Self(raw)
        };
        for piece in pieces {
            scan.add(piece);
        }
        // SAFETY: a scan that was begun.
        unsafe { sys::wsmtp_body_scan_end(&mut scan.0) };
        scan
    }

    fn add(&mut self, piece: &[u8]) {
        // SAFETY: a scan that was begun, and a pointer with its length.
        unsafe { sys::wsmtp_body_scan_add(&mut self.0, piece.as_ptr().cast(), piece.len()) }
    }

    /// Octets with every line end as CRLF, and a final one.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.0.octets
    }

    /// Whether there are octets above 127.
    #[must_use]
    pub fn has_8bit(&self) -> bool {
        self.0.has_8bit
    }

    /// Whether there are NUL octets, which some servers remove.
    #[must_use]
    pub fn has_nul(&self) -> bool {
        self.0.has_nul
    }

    /// Declares in the envelope what was found, or says which rule the message breaks.
    pub fn declare(&self, envelope: Envelope) -> Result<Envelope, Error> {
        if envelope.body == BodyType::Binary {
            return Ok(envelope);
        }
        let convert = envelope.has_flag(sys::WSMTP_SEND_MAKE_CRLF);
        let long = envelope.has_flag(sys::WSMTP_SEND_LONG_LINES);
        let broken = match &self.0 {
            scan if scan.has_bare_cr && !convert => Some(Reason::BodyBareCr),
            scan if scan.has_bare_lf && !convert => Some(Reason::BodyBareLf),
            scan if scan.has_long_line && !long => Some(Reason::BodyLineTooLong),
            _ => None,
        };
        if let Some(reason) = broken {
            return Err(Error::new(reason).with_field(Field::Message));
        }
        let body = if self.0.has_8bit { BodyType::EightBit } else { BodyType::SevenBit };
        Ok(envelope.size(self.0.octets).body(body))
    }
}

impl std::fmt::Debug for BodyScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyScan").field("octets", &self.0.octets).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_find_what_breaks_a_rule() {
        let scan = BodyScan::new([b"Subject: x\r\n".as_slice(), b"\r\nb\xc3\xa9"]);
        assert_eq!((scan.octets(), scan.has_8bit(), scan.has_nul()), (19, true, false));
        let envelope = || Envelope::new("a@b.example", ["c@d.example"]);
        let declared = scan.declare(envelope()).expect("it breaks none");
        assert_eq!((declared.size, declared.body), (Some(19), BodyType::EightBit));
        let reason = |octets: &[u8], envelope| {
            BodyScan::new([octets]).declare(envelope).err().map(|error| error.reason())
        };
        assert_eq!(reason(b"a\nb", envelope()), Some(Reason::BodyBareLf));
        assert_eq!(reason(b"a\rb", envelope()), Some(Reason::BodyBareCr));
        assert_eq!(reason(b"a\nb\rc", envelope().make_crlf()), None);
        assert_eq!(reason(&[b'x'; 999], envelope()), Some(Reason::BodyLineTooLong));
        assert_eq!(reason(&[b'x'; 999], envelope().long_lines()), None);
        assert_eq!(reason(&[b'x'; 998], envelope()), None);
    }
}
