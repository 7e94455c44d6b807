/*
 * EXTERNAL (RFC 4422 appendix A): the authorization identity, or nothing for the one that the channel
 * has proven. ANONYMOUS (RFC 4505): trace information, or nothing.
 */
#include "mechanism.h"

#if WSMTP_FEATURE_EXTERNAL

const wsmtp_mechanism_definition wsmtp_mechanism_external = {
    true, {0, 0, 0, WSMTP_NO_NUL, 0}, WSMTP_T_AUTHZID, NULL, wsmtp_no_challenge, NULL, NULL,
};

const wsmtp_mechanism_definition wsmtp_mechanism_anonymous = {
    true, {WSMTP_NO_CONTROLS, 0, 0, 0, 0}, WSMTP_T_USER, NULL, wsmtp_no_challenge, NULL, NULL,
};

#endif
