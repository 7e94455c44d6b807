#include "wsmtp/address.h"

#include <stdint.h>

#include "domain.h"

#define WSMTP_POSTMASTER_LEN 10u

/* atext of RFC 5322 section 3.2.3 for a printable character; non-ASCII was checked before. */
static bool wsmtp_is_atext(uint8_t c)
{
    switch (c) {
    case ' ':
    case '"':
    case '(':
    case ')':
    case ',':
    case '.':
    case ':':
    case ';':
    case '<':
    case '>':
    case '@':
    case '[':
    case '\\':
    case ']':
        return false;
    default:
        return true;
    }
}

/* Offset of the last @ outside of quotes; n if there is none. *open: the last quote is not closed. */
static size_t wsmtp_find_at(const uint8_t *s, size_t n, bool *open)
{
    size_t at = n;
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"') {
            quoted = !quoted;
        } else if (quoted && s[i] == '\\') {
            i++;
        } else if (!quoted && s[i] == '@') {
            at = i;
        }
    }
    *open = quoted;
    return at;
}

/* Quoted-string of RFC 5321 section 4.1.2; RFC 6531 adds non-ASCII, but not after a backslash. */
static wsmtp_reason wsmtp_quoted_string_check(const uint8_t *s, size_t n)
{
    size_t i = 1;
    while (i < n && s[i] != '"') {
        if (s[i] == '\\') {
            i++;
            if (i == n || s[i] >= 0x80) {
                return WSMTP_REASON_LOCAL_PART_QUOTING;
            }
        }
        i++;
    }
    return n > 1 && i == n - 1 ? WSMTP_REASON_OK : WSMTP_REASON_LOCAL_PART_QUOTING;
}

static wsmtp_reason wsmtp_dot_string_check(const uint8_t *s, size_t n)
{
    bool atom = false; /* the octet before this one belongs to an atom */
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '.') {
            if (!atom) {
                return WSMTP_REASON_LOCAL_PART_DOT;
            }
            atom = false;
        } else if (s[i] == '"') {
            return WSMTP_REASON_LOCAL_PART_QUOTING;
        } else if (wsmtp_is_atext(s[i])) {
            atom = true;
        } else {
            return WSMTP_REASON_LOCAL_PART_CHARACTER;
        }
    }
    return atom ? WSMTP_REASON_OK : WSMTP_REASON_LOCAL_PART_DOT;
}

static wsmtp_reason wsmtp_local_part_check(const uint8_t *s, size_t n)
{
    if (n == 0) {
        return WSMTP_REASON_LOCAL_PART_EMPTY;
    }
    if (n > WSMTP_LOCAL_PART_MAX) {
        return WSMTP_REASON_LOCAL_PART_TOO_LONG;
    }
    return s[0] == '"' ? wsmtp_quoted_string_check(s, n) : wsmtp_dot_string_check(s, n);
}

static bool wsmtp_is_postmaster(const uint8_t *s, size_t n)
{
    static const char name[] = "postmaster";
    if (n != WSMTP_POSTMASTER_LEN) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if ((s[i] | 0x20) != name[i]) {
            return false;
        }
    }
    return true;
}

wsmtp_reason wsmtp_mailbox_check(const char *address, size_t address_len, unsigned flags,
                                 wsmtp_mailbox *mailbox)
{
    const uint8_t *s = (const uint8_t *)address;
    wsmtp_mailbox found = {0};
    if (address_len == 0) {
        if ((flags & WSMTP_MAILBOX_NULL) == 0) {
            return WSMTP_REASON_ADDRESS_EMPTY;
        }
    } else if (address_len > WSMTP_ADDRESS_MAX) {
        return WSMTP_REASON_ADDRESS_TOO_LONG;
    } else if ((flags & WSMTP_MAILBOX_POSTMASTER) != 0 && wsmtp_is_postmaster(s, address_len)) {
        found.local_part_len = address_len;
        found.domain_at = address_len;
    } else {
        wsmtp_reason reason = wsmtp_text_check(s, address_len, (flags & WSMTP_MAILBOX_UTF8) != 0,
                                               &found.utf8);
        if (reason != WSMTP_REASON_OK) {
            return reason;
        }
        bool open;
        const size_t at = wsmtp_find_at(s, address_len, &open);
        if (at == address_len) {
            return open ? WSMTP_REASON_LOCAL_PART_QUOTING : WSMTP_REASON_ADDRESS_NO_AT;
        }
        reason = wsmtp_local_part_check(s, at);
        if (reason != WSMTP_REASON_OK) {
            return reason;
        }
        found.local_part_len = at;
        found.quoted = s[0] == '"';
        found.domain_at = at + 1;
        found.domain_len = address_len - found.domain_at;
        reason = wsmtp_domain_or_literal_check(s + found.domain_at, found.domain_len, found.utf8,
                                               &found.literal);
        if (reason != WSMTP_REASON_OK) {
            return reason;
        }
    }
    if (mailbox != NULL) {
        *mailbox = found;
    }
    return WSMTP_REASON_OK;
}
