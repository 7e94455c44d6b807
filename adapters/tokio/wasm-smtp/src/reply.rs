//! What a server says.

use std::fmt;

use crate::sys;
use crate::text::text;

/// Enhanced status code (RFC 3463): `5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnhancedCode {
    /// 2 success, 4 for now, 5 for good.
    pub class: u8,
    /// What it is about.
    pub subject: u16,
    /// What exactly.
    pub detail: u16,
}

impl EnhancedCode {
    pub(crate) fn from_raw(raw: sys::wsmtp_enhanced_code) -> Option<Self> {
        let sys::wsmtp_enhanced_code { class_: class, subject, detail } = raw;
        (class != 0).then_some(Self { class, subject, detail })
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// A reply that is still the engine's.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyRef<'a> {
    /// Three digits.
    pub code: u16,
    /// Only if the server advertised such codes.
    pub enhanced: Option<EnhancedCode>,
    /// The words, cleaned of control characters; lines are joined with LF.
    pub text: &'a str,
}

impl ReplyRef<'_> {
    /// # Safety
    /// The text lives during `'a`.
    pub(crate) unsafe fn from_raw<'a>(raw: &sys::wsmtp_reply) -> ReplyRef<'a> {
        ReplyRef {
            code: raw.code,
            enhanced: EnhancedCode::from_raw(raw.enhanced),
            // SAFETY: the caller's promise.
            text: unsafe { text(raw.text, raw.text_len) },
        }
    }

    /// 2xx.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// A copy that lasts.
    #[must_use]
    pub fn to_reply(&self) -> Reply {
        Reply { code: self.code, enhanced: self.enhanced, text: self.text.to_owned() }
    }
}

/// A reply.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// Only if the server advertised such codes.
    pub enhanced: Option<EnhancedCode>,
    /// The words, cleaned of control characters; lines are joined with LF.
    pub text: String,
}

impl Reply {
    pub(crate) fn from_raw(raw: &sys::wsmtp_reply) -> Option<Self> {
        // SAFETY: the engine's text, alive until its next call; it is copied here.
        (raw.code != 0).then(|| unsafe { ReplyRef::from_raw(raw) }.to_reply())
    }

    /// The token by which the server's log knows the message, if its words say one: what follows
    /// `queued as `, or the word `id=` or `id `, at least six letters, digits or hyphens.
    #[must_use]
    pub fn queue_id(&self) -> Option<&str> {
        let lower = self.text.to_ascii_lowercase();
        let starts = |at: usize| at == 0 || matches!(lower.as_bytes()[at - 1], b' ' | b'\n');
        let mut found: Vec<usize> = ["queued as ", "id=", "id "]
            .into_iter()
            .flat_map(|mark| lower.match_indices(mark))
            .filter(|&(at, mark)| mark.starts_with('q') || starts(at))
            .map(|(at, mark)| at + mark.len())
            .collect();
        found.sort_unstable();
        found.into_iter().find_map(|start| {
            let rest = &self.text[start..];
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
            let token = &rest[..end.unwrap_or(rest.len())];
            (token.len() >= 6).then_some(token)
        })
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        if !self.text.is_empty() {
            write!(f, " {}", self.text)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Option<String> {
        let reply = Reply { code: 250, enhanced: None, text: text.to_owned() };
        reply.queue_id().map(str::to_owned)
    }

    #[test]
    fn queue_ids_of_known_servers() {
        assert_eq!(id("Ok: queued as 4XyZ12abcd").as_deref(), Some("4XyZ12abcd"));
        assert_eq!(id("OK id=1sAbCd-0000aB-1x").as_deref(), Some("1sAbCd-0000aB-1x"));
        assert_eq!(id("Message accepted, id ABCDEF7.").as_deref(), Some("ABCDEF7"));
        assert_eq!(id("id=1sAbCd-0000aB-1x message accepted").as_deref(), Some("1sAbCd-0000aB-1x"));
        assert_eq!(id("no such\nid 1sAbCd-00").as_deref(), Some("1sAbCd-00"));
        assert_eq!(id("Ok, grid=ABCDEF7"), None);
        assert_eq!(id("Queued As ABC123").as_deref(), Some("ABC123"));
        assert_eq!(id("queued as abc"), None);
        assert_eq!(id("2.0.0 Ok"), None);
        assert_eq!(id("İ queued as abcdef").as_deref(), Some("abcdef"));
    }

    #[test]
    fn replies_read_as_on_the_wire() {
        let enhanced = Some(EnhancedCode { class: 5, subject: 1, detail: 1 });
        let reply = Reply { code: 550, enhanced, text: "no such user".to_owned() };
        assert_eq!(reply.to_string(), "550 5.1.1 no such user");
    }
}
