/*
 * OAUTHBEARER (RFC 7628 section 3.1): n,a=<user>,^Ahost=<host>^Aport=<port>^Aauth=Bearer
 * <token>^A^A. A refusal is acknowledged by a single ^A.
 */
#include "mechanism.h"

#if WSMTP_FEATURE_OAUTH

/* Writes the port's digits. */
static void wsmtp_write_port(wsmtp_sasl *sasl, uint32_t port)
{
    if (port >= 10u) { /* at most four times */
        wsmtp_write_port(sasl, port / 10u);
    }
    sasl->scratch[sasl->scratch_len++] = (uint8_t)('0' + port % 10u);
}

static wsmtp_reason wsmtp_oauthbearer_begin(wsmtp_sasl *sasl)
{
    uint32_t port = sasl->credentials->port;
    if (port > 65535u) {
        sasl->field = WSMTP_FIELD_CONFIG;
        return WSMTP_REASON_CONFIG_VALUE;
    }
    if (port > 0) {
        wsmtp_write_port(sasl, port);
    }
    return WSMTP_REASON_OK;
}

const wsmtp_mechanism_definition wsmtp_mechanism_oauthbearer = {
    true,
    {WSMTP_NO_CONTROLS, 0, WSMTP_NEEDED | WSMTP_PRINTABLE_ASCII, WSMTP_NO_CONTROLS,
     WSMTP_NO_CONTROLS},
    /* a= is whom to act as; the token itself says who asks. */
    "n," WSMTP_T_IF_IDENTITY "a=" WSMTP_T_IDENTITY_ESCAPED "," WSMTP_T_IF_HOST
    "\1host=" WSMTP_T_HOST WSMTP_T_IF_SCRATCH "\1port=" WSMTP_T_SCRATCH
    "\1auth=Bearer " WSMTP_T_TOKEN "\1\1\0"
    "\1",
    wsmtp_oauthbearer_begin,
    wsmtp_oauth_challenge,
    NULL,
    NULL,
};

#endif
