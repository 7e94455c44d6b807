/* Reading SCRAM's server-first and server-final messages: every attribute in its place. */
#include "scram.h"

#include "words.h"

#if WSMTP_FEATURE_SCRAM

/*
 * Takes a message apart: attributes with these names, in this order and of printable ASCII, then
 * optional extensions, which are read over. A value is not empty. OK, AUTH_CHALLENGE,
 * AUTH_EXTENSION, AUTH_SERVER_ERROR.
 */
static wsmtp_reason wsmtp_scram_read(const uint8_t *text, size_t text_len, const char *names,
                                     wsmtp_text *values)
{
    size_t at = 0;
    do {
        if (text_len - at < 3u || text[at + 1u] != '=') {
            return WSMTP_REASON_AUTH_CHALLENGE;
        }
        uint8_t name = text[at];
        if (name == 'm') {
            return WSMTP_REASON_AUTH_EXTENSION;
        }
        if (name == 'e' && at == 0) {
            return WSMTP_REASON_AUTH_SERVER_ERROR;
        }
        if (*names != '\0' ? name != (uint8_t)*names
                           : (name | 0x20u) < 'a' || (name | 0x20u) > 'z') {
            return WSMTP_REASON_AUTH_CHALLENGE;
        }
        at += 2u;
        const uint8_t *value = &text[at];
        while (at < text_len && text[at] != ',') {
            uint8_t octet = text[at++];
            if (*names != '\0' ? octet <= 0x20u || octet >= 0x7fu : octet == 0) {
                return WSMTP_REASON_AUTH_CHALLENGE;
            }
        }
        if (value == &text[at]) {
            return WSMTP_REASON_AUTH_CHALLENGE;
        }
        if (*names != '\0') {
            names++;
            values->data = value;
            values->data_len = (size_t)(&text[at] - value);
            values++;
        }
        /* A comma is followed by another attribute. */
    } while (at++ < text_len);
    return *names != '\0' ? WSMTP_REASON_AUTH_CHALLENGE : WSMTP_REASON_OK;
}

bool wsmtp_scram_equal(const uint8_t *one, const uint8_t *other, size_t len)
{
    uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference |= one[i] ^ other[i];
    }
    return difference == 0;
}

static wsmtp_reason wsmtp_scram_nonce(wsmtp_sasl *sasl, wsmtp_text text)
{
    if (text.data_len <= sasl->scram_nonce_len ||
        !wsmtp_scram_equal(text.data, sasl->scram_nonce, sasl->scram_nonce_len)) {
        return WSMTP_REASON_AUTH_NONCE;
    }
    sasl->scram_server_nonce_len = text.data_len;
    return WSMTP_REASON_OK;
}

/* A number without sign and leading zeroes. */
static wsmtp_reason wsmtp_scram_iterations(wsmtp_sasl *sasl, wsmtp_text text, uint32_t min,
                                           uint32_t max)
{
    const uint64_t count = wsmtp_words_number((const char *)text.data, text.data_len);
    if (text.data[0] == '0' || count == 0) {
        return WSMTP_REASON_AUTH_CHALLENGE;
    }
    if (count < min || count > max) {
        return WSMTP_REASON_AUTH_ITERATIONS;
    }
    sasl->scram_iterations = (uint32_t)count;
    return WSMTP_REASON_OK;
}

wsmtp_reason wsmtp_scram_server_first(wsmtp_sasl *sasl, uint32_t iterations_min,
                                      uint32_t iterations_max)
{
    wsmtp_text values[3];
    wsmtp_reason reason = wsmtp_scram_read(sasl->challenge, sasl->challenge_len, "rsi", values);
    if (reason == WSMTP_REASON_OK) {
        reason = wsmtp_scram_nonce(sasl, values[0]);
    }
    if (reason != WSMTP_REASON_OK) {
        return reason;
    }
    sasl->scram_salt_len = sizeof sasl->scram_salt;
    if (!wsmtp_base64_decode((const char *)values[1].data, values[1].data_len, sasl->scram_salt,
                             &sasl->scram_salt_len)) {
        return WSMTP_REASON_AUTH_CHALLENGE;
    }
    return wsmtp_scram_iterations(sasl, values[2], iterations_min, iterations_max);
}

wsmtp_reason wsmtp_scram_server_final(const uint8_t *text, size_t text_len, uint8_t *signature,
                                      size_t *signature_len)
{
    wsmtp_text value;
    wsmtp_reason reason = wsmtp_scram_read(text, text_len, "v", &value);
    *signature_len = WSMTP_HASH_MAX;
    if (reason == WSMTP_REASON_OK &&
        !wsmtp_base64_decode((const char *)value.data, value.data_len, signature, signature_len)) {
        reason = WSMTP_REASON_AUTH_CHALLENGE;
    }
    return reason;
}

#endif
