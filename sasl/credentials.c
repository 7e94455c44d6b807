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

/* Checks one text by its byte of definition->credentials. */
static wsmtp_reason wsmtp_credential_check(wsmtp_text text, unsigned rule)
{
    unsigned lowest = rule & WSMTP_LOWEST;
    if (text.data_len == 0 && (rule & WSMTP_NEEDED) != 0) {
        return text.data == NULL ? WSMTP_REASON_CREDENTIAL_MISSING : WSMTP_REASON_CREDENTIAL_EMPTY;
    }
    if (text.data_len > WSMTP_CREDENTIAL_MAX) {
        return WSMTP_REASON_CREDENTIAL_TOO_LONG;
    }
    for (size_t i = 0; i < text.data_len; i++) {
        unsigned c = text.data[i];
        if (c < lowest || (c == 0x7fu && lowest >= WSMTP_NO_CONTROLS) ||
            (c > 0x7fu && lowest == WSMTP_PRINTABLE_ASCII)) {
            return WSMTP_REASON_CREDENTIAL_CHARACTER;
        }
    }
    return WSMTP_REASON_OK;
}

_Static_assert(WSMTP_FIELD_HOST == WSMTP_FIELD_USER + 4, "the fields are numbered like the texts");

bool wsmtp_credentials_check(wsmtp_sasl *sasl)
{
    for (unsigned i = 0; i < 5u; i++) {
        wsmtp_text text = wsmtp_template_credential(sasl->credentials, i);
        unsigned rule = sasl->definition->credentials[i];
        if (rule != 0) {
            sasl->reason = wsmtp_credential_check(text, rule);
        } else if (WSMTP_FIELD_USER + i == WSMTP_FIELD_AUTHZID && text.data_len > 0) {
            /* To log in as oneself instead would not be what was asked for. */
            sasl->reason = WSMTP_REASON_CREDENTIAL_UNSUPPORTED;
        }
        if (sasl->reason != WSMTP_REASON_OK) {
            sasl->field = (wsmtp_field)(WSMTP_FIELD_USER + i);
            return false;
        }
    }
    return true;
}
