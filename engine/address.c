#include "wsmtp/address.h"

#include <stdint.h>

#include "domain.h"
#include "words.h"

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

/*
 * Reads a local part up to its @, which is the last one outside of quotes: none may follow, for a
 * domain holds none. OK, and *local_part_len is its length; or ADDRESS_NO_AT, LOCAL_PART_*.
 */
static wsmtp_reason wsmtp_local_part_check(const uint8_t *s, size_t n, size_t *local_part_len)
{
    bool open = false;
    uint8_t before = '.'; /* a dot may stand neither behind a dot nor at the start */
    size_t i = 0;
    for (;; i++) {
        if (i == n) {
            return open ? WSMTP_REASON_LOCAL_PART_QUOTING : WSMTP_REASON_ADDRESS_NO_AT;
        }
        const uint8_t c = s[i];
        if (open) {
            if (c == '"') {
                open = false;
            } else if (c == '\\') {
                /* RFC 6531 adds non-ASCII to quoted strings, but not behind a backslash. */
                i++;
                if (i == n || s[i] >= 0x80) {
                    return WSMTP_REASON_LOCAL_PART_QUOTING;
                }
            }
            continue;
        }
        if (c == '@') {
            break;
        }
        if (before == '"' || (c == '"' && i > 0)) {
            return WSMTP_REASON_LOCAL_PART_QUOTING;
        }
        if (c == '"') {
            open = true;
        } else if (c == '.') {
            if (before == '.') {
                return WSMTP_REASON_LOCAL_PART_DOT;
            }
        } else if (!wsmtp_is_atext(c)) {
            return WSMTP_REASON_LOCAL_PART_CHARACTER;
        }
        before = c;
    }
    *local_part_len = i;
    if (i == 0) {
        return WSMTP_REASON_LOCAL_PART_EMPTY;
    }
    if (i > WSMTP_LOCAL_PART_MAX) {
        return WSMTP_REASON_LOCAL_PART_TOO_LONG;
    }
    return before == '.' ? WSMTP_REASON_LOCAL_PART_DOT : WSMTP_REASON_OK;
}

wsmtp_reason wsmtp_mailbox_check(const char *address, size_t address_len, unsigned flags,
                                 wsmtp_mailbox *mailbox)
{
    const uint8_t *s = (const uint8_t *)address;
    size_t local_part_len = address_len;
    size_t domain_at = address_len;
    wsmtp_text text = {0, false};
    if (address_len == 0) {
        if ((flags & WSMTP_MAILBOX_NULL) == 0) {
            return WSMTP_REASON_ADDRESS_EMPTY;
        }
    } else if (address_len > WSMTP_ADDRESS_MAX) {
        return WSMTP_REASON_ADDRESS_TOO_LONG;
    } else if ((flags & WSMTP_MAILBOX_POSTMASTER) == 0 ||
               wsmtp_words_find("POSTMASTER\0", address, address_len) != 0) {
        wsmtp_reason reason =
            wsmtp_text_check(s, address_len, (flags & WSMTP_MAILBOX_UTF8) != 0, &text);
        if (reason == WSMTP_REASON_OK) {
            reason = wsmtp_local_part_check(s, address_len, &local_part_len);
        }
        if (reason == WSMTP_REASON_OK) {
            domain_at = local_part_len + 1;
            reason = text.label_from > domain_at
                         ? WSMTP_REASON_DOMAIN_CHARACTER
                         : wsmtp_domain_or_literal_check(s + domain_at, address_len - domain_at);
        }
        if (reason != WSMTP_REASON_OK) {
            return reason;
        }
    }
    if (mailbox != NULL) {
        mailbox->local_part_len = local_part_len;
        mailbox->domain_at = domain_at;
        mailbox->domain_len = address_len - domain_at;
        mailbox->quoted = address_len > 0 && *s == '"';
        mailbox->literal = domain_at < address_len && s[domain_at] == '[';
        mailbox->utf8 = text.utf8;
    }
    return WSMTP_REASON_OK;
}
