/*
 * Invariant: what is decoded from base64 encodes to the same text, and the other way round. No
 * series of challenges makes a SASL exchange read or write outside of its memory; a response is the
 * same in pieces of any size and as long as announced; and no SCRAM server is believed that does
 * not know the key.
 */
#include <wsmtp/sasl.h>

#include <string.h>

#include "require.h"

static void check_base64(const uint8_t *data, size_t size)
{
    char *text = malloc(4 * ((size + 2) / 3) + 1);
    size_t text_len = wsmtp_base64_encode(data, size, text);
    REQUIRE(text_len == 4 * ((size + 2) / 3));
    uint8_t *back = malloc(size + 1);
    size_t back_len = size;
    REQUIRE(wsmtp_base64_decode(text, text_len, back, &back_len));
    REQUIRE(back_len == size && (size == 0 || memcmp(back, data, size) == 0));
    if (size) {
        back_len = size - 1;
        REQUIRE(!wsmtp_base64_decode(text, text_len, back, &back_len));
    }

    /* The input itself as base64; in place, too. */
    char *in_place = require_copy(data, size);
    back_len = size;
    bool good = wsmtp_base64_decode((const char *)data, size, back, &back_len);
    size_t in_place_len = size;
    REQUIRE(wsmtp_base64_decode(in_place, size, (uint8_t *)in_place, &in_place_len) == good);
    if (good) {
        REQUIRE(back_len <= size / 4 * 3);
        REQUIRE(in_place_len == back_len && memcmp(in_place, back, back_len) == 0);
        REQUIRE(wsmtp_base64_encode(back, back_len, text) == size);
        REQUIRE(size == 0 || memcmp(text, data, size) == 0);
    }
    free(in_place);
    free(back);
    free(text);
}

/* Reads a response in pieces, from a copy and from the exchange itself. */
static void read_response(wsmtp_sasl *sasl, size_t piece)
{
    size_t len = wsmtp_sasl_response_len(sasl), other_len = 0, whole_len = 0, count;
    uint8_t *whole = malloc(len + 1), *other = malloc(len + 16);
    wsmtp_sasl *moved = malloc(sizeof *moved);
    *moved = *sasl;
    while ((count = wsmtp_sasl_read(moved, other + other_len, piece)) != 0) {
        REQUIRE(count <= piece);
        other_len += count;
        REQUIRE(other_len <= len);
    }
    while ((count = wsmtp_sasl_read(sasl, whole + whole_len, len + 1 - whole_len)) != 0)
        whole_len += count;
    REQUIRE(whole_len == len && other_len == len);
    REQUIRE(len == 0 || memcmp(whole, other, len) == 0);
    free(moved);
    free(other);
    free(whole);
}

static void exchange(wsmtp_mechanism mechanism, size_t piece, const uint8_t *data, size_t size)
{
    static const uint8_t nonce[18] = "0123456789abcdefgh";
    static const uint8_t key[WSMTP_HASH_MAX] = {1, 2, 3, 4};
    wsmtp_credentials credentials;
    wsmtp_credentials_init(&credentials);
    credentials.user = "us,er=1";
    credentials.user_len = 7;
    credentials.password = "secret";
    credentials.password_len = 6;
    credentials.token = "token";
    credentials.token_len = 5;
    credentials.nonce = nonce;
    credentials.nonce_len = sizeof nonce;
    credentials.binding = WSMTP_BINDING_TLS_EXPORTER;
    credentials.binding_data = key;
    credentials.binding_data_len = sizeof key;
    wsmtp_sasl *sasl = malloc(sizeof *sasl);
    REQUIRE(wsmtp_sasl_begin(sasl, mechanism, &credentials) == WSMTP_REASON_OK);
    if (wsmtp_sasl_client_first(sasl))
        read_response(sasl, piece);
    bool scram = mechanism == WSMTP_MECHANISM_SCRAM_SHA_256 ||
                 mechanism == WSMTP_MECHANISM_SCRAM_SHA_1 ||
                 mechanism == WSMTP_MECHANISM_SCRAM_SHA_512 ||
                 mechanism == WSMTP_MECHANISM_SCRAM_SHA_256_PLUS ||
                 mechanism == WSMTP_MECHANISM_SCRAM_SHA_512_PLUS ||
                 mechanism == WSMTP_MECHANISM_SCRAM_SHA_1_PLUS;
    for (unsigned round = 0; round < 6; round++) {
        /* Challenges are cut at a vertical bar; a leading N stands for the right nonce. */
        const uint8_t *end = size ? memchr(data, '|', size) : NULL;
        size_t len = end ? (size_t)(end - data) : size;
        uint8_t challenge[WSMTP_SASL_CHALLENGE_MAX];
        size_t challenge_len = 0;
        for (size_t i = 0; i < len && challenge_len < sizeof challenge; i++) {
            if (data[i] == 'N' && scram && challenge_len + 24 <= sizeof challenge)
                challenge_len += wsmtp_base64_encode(nonce, sizeof nonce,
                                                     (char *)challenge + challenge_len);
            else
                challenge[challenge_len++] = data[i];
        }
        data += len + (end != NULL);
        size -= len + (end != NULL);
        bool last = !size && !end; /* what stands behind the last bar comes with the success */
        wsmtp_sasl_status status = last ? wsmtp_sasl_success(sasl, challenge, challenge_len)
                                        : wsmtp_sasl_challenge(sasl, challenge, challenge_len);
        if (status == WSMTP_SASL_NEED_KEY) {
            REQUIRE(sasl->scram_iterations >= WSMTP_SCRAM_ITERATIONS_MIN);
            REQUIRE(sasl->scram_iterations <= WSMTP_SCRAM_ITERATIONS_MAX);
            REQUIRE(sasl->scram_salt_len > 0 && sasl->scram_salt_len <= sizeof sasl->scram_salt);
            status = wsmtp_sasl_key(sasl, key, wsmtp_hash_len(sasl->scram_hash));
            REQUIRE(status == WSMTP_SASL_RESPOND);
        }
        if (status == WSMTP_SASL_RESPOND) {
            read_response(sasl, piece);
            continue;
        }
        REQUIRE(status == WSMTP_SASL_DONE || status == WSMTP_SASL_FAILED);
        REQUIRE(status != WSMTP_SASL_DONE || !scram);
        REQUIRE(status != WSMTP_SASL_FAILED || wsmtp_reason_kind(sasl->reason) == WSMTP_KIND_AUTH);
        break;
    }
    wsmtp_sasl_end(sasl);
    free(sasl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_base64(data, size);
    if (size > 1)
        exchange((wsmtp_mechanism)(1 + data[0] % (WSMTP_MECHANISM_COUNT - 1)), 1 + data[0] / 16u,
                 data + 1, size - 1);
    return 0;
}
