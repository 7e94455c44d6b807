/* What every exchange goes through, whatever its mechanism. */
#include "mechanism.h"

wsmtp_reason wsmtp_sasl_begin(wsmtp_sasl *sasl, wsmtp_mechanism mechanism,
                              const wsmtp_credentials *credentials)
{
    const wsmtp_mechanism_definition *definition = wsmtp_mechanism_definition_of(mechanism);
    memset(sasl, 0, sizeof *sasl);
    sasl->mechanism = mechanism;
    sasl->credentials = credentials;
    if (definition == NULL) {
        size_t name_len;
        wsmtp_mechanism_name(mechanism, &name_len);
        sasl->field = WSMTP_FIELD_MECHANISM;
        sasl->reason = name_len > 0 ? WSMTP_REASON_NOT_BUILT : WSMTP_REASON_CONFIG_VALUE;
    } else if (wsmtp_credentials_check(sasl, definition->credentials) == WSMTP_REASON_OK &&
               definition->begin != NULL) {
        sasl->reason = definition->begin(sasl);
    }
    return sasl->reason;
}

bool wsmtp_sasl_client_first(const wsmtp_sasl *sasl)
{
    const wsmtp_mechanism_definition *definition = wsmtp_mechanism_definition_of(sasl->mechanism);
    return definition != NULL && definition->client_first;
}

static size_t wsmtp_sasl_response(const wsmtp_sasl *sasl, wsmtp_sasl_cursor *cursor, uint8_t *out,
                                  size_t out_len)
{
    const wsmtp_mechanism_definition *definition = wsmtp_mechanism_definition_of(sasl->mechanism);
    if (definition == NULL || sasl->reason != WSMTP_REASON_OK) {
        return 0;
    }
    return wsmtp_template_read(sasl, definition->responses[sasl->step], cursor, out, out_len);
}

size_t wsmtp_sasl_response_len(const wsmtp_sasl *sasl)
{
    wsmtp_sasl_cursor cursor = {0};
    uint8_t octet;
    size_t n = 0;
    while (wsmtp_sasl_response(sasl, &cursor, &octet, 1) > 0) {
        n++;
    }
    return n;
}

size_t wsmtp_sasl_read(wsmtp_sasl *sasl, uint8_t *out, size_t out_len)
{
    return wsmtp_sasl_response(sasl, &sasl->cursor, out, out_len);
}

wsmtp_sasl_status wsmtp_sasl_respond(wsmtp_sasl *sasl, uint8_t step)
{
    memset(&sasl->cursor, 0, sizeof sasl->cursor);
    sasl->step = step;
    return WSMTP_SASL_RESPOND;
}

wsmtp_sasl_status wsmtp_sasl_fail(wsmtp_sasl *sasl, wsmtp_reason reason)
{
    sasl->reason = reason;
    wsmtp_wipe(sasl->scratch, sizeof sasl->scratch);
    wsmtp_wipe(sasl->scram_server_signature, sizeof sasl->scram_server_signature);
    return WSMTP_SASL_FAILED;
}

void wsmtp_sasl_keep(wsmtp_sasl *sasl, const uint8_t *challenge, size_t challenge_len)
{
    if (challenge_len > 0) {
        memmove(sasl->challenge, challenge, challenge_len);
    }
    sasl->challenge_len = challenge_len;
}

wsmtp_sasl_status wsmtp_no_challenge(wsmtp_sasl *sasl, const uint8_t *challenge, size_t challenge_len)
{
    (void)challenge;
    (void)challenge_len;
    return wsmtp_sasl_fail(sasl, WSMTP_REASON_AUTH_CHALLENGE);
}

/* The definition of an exchange that is under way; NULL if it has failed, or never began. */
static const wsmtp_mechanism_definition *wsmtp_sasl_running(wsmtp_sasl *sasl)
{
    const wsmtp_mechanism_definition *definition = wsmtp_mechanism_definition_of(sasl->mechanism);
    if (definition == NULL && sasl->reason == WSMTP_REASON_OK) {
        sasl->reason = WSMTP_REASON_STATE;
    }
    return sasl->reason == WSMTP_REASON_OK ? definition : NULL;
}

wsmtp_sasl_status wsmtp_sasl_challenge(wsmtp_sasl *sasl, const uint8_t *challenge,
                                       size_t challenge_len)
{
    const wsmtp_mechanism_definition *definition = wsmtp_sasl_running(sasl);
    if (definition == NULL) {
        return WSMTP_SASL_FAILED;
    }
    if (challenge_len > WSMTP_SASL_CHALLENGE_MAX) {
        return wsmtp_sasl_fail(sasl, WSMTP_REASON_AUTH_CHALLENGE);
    }
    return definition->challenge(sasl, challenge, challenge_len);
}

wsmtp_sasl_status wsmtp_sasl_key(wsmtp_sasl *sasl, const uint8_t *key, size_t key_len)
{
    const wsmtp_mechanism_definition *definition = wsmtp_sasl_running(sasl);
    if (definition == NULL) {
        return WSMTP_SASL_FAILED;
    }
    if (definition->key == NULL) {
        return wsmtp_sasl_fail(sasl, WSMTP_REASON_STATE);
    }
    return definition->key(sasl, key, key_len);
}

wsmtp_sasl_status wsmtp_sasl_success(wsmtp_sasl *sasl, const uint8_t *data, size_t data_len)
{
    const wsmtp_mechanism_definition *definition = wsmtp_sasl_running(sasl);
    wsmtp_sasl_status status = WSMTP_SASL_DONE;
    if (definition == NULL) {
        return WSMTP_SASL_FAILED;
    }
    if (definition->success != NULL) {
        status = definition->success(sasl, data, data_len);
    }
    wsmtp_wipe(sasl->scratch, sizeof sasl->scratch);
    return status;
}

void wsmtp_sasl_end(wsmtp_sasl *sasl)
{
    wsmtp_wipe(sasl, sizeof *sasl);
}
