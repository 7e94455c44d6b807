/*
 * OAUTHBEARER (RFC 7628 section 3.1): n,a=<user>,^Ahost=<host>^Aport=<port>^Aauth=Bearer <token>^A^A.
 * A refusal is acknowledged by a single ^A.
 */
#include "mechanism.h"

#if WSMTP_FEATURE_OAUTH

static void wsmtp_oauthbearer_response(const wsmtp_sasl *sasl, wsmtp_sasl_parts *parts)
{
    const wsmtp_credentials *c = sasl->credentials;
    if (sasl->step == WSMTP_OAUTH_ERROR) {
        WSMTP_PARTS_ADD_LITERAL(parts, "\1", WSMTP_CODING_NONE);
        return;
    }
    if (c->authzid_len > 0 || c->user_len > 0) {
        WSMTP_PARTS_ADD_LITERAL(parts, "n,a=", WSMTP_CODING_NONE);
        /* The token itself says who authenticates: a= is whom to act as. */
        if (c->authzid_len > 0) {
            wsmtp_parts_add(parts, c->authzid, c->authzid_len, WSMTP_CODING_ESCAPE);
        } else {
            wsmtp_parts_add(parts, c->user, c->user_len, WSMTP_CODING_ESCAPE);
        }
    } else {
        WSMTP_PARTS_ADD_LITERAL(parts, "n,", WSMTP_CODING_NONE);
    }
    WSMTP_PARTS_ADD_LITERAL(parts, ",", WSMTP_CODING_NONE);
    if (c->host_len > 0) {
        WSMTP_PARTS_ADD_LITERAL(parts, "\1host=", WSMTP_CODING_NONE);
        wsmtp_parts_add(parts, c->host, c->host_len, WSMTP_CODING_NONE);
    }
    if (c->port > 0) {
        WSMTP_PARTS_ADD_LITERAL(parts, "\1port=", WSMTP_CODING_NONE);
        wsmtp_parts_add(parts, sasl->scratch, sasl->scratch_len, WSMTP_CODING_NONE);
    }
    WSMTP_PARTS_ADD_LITERAL(parts, "\1auth=Bearer ", WSMTP_CODING_NONE);
    wsmtp_parts_add(parts, c->token, c->token_len, WSMTP_CODING_NONE);
    WSMTP_PARTS_ADD_LITERAL(parts, "\1\1", WSMTP_CODING_NONE);
}

/* Writes the port's digits. */
static wsmtp_reason wsmtp_oauthbearer_begin(wsmtp_sasl *sasl)
{
    uint32_t port = sasl->credentials->port;
    if (port > 65535u) {
        sasl->field = WSMTP_FIELD_CONFIG;
        return WSMTP_REASON_CONFIG_VALUE;
    }
    for (uint32_t rest = port; rest > 0; rest /= 10u) {
        sasl->scratch_len++;
    }
    for (size_t i = sasl->scratch_len; i > 0; i--) {
        sasl->scratch[i - 1u] = (uint8_t)('0' + port % 10u);
        port /= 10u;
    }
    return WSMTP_REASON_OK;
}

const wsmtp_mechanism_definition wsmtp_mechanism_oauthbearer = {
    true,
    WSMTP_NEEDS_TOKEN | WSMTP_TAKES_AUTHZID | WSMTP_TAKES_HOST | WSMTP_REFUSES_CONTROLS,
    wsmtp_oauthbearer_begin,
    wsmtp_oauthbearer_response,
    wsmtp_oauth_challenge,
    NULL,
    NULL,
};

#endif
