//! What a message needs, found before it is sent.

use crate::envelope::{BodyType, Envelope};
use crate::sys;
use crate::{Error, Field, Reason};

/// What a message needs: its size, and which rules it breaks.
#[derive(Clone)]
pub struct BodyScan(sys::wsmtp_body_scan);

/// Octets looked at together.
const BLOCK: usize = 32;

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

    /// Most blocks of a message are within a line and of ordinary characters: their octets are
    /// counted here, which is several times faster than one by one. Everything else is the engine's.
    fn add(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some((block, behind)) = rest.split_first_chunk::<BLOCK>() {
            let ordinary = block.iter().fold(true, |all, octet| all & matches!(octet, 0x0e..=0x7f));
            let line = self.0.line_len as usize + BLOCK;
            if ordinary && !self.0.after_cr && line <= sys::WSMTP_BODY_LINE_MAX {
                self.0.octets += BLOCK as u64;
                self.0.line_len += BLOCK as u32;
            } else {
                self.add_to_engine(block);
            }
            rest = behind;
        }
        self.add_to_engine(rest);
    }

    fn add_to_engine(&mut self, octets: &[u8]) {
        // SAFETY: a scan that was begun, and a pointer with its length.
        unsafe {
            sys::wsmtp_body_scan_add(&mut self.0, octets.as_ptr().cast(), octets.len());
        }
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

    /// Whatever the octets, and wherever they are cut, the result is that of the engine alone.
    #[test]
    fn blocks_count_as_octets_do() {
        let mut state = 12345_u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_103_515_245).wrapping_add(12345);
            (state >> 16) % below
        };
        for _ in 0..2000 {
            let mut octets = Vec::new();
            for _ in 0..random(12) {
                let run = random(400) as usize;
                octets.extend(std::iter::repeat_n(b'x', run));
                let ends: [&[u8]; 8] =
                    [b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"\r\r\n", b"\x0e", b""];
                octets.extend_from_slice(ends[random(8) as usize]);
            }
            let cut = random(octets.len() as u32 + 1) as usize;
            let (one, two) = octets.split_at(cut);
            let ours = BodyScan::new([one, two]).0;
            // SAFETY: a struct of numbers, for all of which zero is a value; then written. Pointers
            // come with their lengths.
            let engine = unsafe {
                let mut raw = std::mem::zeroed();
                sys::wsmtp_body_scan_init(&mut raw);
                for part in [one, two] {
                    sys::wsmtp_body_scan_add(&mut raw, part.as_ptr().cast(), part.len());
                }
                sys::wsmtp_body_scan_end(&mut raw);
                raw
            };
            let flags = |raw: &sys::wsmtp_body_scan| {
                let bare = (raw.has_bare_cr, raw.has_bare_lf);
                (raw.octets, raw.has_8bit, raw.has_nul, raw.has_long_line, bare)
            };
            assert_eq!(flags(&ours), flags(&engine), "{octets:?} cut at {cut}");
        }
    }

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
