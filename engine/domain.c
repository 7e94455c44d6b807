#include "domain.h"

#include "literal.h"
#include "utf8.h"
#include "wsmtp/features.h"

/*
 * A label with non-ASCII characters (U-label) is limited by its DNS form: "xn--" and at least one
 * octet a character (RFC 5890 section 2.3.2.1), which leaves this many characters.
 */
#define WSMTP_U_LABEL_MAX (WSMTP_DOMAIN_LABEL_MAX - 4u)

wsmtp_reason wsmtp_text_check(const uint8_t *s, size_t n, bool allow_utf8, bool *utf8)
{
    *utf8 = false;
    for (size_t i = 0; i < n;) {
        uint32_t character;
        const size_t step = wsmtp_utf8_step(s + i, n - i, &character);
        if (step == 0) {
            return WSMTP_REASON_ADDRESS_UTF8_INVALID;
        }
        if (character < 0x20 || (character >= 0x7F && character <= 0x9F)) {
            return WSMTP_REASON_ADDRESS_CONTROL;
        }
        if (step > 1) {
            *utf8 = true;
        }
        i += step;
    }
    if (*utf8) {
        if (!allow_utf8) {
            return WSMTP_REASON_ADDRESS_NEEDS_SMTPUTF8;
        }
        if (!WSMTP_FEATURE_SMTPUTF8) {
            return WSMTP_REASON_NOT_BUILT;
        }
    }
    return WSMTP_REASON_OK;
}

static bool wsmtp_is_letter_digit(uint8_t c)
{
    const uint8_t lower = c | 0x20;
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

/*
 * IDNA's tables do not fit here; the server checks a U-label in full. Refused are the characters
 * that software maps to dots, spaces, @ or other ASCII, or does not show, because they can make two
 * readers see two different domains: all of them are DISALLOWED by RFC 5892.
 */
static bool wsmtp_is_u_label_character(uint32_t c)
{
    if (c >= 0x2000 && c <= 0x206F) {
        return c == 0x200C || c == 0x200D; /* the joiners have a use in some scripts */
    }
    return c > 0xA0 && !(c >= 0x3000 && c <= 0x3002) && !(c >= 0xFE00 && c <= 0xFFFF);
}

static wsmtp_reason wsmtp_labels_check(const uint8_t *s, size_t n, bool allow_utf8)
{
    size_t characters = 0; /* of the current label */
    size_t limit = WSMTP_DOMAIN_LABEL_MAX;
    for (size_t i = 0;;) {
        if (i == n || s[i] == '.') {
            if (characters == 0) {
                return WSMTP_REASON_DOMAIN_LABEL_EMPTY;
            }
            if (s[i - 1] == '-') {
                return WSMTP_REASON_DOMAIN_LABEL_HYPHEN;
            }
            if (characters > limit) {
                return WSMTP_REASON_DOMAIN_LABEL_TOO_LONG;
            }
            if (i == n) {
                return WSMTP_REASON_OK;
            }
            characters = 0;
            limit = WSMTP_DOMAIN_LABEL_MAX;
            i++;
        } else if (s[i] < 0x80) {
            if (s[i] == '-') {
                if (characters == 0) {
                    return WSMTP_REASON_DOMAIN_LABEL_HYPHEN;
                }
            } else if (!wsmtp_is_letter_digit(s[i])) {
                return WSMTP_REASON_DOMAIN_CHARACTER;
            }
            characters++;
            i++;
        } else {
            uint32_t character;
            const size_t step = allow_utf8 ? wsmtp_utf8_step(s + i, n - i, &character) : 0;
            if (step == 0 || !wsmtp_is_u_label_character(character)) {
                return WSMTP_REASON_DOMAIN_CHARACTER;
            }
            limit = WSMTP_U_LABEL_MAX;
            characters++;
            i += step;
        }
    }
}

wsmtp_reason wsmtp_domain_or_literal_check(const uint8_t *s, size_t n, bool allow_utf8,
                                           bool *literal)
{
    *literal = false;
    if (n == 0) {
        return WSMTP_REASON_DOMAIN_EMPTY;
    }
    if (n > WSMTP_DOMAIN_MAX) {
        return WSMTP_REASON_DOMAIN_TOO_LONG;
    }
    if (s[0] == '[') {
        *literal = true;
        return wsmtp_literal_check(s, n);
    }
    return wsmtp_labels_check(s, n, allow_utf8 && WSMTP_FEATURE_SMTPUTF8);
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
    bool non_ascii;
    const wsmtp_reason reason = wsmtp_text_check(s, domain_len, utf8, &non_ascii);
    return reason != WSMTP_REASON_OK ? reason : wsmtp_labels_check(s, domain_len, non_ascii);
}

wsmtp_reason wsmtp_ehlo_name_check(const char *name, size_t name_len)
{
    bool literal;
    return wsmtp_domain_or_literal_check((const uint8_t *)name, name_len, false, &literal);
}
