/* Whether credentials can be sent by a mechanism, before anything of them is. */
#include "mechanism.h"

/*
 * A response is one line of at most 12,288 octets of base64 (RFC 4954 section 4): 9,216 before it.
 * A single text stays far enough below that what a mechanism puts around it fits as well.
 */
#define WSMTP_RESPONSE_MAX 9216u
#define WSMTP_CREDENTIAL_MAX 9000u

void wsmtp_credentials_init(wsmtp_credentials *credentials)
{
    memset(credentials, 0, sizeof *credentials);
    credentials->size = sizeof *credentials;
}

static bool wsmtp_character_permitted(uint8_t c, unsigned takes)
{
    if ((takes & WSMTP_NEEDS_TOKEN) != 0) {
        return c > 0x20u && c < 0x7fu;
    }
    if ((takes & WSMTP_REFUSES_CONTROLS) != 0) {
        return c >= 0x20u && c != 0x7fu;
    }
    if ((takes & WSMTP_REFUSES_SEPARATORS) != 0 && (c == 1 || c == '\r' || c == '\n')) {
        return false;
    }
    return c != 0;
}

/* Checks one text; takes says which characters it may have. False, with reason and field, if not. */
static bool wsmtp_credential_check(wsmtp_sasl *sasl, wsmtp_field field, const char *text,
                                   size_t text_len, unsigned takes, bool needed)
{
    wsmtp_reason reason = WSMTP_REASON_OK;
    if (text == NULL ? needed || text_len > 0 : false) {
        reason = WSMTP_REASON_CREDENTIAL_MISSING;
    } else if (needed && text_len == 0) {
        reason = WSMTP_REASON_CREDENTIAL_EMPTY;
    } else if (text_len > WSMTP_CREDENTIAL_MAX) {
        reason = WSMTP_REASON_CREDENTIAL_TOO_LONG;
    } else {
        for (size_t i = 0; i < text_len; i++) {
            if (!wsmtp_character_permitted((uint8_t)text[i], takes)) {
                reason = WSMTP_REASON_CREDENTIAL_CHARACTER;
            }
        }
    }
    if (reason != WSMTP_REASON_OK) {
        sasl->reason = reason;
        sasl->field = field;
    }
    return reason == WSMTP_REASON_OK;
}

wsmtp_reason wsmtp_credentials_check(wsmtp_sasl *sasl, unsigned takes)
{
    const wsmtp_credentials *c = sasl->credentials;
    unsigned refuses = takes & (WSMTP_REFUSES_SEPARATORS | WSMTP_REFUSES_CONTROLS);
    if (!wsmtp_credential_check(sasl, WSMTP_FIELD_USER, c->user, c->user_len, refuses,
                                (takes & WSMTP_NEEDS_USER) != 0)) {
        return sasl->reason;
    }
    if ((takes & WSMTP_NEEDS_PASSWORD) != 0 &&
        !wsmtp_credential_check(sasl, WSMTP_FIELD_PASSWORD, c->password, c->password_len, 0, true)) {
        return sasl->reason;
    }
    if ((takes & WSMTP_NEEDS_TOKEN) != 0 &&
        !wsmtp_credential_check(sasl, WSMTP_FIELD_TOKEN, c->token, c->token_len, WSMTP_NEEDS_TOKEN,
                                true)) {
        return sasl->reason;
    }
    if ((takes & WSMTP_TAKES_HOST) != 0 &&
        !wsmtp_credential_check(sasl, WSMTP_FIELD_HOST, c->host, c->host_len, refuses, false)) {
        return sasl->reason;
    }
    if ((takes & WSMTP_TAKES_AUTHZID) == 0 && c->authzid_len > 0) {
        sasl->field = WSMTP_FIELD_AUTHZID;
        return sasl->reason = WSMTP_REASON_CREDENTIAL_UNSUPPORTED;
    }
    if (!wsmtp_credential_check(sasl, WSMTP_FIELD_AUTHZID, c->authzid, c->authzid_len, refuses,
                                false)) {
        return sasl->reason;
    }
    if (wsmtp_sasl_response_len(sasl) > WSMTP_RESPONSE_MAX) {
        sasl->field = (takes & WSMTP_NEEDS_TOKEN) != 0 ? WSMTP_FIELD_TOKEN : WSMTP_FIELD_USER;
        return sasl->reason = WSMTP_REASON_CREDENTIAL_TOO_LONG;
    }
    return WSMTP_REASON_OK;
}
