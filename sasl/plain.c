/* PLAIN (RFC 4616): authorization identity NUL user NUL password. */
#include "mechanism.h"

static void wsmtp_plain_response(const wsmtp_sasl *sasl, wsmtp_sasl_parts *parts)
{
    const wsmtp_credentials *c = sasl->credentials;
    wsmtp_parts_add(parts, c->authzid, c->authzid_len, WSMTP_CODING_NONE);
    WSMTP_PARTS_ADD_LITERAL(parts, "\0", WSMTP_CODING_NONE);
    wsmtp_parts_add(parts, c->user, c->user_len, WSMTP_CODING_NONE);
    WSMTP_PARTS_ADD_LITERAL(parts, "\0", WSMTP_CODING_NONE);
    wsmtp_parts_add(parts, c->password, c->password_len, WSMTP_CODING_NONE);
}

const wsmtp_mechanism_definition wsmtp_mechanism_plain = {
    true,
    WSMTP_NEEDS_USER | WSMTP_NEEDS_PASSWORD | WSMTP_TAKES_AUTHZID,
    NULL,
    wsmtp_plain_response,
    wsmtp_no_challenge,
    NULL,
    NULL,
};
