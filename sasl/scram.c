/*
 * SCRAM-SHA-512, SCRAM-SHA-256 and SCRAM-SHA-1 (RFC 5802, RFC 7677), and with channel binding the -PLUS forms.
 *
 *   client-first   n,a=authzid,n=user,r=nonce
 *   server-first   r=nonce+more,s=salt,i=iterations
 *   client-final   c=base64(n,a=authzid,),r=nonce+more,p=proof
 *   server-final   v=server signature
 *
 * With a binding, "p=" and its name stand for the first "n", and its data at the end of c=.
 *
 * What both sides sign, the AuthMessage, is made again from the credentials and the server-first
 * challenge whenever it is needed, like a response, instead of being kept.
 */
#include "scram.h"

#if WSMTP_FEATURE_SCRAM

#include "hash.h"

enum {
    WSMTP_SCRAM_FIRST,   /* client-first is ready */
    WSMTP_SCRAM_KEY,     /* server-first has come, the key has not */
    WSMTP_SCRAM_FINAL,   /* client-final is ready */
    WSMTP_SCRAM_VERIFIED /* the server's signature was right: an empty response is ready */
};

static uint32_t wsmtp_scram_limit(uint32_t given, uint32_t preset)
{
    return given != 0 ? given : preset;
}

#define WSMTP_SCRAM_PLUS                                                                           \
    (1u << WSMTP_MECHANISM_SCRAM_SHA_256_PLUS | 1u << WSMTP_MECHANISM_SCRAM_SHA_1_PLUS |           \
     1u << WSMTP_MECHANISM_SCRAM_SHA_512_PLUS)

static wsmtp_hash wsmtp_scram_hash(wsmtp_mechanism mechanism)
{
    switch (mechanism) {
    case WSMTP_MECHANISM_SCRAM_SHA_1:
    case WSMTP_MECHANISM_SCRAM_SHA_1_PLUS:
        return WSMTP_HASH_SHA_1;
#if WSMTP_FEATURE_SHA_512
    case WSMTP_MECHANISM_SCRAM_SHA_512:
    case WSMTP_MECHANISM_SCRAM_SHA_512_PLUS:
        return WSMTP_HASH_SHA_512;
#endif
    default:
        return WSMTP_HASH_SHA_256;
    }
}

static bool wsmtp_scram_plus(const wsmtp_sasl *sasl)
{
    return WSMTP_FEATURE_CHANNEL_BINDING &&
           (WSMTP_SCRAM_PLUS >> (unsigned)sasl->mechanism & 1u) != 0;
}

wsmtp_text wsmtp_scram_binding_flag(const wsmtp_sasl *sasl)
{
    static const char names[] = "p=tls-exporter" "p=tls-server-end-point";
    wsmtp_text text = {(const uint8_t *)"ny", 1};
    if (WSMTP_FEATURE_CHANNEL_BINDING && sasl->credentials->binding != WSMTP_BINDING_NONE) {
        if (wsmtp_scram_plus(sasl)) {
            bool exporter = sasl->credentials->binding == WSMTP_BINDING_TLS_EXPORTER;
            text.data = (const uint8_t *)names + (exporter ? 0 : 14);
            text.data_len = exporter ? 14 : 22;
        } else if (sasl->credentials->mechanism == WSMTP_MECHANISM_AUTO) {
            /* We could, and the server offered no -PLUS: if it did, somebody has removed it. */
            text.data++;
        }
    }
    return text;
}

wsmtp_text wsmtp_scram_binding(const wsmtp_sasl *sasl)
{
    wsmtp_text text = {sasl->credentials->binding_data, sasl->credentials->binding_data_len};
    if (!wsmtp_scram_plus(sasl)) {
        text.data_len = 0;
    }
    return text;
}

static wsmtp_reason wsmtp_scram_begin(wsmtp_sasl *sasl)
{
    const wsmtp_credentials *c = sasl->credentials;
    if (wsmtp_scram_plus(sasl) && (c->binding == WSMTP_BINDING_NONE || c->binding_data_len == 0)) {
        sasl->field = WSMTP_FIELD_BINDING;
        return WSMTP_REASON_CREDENTIAL_MISSING;
    }
    size_t nonce_len = c->nonce_len < WSMTP_NONCE_MAX ? c->nonce_len : WSMTP_NONCE_MAX;
    if (c->nonce == NULL || nonce_len < WSMTP_NONCE_MIN) {
        sasl->field = WSMTP_FIELD_NONCE;
        return WSMTP_REASON_NONCE_TOO_SHORT;
    }
    if (wsmtp_scram_limit(c->scram_iterations_min, WSMTP_SCRAM_ITERATIONS_MIN) >
        wsmtp_scram_limit(c->scram_iterations_max, WSMTP_SCRAM_ITERATIONS_MAX)) {
        sasl->field = WSMTP_FIELD_ITERATIONS;
        return WSMTP_REASON_ITERATION_LIMITS;
    }
    sasl->scram_hash = wsmtp_scram_hash(sasl->mechanism);
    sasl->scram_nonce_len = wsmtp_base64_encode(c->nonce, nonce_len, (char *)sasl->scram_nonce);
    return WSMTP_REASON_OK;
}

/*
 * What the messages consist of. The gs2-header says which channel binding there is, and names the
 * authorization identity if there is one.
 */
#define WSMTP_SCRAM_HEADER                                                                         \
    WSMTP_T_BINDING_FLAG "," WSMTP_T_IF_AUTHZID "a=" WSMTP_T_AUTHZID_ESCAPED ","
#define WSMTP_SCRAM_FIRST_BARE "n=" WSMTP_T_USER_ESCAPED ",r=" WSMTP_T_NONCE
#define WSMTP_SCRAM_FINAL_BARE                                                                     \
    "c=" WSMTP_T_BASE64 WSMTP_SCRAM_HEADER WSMTP_T_BINDING WSMTP_T_BASE64 ",r=" WSMTP_T_SERVER_NONCE

/* HMAC(key, AuthMessage). */
static void wsmtp_scram_sign(const wsmtp_sasl *sasl, wsmtp_hash_algorithm *algorithm,
                             const uint8_t *key, uint8_t *signature)
{
    static const char message[] =
        WSMTP_SCRAM_FIRST_BARE "," WSMTP_T_CHALLENGE "," WSMTP_SCRAM_FINAL_BARE;
    wsmtp_sasl_cursor cursor = {0};
    wsmtp_hmac hmac;
    uint8_t octet;
    wsmtp_hmac_init(&hmac, algorithm, key, algorithm->digest_len);
    while (wsmtp_template_read(sasl, message, &cursor, &octet, 1) > 0) {
        wsmtp_hmac_update(&hmac, &octet, 1);
    }
    wsmtp_hmac_final(&hmac, signature);
}

static wsmtp_sasl_status wsmtp_scram_key(wsmtp_sasl *sasl, const uint8_t *key, size_t key_len)
{
    wsmtp_hash_algorithm algorithm;
    wsmtp_hash_context hash;
    uint8_t client_key[WSMTP_HASH_MAX];
    uint8_t other[WSMTP_HASH_MAX];
    if (sasl->step != WSMTP_SCRAM_KEY) {
        return wsmtp_sasl_fail(sasl, WSMTP_REASON_STATE);
    }
    if (key_len != wsmtp_hash_len(sasl->scram_hash)) {
        return wsmtp_sasl_fail(sasl, WSMTP_REASON_AUTH_KEY);
    }
    wsmtp_hash_make(&algorithm, sasl->scram_hash);
    wsmtp_hmac_whole(&algorithm, key, key_len, "Server Key", 10, other);
    wsmtp_scram_sign(sasl, &algorithm, other, sasl->scram_server_signature);

    wsmtp_hmac_whole(&algorithm, key, key_len, "Client Key", 10, client_key);
    wsmtp_hash_init(&hash, &algorithm);
    wsmtp_hash_update(&hash, client_key, key_len);
    wsmtp_hash_final(&hash, other);
    wsmtp_scram_sign(sasl, &algorithm, other, other);
    for (size_t i = 0; i < key_len; i++) {
        client_key[i] ^= other[i];
    }
    sasl->scratch_len = wsmtp_base64_encode(client_key, key_len, (char *)sasl->scratch);
    wsmtp_wipe(&algorithm, sizeof algorithm);
    wsmtp_wipe(client_key, sizeof client_key);
    wsmtp_wipe(other, sizeof other);
    return wsmtp_sasl_respond(sasl, WSMTP_SCRAM_FINAL);
}

/* Checks a server-final message. OK, or the reason that it proves nothing. */
static wsmtp_reason wsmtp_scram_verify(const wsmtp_sasl *sasl, const uint8_t *text, size_t text_len)
{
    uint8_t signature[WSMTP_HASH_MAX];
    size_t signature_len;
    wsmtp_reason reason = wsmtp_scram_server_final(text, text_len, signature, &signature_len);
    if (reason != WSMTP_REASON_OK) {
        return reason;
    }
    if (signature_len != wsmtp_hash_len(sasl->scram_hash)) {
        return WSMTP_REASON_AUTH_CHALLENGE;
    }
    return wsmtp_scram_equal(signature, sasl->scram_server_signature, signature_len)
               ? WSMTP_REASON_OK
               : WSMTP_REASON_AUTH_SERVER_SIGNATURE;
}

static wsmtp_sasl_status wsmtp_scram_challenge(wsmtp_sasl *sasl, const uint8_t *challenge,
                                               size_t challenge_len)
{
    const wsmtp_credentials *c = sasl->credentials;
    wsmtp_reason reason = WSMTP_REASON_AUTH_CHALLENGE;
    if (sasl->step == WSMTP_SCRAM_FIRST) {
        wsmtp_sasl_keep(sasl, challenge, challenge_len);
        reason = wsmtp_scram_server_first(
            sasl, wsmtp_scram_limit(c->scram_iterations_min, WSMTP_SCRAM_ITERATIONS_MIN),
            wsmtp_scram_limit(c->scram_iterations_max, WSMTP_SCRAM_ITERATIONS_MAX));
        if (reason == WSMTP_REASON_OK) {
            wsmtp_sasl_respond(sasl, WSMTP_SCRAM_KEY);
            return WSMTP_SASL_NEED_KEY;
        }
    } else if (sasl->step == WSMTP_SCRAM_FINAL) {
        reason = wsmtp_scram_verify(sasl, challenge, challenge_len);
        if (reason == WSMTP_REASON_OK) {
            return wsmtp_sasl_respond(sasl, WSMTP_SCRAM_VERIFIED);
        }
    }
    return wsmtp_sasl_fail(sasl, reason);
}

static wsmtp_sasl_status wsmtp_scram_success(wsmtp_sasl *sasl, const uint8_t *data, size_t data_len)
{
    if (sasl->step == WSMTP_SCRAM_FINAL) {
        wsmtp_reason reason = wsmtp_scram_verify(sasl, data, data_len);
        if (reason == WSMTP_REASON_OK) {
            wsmtp_sasl_respond(sasl, WSMTP_SCRAM_VERIFIED);
        } else if (reason == WSMTP_REASON_AUTH_SERVER_ERROR) {
            return wsmtp_sasl_fail(sasl, reason);
        }
    }
    return sasl->step == WSMTP_SCRAM_VERIFIED
               ? WSMTP_SASL_DONE
               : wsmtp_sasl_fail(sasl, WSMTP_REASON_AUTH_SERVER_SIGNATURE);
}

const wsmtp_mechanism_definition wsmtp_mechanism_scram = {
    true,
    {WSMTP_NEEDED | WSMTP_NO_NUL, WSMTP_NEEDED | WSMTP_NO_NUL, 0, WSMTP_NO_NUL, 0},
    /* FIRST, KEY, FINAL, VERIFIED */
    WSMTP_SCRAM_HEADER WSMTP_SCRAM_FIRST_BARE "\0\0" WSMTP_SCRAM_FINAL_BARE ",p=" WSMTP_T_SCRATCH "\0",
    wsmtp_scram_begin,
    wsmtp_scram_challenge,
    wsmtp_scram_key,
    wsmtp_scram_success,
};

#endif
