/* PLAIN (RFC 4616): authorization identity NUL user NUL password. */
#include "mechanism.h"

const wsmtp_mechanism_definition wsmtp_mechanism_plain = {
    true,
    {WSMTP_NEEDED | WSMTP_NO_NUL, WSMTP_NEEDED | WSMTP_NO_NUL, 0, WSMTP_NO_NUL, 0},
    WSMTP_T_AUTHZID WSMTP_T_NUL WSMTP_T_USER WSMTP_T_NUL WSMTP_T_PASSWORD,
    NULL,
    wsmtp_no_challenge,
    NULL,
    NULL,
};
