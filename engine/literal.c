#include "literal.h"

#include "words.h"

#define WSMTP_IPV6_GROUPS 8u
/* "::" stands for at least two groups (RFC 5321 section 4.1.3), so that many may stand beside it. */
#define WSMTP_IPV6_GROUPS_COMPRESSED 6u
#define WSMTP_IPV6_TAG_LEN 5u

/* Leading zeros are refused: some readers take them for octal (RFC 6943 section 3.1.1). */
static bool wsmtp_is_ipv4(const uint8_t *s, const uint8_t *end)
{
    const unsigned none = 256;
    unsigned value = none;
    unsigned dots = 0;
    for (; s < end; s++) {
        const unsigned digit = (unsigned)*s - '0';
        if (*s == '.' && value != none) {
            value = none;
            dots++;
            continue;
        }
        if (digit > 9 || value == 0) {
            return false;
        }
        value = value == none ? digit : value * 10 + digit;
        if (value > 255) {
            return false;
        }
    }
    return value != none && dots == 3;
}

/* Something that is no digit stands at end, and the tag "IPv6:" before s. */
static bool wsmtp_is_ipv6(const uint8_t *s, const uint8_t *end)
{
    unsigned groups = 0;
    unsigned digits = 0; /* of the current group */
    bool compressed = false;
    if (*s == ':' && *++s != ':') {
        return false;
    }
    for (; s < end; s++) {
        if (*s == ':') {
            if (digits > 0) {
                groups++;
                digits = 0;
            } else if (compressed) {
                return false;
            } else {
                compressed = true;
            }
        } else if (*s == '.') {
            if (!wsmtp_is_ipv4(s - digits, end)) {
                return false;
            }
            groups++;
            break;
        } else if (((unsigned)*s - '0' > 9 && (*s | 0x20u) - 'a' > 5) || ++digits > 4) {
            return false;
        }
    }
    if (digits > 0) {
        groups++;
    } else if (end[-1] != ':' || end[-2] != ':') {
        return false;
    }
    return compressed ? groups <= WSMTP_IPV6_GROUPS_COMPRESSED : groups == WSMTP_IPV6_GROUPS;
}

wsmtp_reason wsmtp_literal_check(const uint8_t *s, size_t n)
{
    const uint8_t *end = s + n - 1;
    if (n < 2 || *end != ']') {
        return WSMTP_REASON_LITERAL_UNCLOSED;
    }
    s++;
    if (n > WSMTP_IPV6_TAG_LEN + 1 && wsmtp_words_find("IPV6:\0", (const char *)s, WSMTP_IPV6_TAG_LEN) == 0) {
        return wsmtp_is_ipv6(s + WSMTP_IPV6_TAG_LEN, end) ? WSMTP_REASON_OK
                                                          : WSMTP_REASON_LITERAL_IPV6;
    }
    if (wsmtp_is_ipv4(s, end)) {
        return WSMTP_REASON_OK;
    }
    while (*s != ':') {
        if (s == end) {
            return WSMTP_REASON_LITERAL_IPV4;
        }
        s++;
    }
    return WSMTP_REASON_LITERAL_TAG;
}
