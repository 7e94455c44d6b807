/*
 * LOGIN (draft-murchison-sasl-login): the server asks twice. Its prompts differ from server to
 * server, so they are not looked at: the first answer is the user, the second the password.
 */
#include "mechanism.h"

enum { WSMTP_LOGIN_USER = 1, WSMTP_LOGIN_PASSWORD };

static void wsmtp_login_response(const wsmtp_sasl *sasl, wsmtp_sasl_parts *parts)
{
    const wsmtp_credentials *c = sasl->credentials;
    if (sasl->step == WSMTP_LOGIN_USER) {
        wsmtp_parts_add(parts, c->user, c->user_len, WSMTP_CODING_NONE);
    } else if (sasl->step == WSMTP_LOGIN_PASSWORD) {
        wsmtp_parts_add(parts, c->password, c->password_len, WSMTP_CODING_NONE);
    }
}

static wsmtp_sasl_status wsmtp_login_challenge(wsmtp_sasl *sasl, const uint8_t *challenge,
                                               size_t challenge_len)
{
    (void)challenge;
    (void)challenge_len;
    if (sasl->step == WSMTP_LOGIN_PASSWORD) {
        return wsmtp_sasl_fail(sasl, WSMTP_REASON_AUTH_CHALLENGE);
    }
    return wsmtp_sasl_respond(sasl, (uint8_t)(sasl->step + 1u));
}

const wsmtp_mechanism_definition wsmtp_mechanism_login = {
    false,
    WSMTP_NEEDS_USER | WSMTP_NEEDS_PASSWORD,
    NULL,
    wsmtp_login_response,
    wsmtp_login_challenge,
    NULL,
    NULL,
};
