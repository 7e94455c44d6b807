//! Internationalized domain names (IDNA 2008, RFC 5890) by the crate `idna`, which has the tables.

use std::borrow::Cow;

use crate::envelope::Envelope;
use crate::sys;
use crate::{Error, Field, Reason};

/// A domain with A-labels (`xn--bcher-kva.example`) for its labels beyond ASCII. `DomainCharacter` if
/// one of them is none: one label goes in and one must come out, for characters that stand for ASCII
/// ones, for dots or for nothing could make two readers see two domains. `NotBuilt` without the
/// feature `idna`.
pub fn domain_to_ascii(domain: &str) -> Result<Cow<'_, str>, Reason> {
    if domain.is_ascii() {
        return Ok(Cow::Borrowed(domain));
    }
    let labels: Result<Vec<Cow<'_, str>>, Reason> = domain.split('.').map(label_to_ascii).collect();
    Ok(Cow::Owned(labels?.join(".")))
}

/// A domain as people read it: U-labels for those A-labels that are of IDNA. Not for comparing, and not
/// for SMTP. Without the feature `idna` the domain as it is.
#[must_use]
pub fn domain_to_unicode(domain: &str) -> Cow<'_, str> {
    #[cfg(feature = "idna")]
    if let (unicode, Ok(())) = idna::domain_to_unicode(domain) {
        return Cow::Owned(unicode);
    }
    Cow::Borrowed(domain)
}

#[cfg(feature = "idna")]
fn label_to_ascii(label: &str) -> Result<Cow<'_, str>, Reason> {
    use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
    if label.is_ascii() {
        return Ok(Cow::Borrowed(label));
    }
    let ascii = Uts46::new()
        .to_ascii(label.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify)
        .map_err(|_| Reason::DomainCharacter)?;
    let is_one = ascii.starts_with("xn--") && !ascii.contains('.');
    if is_one && !label.chars().any(is_dropped) {
        Ok(ascii)
    } else {
        Err(Reason::DomainCharacter)
    }
}

#[cfg(not(feature = "idna"))]
fn label_to_ascii(label: &str) -> Result<Cow<'_, str>, Reason> {
    if label.is_ascii() {
        Ok(Cow::Borrowed(label))
    } else {
        Err(Reason::NotBuilt)
    }
}

/// Whether UTS 46 takes a character for nothing: a soft hyphen.
#[cfg(feature = "idna")]
fn is_dropped(character: char) -> bool {
    let between = format!("a{character}a");
    !character.is_ascii() && idna::domain_to_ascii(&between).is_ok_and(|ascii| ascii == "aa")
}

/// A mailbox with A-labels in its domain.
fn mailbox_to_ascii(mailbox: &str) -> Result<Cow<'_, str>, Reason> {
    match mailbox.rsplit_once('@') {
        Some((local_part, domain)) if !domain.is_ascii() => {
            Ok(Cow::Owned(format!("{local_part}@{}", domain_to_ascii(domain)?)))
        }
        _ => Ok(Cow::Borrowed(mailbox)),
    }
}

fn has_local_part_beyond_ascii(mailbox: &str) -> bool {
    mailbox.rsplit_once('@').is_some_and(|(local_part, _)| !local_part.is_ascii())
}

/// The envelope as it is sent: A-labels for domains, and SMTPUTF8 if a local part needs it.
pub(crate) fn prepare(envelope: &Envelope) -> Result<Cow<'_, Envelope>, Error> {
    let submitter = |one: &crate::parameter::Parameter| one.keyword == sys::WSMTP_KEYWORD_AUTH;
    let ascii = envelope.from.is_ascii()
        && envelope.to.iter().all(|address| address.is_ascii())
        && envelope.parameters.iter().filter(|one| submitter(one)).all(|one| one.value.is_ascii());
    if ascii {
        return Ok(Cow::Borrowed(envelope));
    }
    // Where there are no tables, domains go as they are, if the caller asked for SMTPUTF8.
    let as_they_are = cfg!(not(feature = "idna")) && envelope.has_flag(sys::WSMTP_SEND_SMTPUTF8);
    let mut sent = envelope.clone();
    let convert = |address: &mut String, field: Field, index: usize| {
        if as_they_are {
            return Ok(());
        }
        match mailbox_to_ascii(address) {
            Ok(Cow::Borrowed(_)) => Ok(()),
            Ok(Cow::Owned(converted)) => {
                *address = converted;
                Ok(())
            }
            Err(reason) => Err(Error::new(reason).with_field(field).with_index(index)),
        }
    };
    convert(&mut sent.from, Field::From, 0)?;
    for (index, address) in sent.to.iter_mut().enumerate() {
        convert(address, Field::To, index)?;
    }
    for one in sent.parameters.iter_mut().filter(|one| submitter(one)) {
        convert(&mut one.value, Field::Parameter, 0).map_err(|error| error.with_detail("AUTH"))?;
    }
    if std::iter::once(&sent.from).chain(&sent.to).any(|one| has_local_part_beyond_ascii(one)) {
        sent = sent.smtputf8();
    }
    Ok(Cow::Owned(sent))
}

#[cfg(all(test, feature = "idna"))]
mod tests {
    use super::*;

    #[test]
    fn domains_both_ways() {
        let ascii = |domain| domain_to_ascii(domain).map(Cow::into_owned);
        assert_eq!(ascii("Bücher.Example").as_deref(), Ok("xn--bcher-kva.Example"));
        assert_eq!(ascii("bu\u{308}cher.example").as_deref(), Ok("xn--bcher-kva.example"));
        assert_eq!(ascii("straße.de").as_deref(), Ok("xn--strae-oqa.de"));
        assert_eq!(ascii("例え.テスト").as_deref(), Ok("xn--r8jz45g.xn--zckzah"));
        assert_eq!(ascii("a_b.example").as_deref(), Ok("a_b.example"));
        let wrong = [
            "ｅxample.com",    // full width: an ASCII letter to some
            "a。b.example",    // an ideographic full stop: a dot to some
            "bü\u{ad}cher.de", // a soft hyphen: nothing to some
            "a_ü.example",
            "-ü.example",
            "ü\u{200d}.example",
            "xn--ü.example",
        ];
        for domain in wrong {
            assert_eq!(domain_to_ascii(domain), Err(Reason::DomainCharacter), "{domain}");
        }
        assert_eq!(domain_to_unicode("xn--bcher-kva.example"), "bücher.example");
        assert_eq!(domain_to_unicode("xn--a.example"), "xn--a.example");
    }

    #[test]
    fn only_a_local_part_needs_smtputf8() {
        let sent = |envelope: Envelope| prepare(&envelope).map(Cow::into_owned);
        let flag = |envelope: &Envelope| envelope.has_flag(sys::WSMTP_SEND_SMTPUTF8);
        let one = sent(Envelope::new("a@bücher.example", [r#""ü@"@b.example"#, "c@d.example"]));
        let one = one.expect("it is right");
        assert!(flag(&one) && one.from() == "a@xn--bcher-kva.example");
        let one = sent(Envelope::new("a@bücher.example", ["c@bücher.example"])).expect("right");
        assert!(!flag(&one) && one.to() == ["c@xn--bcher-kva.example"]);
        let forced = sent(Envelope::new("", ["c@bücher.example"]).smtputf8()).expect("right");
        assert!(flag(&forced) && forced.to() == ["c@xn--bcher-kva.example"]);
        let error = sent(Envelope::new("", ["a@b.example", "c@a。ü.example"])).expect_err("wrong");
        assert_eq!((error.field(), error.index()), (Some(Field::To), Some(1)));
    }
}
