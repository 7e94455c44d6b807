/* What XOAUTH2 and OAUTHBEARER have in common. */
#include "mechanism.h"

#if WSMTP_FEATURE_OAUTH

wsmtp_sasl_status wsmtp_oauth_challenge(wsmtp_sasl *sasl, const uint8_t *challenge,
                                        size_t challenge_len)
{
    if (sasl->step == WSMTP_OAUTH_ERROR) {
        return wsmtp_sasl_fail(sasl, WSMTP_REASON_AUTH_CHALLENGE);
    }
    wsmtp_sasl_keep(sasl, challenge, challenge_len);
    return wsmtp_sasl_respond(sasl, WSMTP_OAUTH_ERROR);
}

#endif
