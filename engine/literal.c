#include "literal.h"

#include <stdbool.h>

#define WSMTP_IPV6_GROUPS 8u
/* "::" stands for at least two groups (RFC 5321 section 4.1.3), so that many may stand beside it. */
#define WSMTP_IPV6_GROUPS_COMPRESSED 6u

static bool wsmtp_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool wsmtp_is_hex_digit(uint8_t c)
{
    const uint8_t lower = c | 0x20;
    return wsmtp_is_digit(c) || (lower >= 'a' && lower <= 'f');
}

/* Leading zeros are refused: some readers take them for octal (RFC 6943 section 3.1.1). */
static bool wsmtp_is_ipv4(const uint8_t *s, size_t n)
{
    unsigned value = 0;
    size_t digits = 0;
    size_t dots = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '.') {
            if (digits == 0) {
                return false;
            }
            value = 0;
            digits = 0;
            dots++;
        } else {
            if (!wsmtp_is_digit(s[i]) || (digits > 0 && value == 0)) {
                return false;
            }
            value = value * 10 + (unsigned)(s[i] - '0');
            digits++;
            if (value > 255) {
                return false;
            }
        }
    }
    return digits > 0 && dots == 3;
}

static bool wsmtp_is_ipv6(const uint8_t *s, size_t n)
{
    size_t at = 0;
    size_t groups = 0;
    bool compressed = false;
    do {
        if (n - at >= 2 && s[at] == ':' && s[at + 1] == ':') {
            if (compressed) {
                return false;
            }
            compressed = true;
            at += 2;
            if (at == n) {
                break;
            }
        } else if (groups > 0) {
            if (s[at] != ':') {
                return false;
            }
            at++;
        }
        const size_t start = at;
        while (at < n && wsmtp_is_hex_digit(s[at])) {
            at++;
        }
        if (at < n && s[at] == '.') {
            if (!wsmtp_is_ipv4(s + start, n - start)) {
                return false;
            }
            groups++;
            at = n;
        } else if (at == start || at - start > 4) {
            return false;
        }
        groups++;
    } while (at < n);
    return compressed ? groups <= WSMTP_IPV6_GROUPS_COMPRESSED : groups == WSMTP_IPV6_GROUPS;
}

static bool wsmtp_has_ipv6_tag(const uint8_t *s, size_t n)
{
    return n >= 5 && (s[0] | 0x20) == 'i' && (s[1] | 0x20) == 'p' && (s[2] | 0x20) == 'v' &&
           s[3] == '6' && s[4] == ':';
}

wsmtp_reason wsmtp_literal_check(const uint8_t *s, size_t n)
{
    if (n < 2 || s[n - 1] != ']') {
        return WSMTP_REASON_LITERAL_UNCLOSED;
    }
    s++;
    n -= 2;
    if (wsmtp_has_ipv6_tag(s, n)) {
        return wsmtp_is_ipv6(s + 5, n - 5) ? WSMTP_REASON_OK : WSMTP_REASON_LITERAL_IPV6;
    }
    if (wsmtp_is_ipv4(s, n)) {
        return WSMTP_REASON_OK;
    }
    for (size_t i = 0; i < n; i++) {
        if (s[i] == ':') {
            return WSMTP_REASON_LITERAL_TAG;
        }
    }
    return WSMTP_REASON_LITERAL_IPV4;
}
