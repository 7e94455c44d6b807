//! Validators for what goes into SMTP commands. The session calls the same ones, so checking
//! beforehand is a convenience.

pub use crate::idn::{domain_to_ascii, domain_to_unicode};
use crate::sys;
use crate::Reason;

/// Which mailboxes are allowed besides those of RFC 5321 section 4.1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailboxRules {
    /// Non-ASCII (RFC 6531).
    pub utf8: bool,
    /// The empty one: the null reverse-path.
    pub null: bool,
    /// `postmaster` without a domain.
    pub postmaster: bool,
}

/// The parts of a mailbox.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mailbox<'a> {
    /// With the quotes of a quoted string.
    pub local_part: &'a str,
    /// Empty for the null path and for bare `postmaster`.
    pub domain: &'a str,
}

/// Checks a bare mailbox: no display name, no angle brackets. It is split at the last `@` that is
/// not quoted. The error is the first rule it breaks.
pub fn check_mailbox(address: &str, rules: MailboxRules) -> Result<Mailbox<'_>, Reason> {
    let mut flags = 0;
    for (asked, flag) in [
        (rules.utf8, sys::WSMTP_MAILBOX_UTF8),
        (rules.null, sys::WSMTP_MAILBOX_NULL),
        (rules.postmaster, sys::WSMTP_MAILBOX_POSTMASTER),
    ] {
        flags |= if asked { flag } else { 0 };
    }
    // SAFETY: pointer and length of one text, and a struct of numbers to be written.
    let (reason, parts) = unsafe {
        let mut parts: sys::wsmtp_mailbox = std::mem::zeroed();
        let at = address.as_ptr().cast();
        (sys::wsmtp_mailbox_check(at, address.len(), flags, &mut parts), parts)
    };
    check(reason)?;
    let end = parts.domain_at + parts.domain_len;
    Ok(Mailbox {
        local_part: address.get(..parts.local_part_len).unwrap_or_default(),
        domain: address.get(parts.domain_at..end).unwrap_or_default(),
    })
}

/// Checks a domain; `utf8`: U-labels are allowed.
pub fn check_domain(domain: &str, utf8: bool) -> Result<(), Reason> {
    // SAFETY: pointer and length of one text.
    check(unsafe { sys::wsmtp_domain_check(domain.as_ptr().cast(), domain.len(), utf8) })
}

/// Checks the argument of EHLO: a domain, or an address literal in brackets.
pub fn check_ehlo_name(name: &str) -> Result<(), Reason> {
    // SAFETY: pointer and length of one text.
    check(unsafe { sys::wsmtp_ehlo_name_check(name.as_ptr().cast(), name.len()) })
}

fn check(reason: sys::wsmtp_reason) -> Result<(), Reason> {
    if reason == sys::WSMTP_REASON_OK {
        Ok(())
    } else {
        Err(Reason::from_raw(reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_have_parts() {
        let rules = MailboxRules::default();
        let mailbox = check_mailbox(r#""x@evil y"@good.example"#, rules);
        let parts = Mailbox { local_part: r#""x@evil y""#, domain: "good.example" };
        assert_eq!(mailbox, Ok(parts));
        assert_eq!(check_mailbox("", rules), Err(Reason::AddressEmpty));
        assert!(check_mailbox("", MailboxRules { null: true, ..rules }).is_ok());
        assert_eq!(check_mailbox("a@b\r\nRCPT", rules), Err(Reason::AddressControl));
        assert_eq!(check_mailbox("jürgen@b.example", rules), Err(Reason::AddressNeedsSmtpUtf8));
        let postmaster = MailboxRules { postmaster: true, ..rules };
        assert_eq!(check_mailbox("postmaster", postmaster).map(|parts| parts.domain), Ok(""));
    }

    #[test]
    fn names_for_ehlo() {
        assert_eq!(check_ehlo_name("[192.0.2.1]"), Ok(()));
        assert_eq!(check_ehlo_name("[192.0.2.256]"), Err(Reason::LiteralIpV4));
        assert_eq!(check_domain("-a.example", false), Err(Reason::DomainLabelHyphen));
        let built = if cfg!(feature = "smtputf8") { Ok(()) } else { Err(Reason::NotBuilt) };
        assert_eq!(check_domain("bücher.example", true), built);
    }
}
