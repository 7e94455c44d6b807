/* Reading SCRAM's server-first and server-final messages: every attribute in its place. */
#include "scram.h"

#if WSMTP_FEATURE_SCRAM

typedef struct wsmtp_scram_reader {
    const uint8_t *text; /* the rest of the message */
    size_t text_len;
    const uint8_t *value; /* of the attribute read last */
    size_t value_len;
} wsmtp_scram_reader;

/* Whether the next attribute has this name; a message is never that short that this would fit. */
static bool wsmtp_scram_next_is(const wsmtp_scram_reader *reader, char name)
{
    return reader->text_len >= 2u && reader->text[0] == (uint8_t)name && reader->text[1] == '=';
}

/* Reads an attribute with its comma: a letter, "=", and a value that is not empty. */
static bool wsmtp_scram_any(wsmtp_scram_reader *reader)
{
    size_t end = 2;
    if (reader->text_len < 3u || reader->text[1] != '=' || (reader->text[0] | 0x20u) < 'a' ||
        (reader->text[0] | 0x20u) > 'z') {
        return false;
    }
    while (end < reader->text_len && reader->text[end] != ',') {
        if (reader->text[end++] == 0) {
            return false;
        }
    }
    reader->value = reader->text + 2;
    reader->value_len = end - 2u;
    /* A comma is followed by another attribute. */
    if (end < reader->text_len && ++end == reader->text_len) {
        return false;
    }
    reader->text += end;
    reader->text_len -= end;
    return reader->value_len > 0;
}

static bool wsmtp_scram_read(wsmtp_scram_reader *reader, char name)
{
    return wsmtp_scram_next_is(reader, name) && wsmtp_scram_any(reader);
}

/* The rest may be optional extensions, which are read over. */
static wsmtp_reason wsmtp_scram_extensions(wsmtp_scram_reader *reader)
{
    while (reader->text_len > 0) {
        if (wsmtp_scram_next_is(reader, 'm')) {
            return WSMTP_REASON_AUTH_EXTENSION;
        }
        if (!wsmtp_scram_any(reader)) {
            return WSMTP_REASON_AUTH_CHALLENGE;
        }
    }
    return WSMTP_REASON_OK;
}

/* The messages that mean that the exchange is over, or that it cannot be understood. */
static wsmtp_reason wsmtp_scram_refusal(const wsmtp_scram_reader *reader)
{
    if (wsmtp_scram_next_is(reader, 'e')) {
        return WSMTP_REASON_AUTH_SERVER_ERROR;
    }
    return wsmtp_scram_next_is(reader, 'm') ? WSMTP_REASON_AUTH_EXTENSION : WSMTP_REASON_OK;
}

static wsmtp_reason wsmtp_scram_nonce(wsmtp_sasl *sasl, const wsmtp_scram_reader *reader)
{
    if (reader->value_len <= sasl->scram_nonce_len ||
        memcmp(reader->value, sasl->scram_nonce, sasl->scram_nonce_len) != 0) {
        return WSMTP_REASON_AUTH_NONCE;
    }
    for (size_t i = 0; i < reader->value_len; i++) {
        if (reader->value[i] <= 0x20u || reader->value[i] >= 0x7fu) {
            return WSMTP_REASON_AUTH_CHALLENGE;
        }
    }
    sasl->scram_server_nonce_len = reader->value_len;
    return WSMTP_REASON_OK;
}

/* A number without sign and leading zeroes. */
static wsmtp_reason wsmtp_scram_iterations(wsmtp_sasl *sasl, const wsmtp_scram_reader *reader,
                                           uint32_t min, uint32_t max)
{
    uint64_t count = 0;
    if (reader->value[0] == '0') {
        return WSMTP_REASON_AUTH_CHALLENGE;
    }
    for (size_t i = 0; i < reader->value_len; i++) {
        if (reader->value[i] < '0' || reader->value[i] > '9') {
            return WSMTP_REASON_AUTH_CHALLENGE;
        }
        /* Once it is too large it stays so, and cannot run over. */
        if (count <= max) {
            count = count * 10u + (uint64_t)(reader->value[i] - '0');
        }
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
    wsmtp_scram_reader reader = {sasl->challenge, sasl->challenge_len, NULL, 0};
    wsmtp_reason reason = wsmtp_scram_refusal(&reader);
    if (reason != WSMTP_REASON_OK) {
        return reason;
    }
    if (!wsmtp_scram_read(&reader, 'r')) {
        return WSMTP_REASON_AUTH_CHALLENGE;
    }
    reason = wsmtp_scram_nonce(sasl, &reader);
    if (reason != WSMTP_REASON_OK) {
        return reason;
    }
    sasl->scram_salt_len = sizeof sasl->scram_salt;
    if (!wsmtp_scram_read(&reader, 's') ||
        !wsmtp_base64_decode((const char *)reader.value, reader.value_len, sasl->scram_salt,
                             &sasl->scram_salt_len) ||
        !wsmtp_scram_read(&reader, 'i')) {
        return WSMTP_REASON_AUTH_CHALLENGE;
    }
    reason = wsmtp_scram_iterations(sasl, &reader, iterations_min, iterations_max);
    return reason != WSMTP_REASON_OK ? reason : wsmtp_scram_extensions(&reader);
}

wsmtp_reason wsmtp_scram_server_final(const uint8_t *text, size_t text_len, uint8_t *signature,
                                      size_t *signature_len)
{
    wsmtp_scram_reader reader = {text, text_len, NULL, 0};
    wsmtp_reason reason = wsmtp_scram_refusal(&reader);
    *signature_len = WSMTP_HASH_MAX;
    if (reason != WSMTP_REASON_OK) {
        return reason;
    }
    if (!wsmtp_scram_read(&reader, 'v') ||
        !wsmtp_base64_decode((const char *)reader.value, reader.value_len, signature, signature_len)) {
        return WSMTP_REASON_AUTH_CHALLENGE;
    }
    return wsmtp_scram_extensions(&reader);
}

#endif
