/* Whether credentials can be sent by a mechanism, before anything of them is. */
#include "mechanism.h"

/*
 * A response is one line of at most 12,288 octets of base64 (RFC 4954 section 4), 9,213 before it:
 * no text as long as that can be sent, whatever a mechanism puts around it.
 */
#define WSMTP_CREDENTIAL_MAX 9000u

void wsmtp_credentials_init(wsmtp_credentials *credentials)
{
    memset(credentials, 0, sizeof *credentials);
    credentials->size = sizeof *credentials;
}

static bool wsmtp_character_permitted(uint8_t c, unsigned characters)
{
    switch (characters) {
    case WSMTP_PRINTABLE_ASCII:
        return c > 0x20u && c < 0x7fu;
    case WSMTP_NO_CONTROLS:
        return c >= 0x20u && c != 0x7fu;
    case WSMTP_NO_SEPARATORS:
        return c > 1u && c != '\r' && c != '\n';
    default:
        return c != 0;
    }
}

/* Checks one text by its byte of definition->credentials. */
static wsmtp_reason wsmtp_credential_check(wsmtp_text text, unsigned rule)
{
    if (text.data == NULL && (text.data_len > 0 || (rule & WSMTP_NEEDED) != 0)) {
        return WSMTP_REASON_CREDENTIAL_MISSING;
    }
    if (text.data_len == 0) {
        return (rule & WSMTP_NEEDED) != 0 ? WSMTP_REASON_CREDENTIAL_EMPTY : WSMTP_REASON_OK;
    }
    if (text.data_len > WSMTP_CREDENTIAL_MAX) {
        return WSMTP_REASON_CREDENTIAL_TOO_LONG;
    }
    for (size_t i = 0; i < text.data_len; i++) {
        if (!wsmtp_character_permitted(text.data[i], rule & WSMTP_CHARACTERS)) {
            return WSMTP_REASON_CREDENTIAL_CHARACTER;
        }
    }
    return WSMTP_REASON_OK;
}

_Static_assert(WSMTP_FIELD_HOST == WSMTP_FIELD_USER + 4, "the fields are numbered like the texts");

wsmtp_reason wsmtp_credentials_check(wsmtp_sasl *sasl, const uint8_t rules[5])
{
    for (unsigned i = 0; i < 5u && sasl->reason == WSMTP_REASON_OK; i++) {
        wsmtp_text text = wsmtp_template_text(sasl, i);
        sasl->field = (wsmtp_field)(WSMTP_FIELD_USER + i);
        if (rules[i] != 0) {
            sasl->reason = wsmtp_credential_check(text, rules[i]);
        } else if (sasl->field == WSMTP_FIELD_AUTHZID && text.data_len > 0) {
            /* To log in as oneself instead would not be what was asked for. */
            sasl->reason = WSMTP_REASON_CREDENTIAL_UNSUPPORTED;
        }
    }
    if (sasl->reason == WSMTP_REASON_OK) {
        sasl->field = WSMTP_FIELD_NONE;
    }
    return sasl->reason;
}
