/*
 * XOAUTH2, as Google and Microsoft document it: user=<user>^Aauth=Bearer <token>^A^A. A refusal is
 * acknowledged by an empty response.
 */
#include "mechanism.h"

#if WSMTP_FEATURE_OAUTH

const wsmtp_mechanism_definition wsmtp_mechanism_xoauth2 = {
    true,
    {WSMTP_NEEDED | WSMTP_NO_CONTROLS, 0, WSMTP_NEEDED | WSMTP_PRINTABLE_ASCII, 0, 0},
    "user=" WSMTP_T_USER "\1auth=Bearer " WSMTP_T_TOKEN "\1\1\0",
    NULL,
    wsmtp_oauth_challenge,
    NULL,
    NULL,
};

#endif
