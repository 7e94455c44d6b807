/* Octets written as hexadecimal text, for test vectors. */
#ifndef WSMTP_TEST_HEX_H
#define WSMTP_TEST_HEX_H

#include "check.h"

#include <stdint.h>

static inline unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Returns how many octets the text, of lower-case digits, stands for. */
static inline size_t hex_read(const char *text, uint8_t *out)
{
    size_t n = 0;
    for (; text[2 * n] != '\0'; n++) {
        out[n] = (uint8_t)(hex_digit(text[2 * n]) << 4 | hex_digit(text[2 * n + 1]));
    }
    return n;
}

static inline bool check_hex(const uint8_t *found, size_t found_len, const char *wanted,
                             const char *what, const char *file, int line)
{
    uint8_t octets[256];
    return check_octets(found, found_len, octets, hex_read(wanted, octets), what, file, line);
}

#define CHECK_HEX(found, found_len, wanted)                                                        \
    check_hex(found, found_len, wanted, #found, __FILE__, __LINE__)

#endif
