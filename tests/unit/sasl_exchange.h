/* What the tests of the mechanisms have in common. */
#ifndef WSMTP_TEST_SASL_EXCHANGE_H
#define WSMTP_TEST_SASL_EXCHANGE_H

#include "check.h"

#include <stdint.h>

#include "wsmtp/sasl.h"

static const uint8_t sasl_nonce[24] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                                       13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24};

static inline wsmtp_credentials sasl_credentials(const char *user, const char *password)
{
    wsmtp_credentials c;
    wsmtp_credentials_init(&c);
    c.user = user;
    c.user_len = user == NULL ? 0 : strlen(user);
    c.password = password;
    c.password_len = password == NULL ? 0 : strlen(password);
    c.nonce = sasl_nonce;
    c.nonce_len = sizeof sasl_nonce;
    return c;
}

/* Gives a channel binding, which the -PLUS mechanisms need. */
static inline void sasl_bind(wsmtp_credentials *c)
{
    c->binding = WSMTP_BINDING_TLS_EXPORTER;
    c->binding_data = sasl_nonce;
    c->binding_data_len = sizeof sasl_nonce;
}

static inline wsmtp_credentials sasl_token(const char *user, const char *token)
{
    wsmtp_credentials c = sasl_credentials(user, NULL);
    c.token = token;
    c.token_len = strlen(token);
    return c;
}

/*
 * Checks the response that is ready: its length, and that it is the same read in pieces of every
 * size, each into a struct that has been moved. Leaves it read to its end.
 */
static inline bool check_response(wsmtp_sasl *sasl, const void *wanted, size_t wanted_len,
                                  const char *file, int line)
{
    bool same = check_equal(wsmtp_sasl_response_len(sasl), wanted_len, "length of the response",
                            file, line);
    for (size_t piece = wanted_len + 1; piece > 0; piece--) {
        static uint8_t out[16384];
        size_t n = 0, got;
        wsmtp_sasl copy = *sasl;
        do {
            uint8_t part[16384];
            wsmtp_sasl moved = copy;
            got = wsmtp_sasl_read(&moved, part, piece);
            memcpy(out + n, part, got);
            n += got;
            copy = moved;
        } while (got == piece && n <= wanted_len);
        same &=
            check_that(wsmtp_sasl_read(&copy, out + n, piece) == 0, "nothing follows", file, line);
        same &= check_octets(out, n, wanted, wanted_len, "response", file, line);
        if (piece == 1) {
            *sasl = copy;
        }
    }
    return same;
}

#define CHECK_RESPONSE(sasl, wanted, wanted_len)                                                   \
    check_response(sasl, wanted, wanted_len, __FILE__, __LINE__)
/* wanted: a string literal, which may contain NUL. */
#define CHECK_RESPONSE_TEXT(sasl, literal)                                                         \
    check_response(sasl, literal, sizeof(literal) - 1, __FILE__, __LINE__)

static inline wsmtp_sasl_status sasl_challenge(wsmtp_sasl *sasl, const char *challenge)
{
    return wsmtp_sasl_challenge(sasl, (const uint8_t *)challenge, strlen(challenge));
}

static inline wsmtp_sasl_status sasl_success(wsmtp_sasl *sasl, const char *data)
{
    return wsmtp_sasl_success(sasl, (const uint8_t *)data, strlen(data));
}

/* Ends the exchange: nothing is left of it. */
static inline bool check_end(wsmtp_sasl *sasl, const char *file, int line)
{
    const uint8_t *octets = (const uint8_t *)sasl;
    size_t zeroes = 0;
    wsmtp_sasl_end(sasl);
    while (zeroes < sizeof *sasl && octets[zeroes] == 0) {
        zeroes++;
    }
    return check_equal(zeroes, sizeof *sasl, "the state is wiped", file, line);
}

#define CHECK_END(sasl) check_end(sasl, __FILE__, __LINE__)

/* The exchange has failed for this reason and stays so, with no response to send. */
static inline bool check_failed_for(wsmtp_sasl *sasl, wsmtp_sasl_status status, wsmtp_reason reason,
                                    const char *file, int line)
{
    static const uint8_t key[WSMTP_HASH_MAX];
    bool same = check_equal(status, WSMTP_SASL_FAILED, "the exchange has failed", file, line);
    same &= check_equal(sasl->reason, reason, "for this reason", file, line);
    same &= check_equal(wsmtp_sasl_response_len(sasl), 0, "there is no response", file, line);
    same &= check_equal(wsmtp_sasl_challenge(sasl, NULL, 0), WSMTP_SASL_FAILED,
                        "no challenge helps", file, line);
    same &=
        check_equal(wsmtp_sasl_key(sasl, key, 32), WSMTP_SASL_FAILED, "no key helps", file, line);
    same &= check_equal(wsmtp_sasl_success(sasl, NULL, 0), WSMTP_SASL_FAILED, "success is none",
                        file, line);
    same &= check_equal(sasl->reason, reason, "the reason stays", file, line);
    return same;
}

#define CHECK_FAILED(sasl, status, reason)                                                         \
    check_failed_for(sasl, status, WSMTP_REASON_##reason, __FILE__, __LINE__)

#endif
