/* Base64 (RFC 4648 section 4), with padding and nothing but the alphabet. */
#include "wsmtp/sasl.h"

/* The character of six bits. */
static char wsmtp_base64_character(uint32_t bits)
{
    bits &= 63u;
    return (char)(bits < 26u    ? 'A' + bits
                  : bits < 52u  ? 'a' + (bits - 26u)
                  : bits < 62u  ? '0' + (bits - 52u)
                  : bits == 62u ? '+'
                                : '/');
}

size_t wsmtp_base64_encode(const uint8_t *data, size_t data_len, char *out)
{
    size_t n = 0;
    uint32_t bits = 0;
    unsigned waiting = 0; /* low bits that are not written yet */
    for (size_t i = 0; i < data_len; i++) {
        bits = bits << 8 | data[i];
        waiting += 8u;
        while (waiting >= 6u) {
            waiting -= 6u;
            out[n++] = wsmtp_base64_character(bits >> waiting);
        }
    }
    if (waiting > 0) {
        out[n++] = wsmtp_base64_character(bits << (6u - waiting));
    }
    while (n % 4u != 0) {
        out[n++] = '=';
    }
    return n;
}

bool wsmtp_base64_decode(const char *text, size_t text_len, uint8_t *out, size_t *out_len)
{
    size_t n = 0;
    size_t padding = 0;
    uint32_t bits = 0;
    unsigned waiting = 0;
    for (size_t i = 0; i < text_len; i++) {
        uint32_t value = 0;
        if (text[i] == '=') {
            padding++;
            continue;
        }
        while (wsmtp_base64_character(value) != text[i]) {
            if (++value == 64u) {
                return false;
            }
        }
        bits = bits << 6 | value;
        waiting += 6u;
        if (waiting >= 8u) {
            if (padding > 0 || n == *out_len) {
                return false;
            }
            waiting -= 8u;
            out[n++] = (uint8_t)(bits >> waiting);
        }
    }
    *out_len = n;
    /* Bits left over under the padding: the same data could be written in several ways. */
    return text_len % 4u == 0 && padding <= 2u && (bits & ((1u << waiting) - 1u)) == 0;
}
