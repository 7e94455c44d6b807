/* Base64 (RFC 4648 section 4), with padding and nothing but the alphabet. */
#include "wsmtp/sasl.h"

static const char wsmtp_base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t wsmtp_base64_encode(const uint8_t *data, size_t data_len, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < data_len; i += 3u) {
        uint32_t group = 0;
        for (size_t j = 0; j < 3u; j++) {
            group = group << 8 | (i + j < data_len ? data[i + j] : 0u);
        }
        for (size_t j = 0; j < 4u; j++) {
            /* A character that carries no bit of the data is padding. */
            out[n++] = i + j <= data_len ? wsmtp_base64_alphabet[group >> (18u - 6u * j) & 63u] : '=';
        }
    }
    return n;
}

bool wsmtp_base64_decode(const char *text, size_t text_len, uint8_t *out, size_t *out_len)
{
    size_t n = 0, padding = 0;
    if (text_len % 4u != 0) {
        return false;
    }
    while (padding < 2u && padding < text_len && text[text_len - 1u - padding] == '=') {
        padding++;
    }
    size_t decoded_len = text_len / 4u * 3u - padding;
    if (decoded_len > *out_len) {
        return false;
    }
    uint32_t group = 0;
    for (size_t i = 0; i < text_len; i++) {
        uint32_t value = 0;
        if (i < text_len - padding) {
            while (wsmtp_base64_alphabet[value] != text[i]) {
                if (++value == 64u) {
                    return false;
                }
            }
        }
        group = group << 6 | value;
        if (i % 4u == 3u) {
            for (unsigned shift = 24; shift > 0 && n < decoded_len;) {
                shift -= 8u;
                out[n++] = (uint8_t)(group >> shift);
                group &= ~(0xffu << shift);
            }
            /* Bits left over under the padding: the same data could be written in several ways. */
            if (group != 0) {
                return false;
            }
        }
    }
    *out_len = n;
    return true;
}
