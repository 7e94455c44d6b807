#include "domain.h"

#include "literal.h"
#include "utf8.h"
#include "wsmtp/features.h"

/*
 * IDNA's tables do not fit here; the server checks a U-label in full. Refused are the characters
 * that software maps to dots, spaces, @ or other ASCII, or does not show, because they can make two
 * readers see two different domains: all of them are DISALLOWED by RFC 5892. The joiners U+200C and
 * U+200D have a use in some scripts.
 */
static bool wsmtp_is_label_character(uint32_t c)
{
    return c != 0xA0 && (c < 0x2000 || c > 0x206F || (c | 1) == 0x200D) &&
           (c < 0x3000 || c > 0x3002) && (c < 0xFE00 || c > 0xFFFF);
}

wsmtp_reason wsmtp_text_check(const uint8_t *s, size_t n, bool allow_utf8, wsmtp_text *text)
{
    text->utf8 = false;
    text->label_from = 0;
    for (size_t i = 0; i < n;) {
        const wsmtp_character c = wsmtp_utf8_step(s + i, n - i);
        const uint32_t character = WSMTP_CODEPOINT(c);
        const size_t step = WSMTP_SEQUENCE_LEN(c);
        if (step == 0) {
            return WSMTP_REASON_ADDRESS_UTF8_INVALID;
        }
        if (wsmtp_is_control(character)) {
            return WSMTP_REASON_ADDRESS_CONTROL;
        }
        i += step;
        if (step > 1) {
            text->utf8 = true;
            if (WSMTP_FEATURE_SMTPUTF8 && !wsmtp_is_label_character(character)) {
                text->label_from = i;
            }
        }
    }
    if (text->utf8) {
        if (!allow_utf8) {
            return WSMTP_REASON_ADDRESS_NEEDS_SMTPUTF8;
        }
        if (!WSMTP_FEATURE_SMTPUTF8) {
            return WSMTP_REASON_NOT_BUILT;
        }
    }
    return WSMTP_REASON_OK;
}

static bool wsmtp_is_letter_digit(unsigned c)
{
    return c - '0' <= 9 || (c | 0x20) - 'a' <= 25;
}

/*
 * A label with non-ASCII characters is limited by its DNS form, which has at least one octet for each
 * (RFC 5890 section 2.3.2.1): so characters are counted, which in other labels are octets.
 */
static wsmtp_reason wsmtp_labels_check(const uint8_t *s, size_t n)
{
    const uint8_t *end = s + n;
    unsigned characters = 0; /* of the current label */
    for (;; s++) {
        if (s == end || *s == '.') {
            if (characters == 0) {
                return WSMTP_REASON_DOMAIN_LABEL_EMPTY;
            }
            if (s[-1] == '-') {
                return WSMTP_REASON_DOMAIN_LABEL_HYPHEN;
            }
            if (characters > WSMTP_DOMAIN_LABEL_MAX) {
                return WSMTP_REASON_DOMAIN_LABEL_TOO_LONG;
            }
            if (s == end) {
                return WSMTP_REASON_OK;
            }
            characters = 0;
            continue;
        }
        if (WSMTP_FEATURE_SMTPUTF8 && *s >= 0x80) {
            if (*s < 0xC0) {
                continue; /* the first octet of a character counts for all of them */
            }
        } else if (*s == '-') {
            if (characters == 0) {
                return WSMTP_REASON_DOMAIN_LABEL_HYPHEN;
            }
        } else if (!wsmtp_is_letter_digit(*s)) {
            return WSMTP_REASON_DOMAIN_CHARACTER;
        }
        characters++;
    }
}

wsmtp_reason wsmtp_domain_or_literal_check(const uint8_t *s, size_t n)
{
    if (n == 0) {
        return WSMTP_REASON_DOMAIN_EMPTY;
    }
    if (n > WSMTP_DOMAIN_MAX) {
        return WSMTP_REASON_DOMAIN_TOO_LONG;
    }
    return *s == '[' ? wsmtp_literal_check(s, n) : wsmtp_labels_check(s, n);
}

wsmtp_reason wsmtp_domain_check(const char *domain, size_t domain_len, bool utf8)
{
    const uint8_t *s = (const uint8_t *)domain;
    if (domain_len == 0) {
        return WSMTP_REASON_DOMAIN_EMPTY;
    }
    if (domain_len > WSMTP_DOMAIN_MAX) {
        return WSMTP_REASON_DOMAIN_TOO_LONG;
    }
    wsmtp_text text;
    const wsmtp_reason reason = wsmtp_text_check(s, domain_len, utf8, &text);
    if (reason != WSMTP_REASON_OK) {
        return reason;
    }
    return text.label_from > 0 ? WSMTP_REASON_DOMAIN_CHARACTER : wsmtp_labels_check(s, domain_len);
}

wsmtp_reason wsmtp_ehlo_name_check(const char *name, size_t name_len)
{
    /* Before EHLO is answered, nobody knows whether the server takes UTF-8. */
    const uint8_t *s = (const uint8_t *)name;
    wsmtp_text text;
    if (name_len <= WSMTP_DOMAIN_MAX &&
        wsmtp_text_check(s, name_len, false, &text) != WSMTP_REASON_OK) {
        return WSMTP_REASON_DOMAIN_CHARACTER;
    }
    return wsmtp_domain_or_literal_check(s, name_len);
}
