/*
 * LOGIN (draft-murchison-sasl-login): the server asks twice. Its prompts differ from server to
 * server, so they are not looked at: the first answer is the user, the second the password.
 */
#include "mechanism.h"

enum { WSMTP_LOGIN_WAITING, WSMTP_LOGIN_USER, WSMTP_LOGIN_PASSWORD };

static wsmtp_sasl_status wsmtp_login_challenge(wsmtp_sasl *sasl, const uint8_t *challenge,
                                               size_t challenge_len)
{
    if (sasl->step == WSMTP_LOGIN_PASSWORD) {
        return wsmtp_no_challenge(sasl, challenge, challenge_len);
    }
    return wsmtp_sasl_respond(sasl, (uint8_t)(sasl->step + 1u));
}

const wsmtp_mechanism_definition wsmtp_mechanism_login = {
    false,
    {WSMTP_NEEDED | WSMTP_NO_NUL, WSMTP_NEEDED | WSMTP_NO_NUL, 0, 0, 0},
    "\0" WSMTP_T_USER "\0" WSMTP_T_PASSWORD,
    NULL,
    wsmtp_login_challenge,
    NULL,
    NULL,
};
