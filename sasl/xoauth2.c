/*
 * XOAUTH2, as Google and Microsoft document it: user=<user>^Aauth=Bearer <token>^A^A. A refusal is
 * acknowledged by an empty response.
 */
#include "mechanism.h"

#if WSMTP_FEATURE_OAUTH

static void wsmtp_xoauth2_response(const wsmtp_sasl *sasl, wsmtp_sasl_parts *parts)
{
    const wsmtp_credentials *c = sasl->credentials;
    if (sasl->step == WSMTP_OAUTH_TOKEN) {
        WSMTP_PARTS_ADD_LITERAL(parts, "user=", WSMTP_CODING_NONE);
        wsmtp_parts_add(parts, c->user, c->user_len, WSMTP_CODING_NONE);
        WSMTP_PARTS_ADD_LITERAL(parts, "\1auth=Bearer ", WSMTP_CODING_NONE);
        wsmtp_parts_add(parts, c->token, c->token_len, WSMTP_CODING_NONE);
        WSMTP_PARTS_ADD_LITERAL(parts, "\1\1", WSMTP_CODING_NONE);
    }
}

const wsmtp_mechanism_definition wsmtp_mechanism_xoauth2 = {
    true,
    WSMTP_NEEDS_USER | WSMTP_NEEDS_TOKEN | WSMTP_REFUSES_SEPARATORS,
    NULL,
    wsmtp_xoauth2_response,
    wsmtp_oauth_challenge,
    NULL,
    NULL,
};

#endif
