/* What every exchange goes through, whatever its mechanism. */
#include "mechanism.h"

#include "words.h"

wsmtp_reason wsmtp_sasl_begin(wsmtp_sasl *sasl, wsmtp_mechanism mechanism,
                              const wsmtp_credentials *credentials)
{
    memset(sasl, 0, sizeof *sasl);
    sasl->mechanism = mechanism;
    sasl->credentials = credentials;
    sasl->definition = wsmtp_mechanism_definition_of(mechanism);
    if (sasl->definition == NULL) {
        sasl->field = WSMTP_FIELD_MECHANISM;
        sasl->reason = *wsmtp_mechanism_name(mechanism, NULL) != '\0' ? WSMTP_REASON_NOT_BUILT : WSMTP_REASON_CONFIG_VALUE;
    } else if (wsmtp_credentials_check(sasl) && sasl->definition->begin != NULL) {
        sasl->reason = sasl->definition->begin(sasl);
    }
    return sasl->reason;
}

bool wsmtp_sasl_client_first(const wsmtp_sasl *sasl)
{
    return sasl->definition != NULL && sasl->definition->client_first;
}

/* Whether an exchange is under way: it has begun well, has not failed and has not ended. */
static bool wsmtp_sasl_running(const wsmtp_sasl *sasl)
{
    return sasl->definition != NULL && sasl->reason == WSMTP_REASON_OK;
}

static size_t wsmtp_sasl_response(const wsmtp_sasl *sasl, wsmtp_sasl_cursor *cursor, uint8_t *out,
                                  size_t out_len)
{
    return wsmtp_sasl_running(sasl)
               ? wsmtp_template_read(sasl, wsmtp_words_get(sasl->definition->responses, sasl->step, NULL), cursor, out,
                                     out_len)
               : 0;
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

wsmtp_sasl_status wsmtp_no_challenge(wsmtp_sasl *sasl, const uint8_t *challenge,
                                     size_t challenge_len)
{
    (void)challenge;
    (void)challenge_len;
    return wsmtp_sasl_fail(sasl, WSMTP_REASON_AUTH_CHALLENGE);
}

/* A call that does not fit: after a failure that stays the reason. */
static wsmtp_sasl_status wsmtp_sasl_stopped(wsmtp_sasl *sasl)
{
    return wsmtp_sasl_fail(sasl,
                           sasl->reason != WSMTP_REASON_OK ? sasl->reason : WSMTP_REASON_STATE);
}

wsmtp_sasl_status wsmtp_sasl_challenge(wsmtp_sasl *sasl, const uint8_t *challenge,
                                       size_t challenge_len)
{
    if (!wsmtp_sasl_running(sasl)) {
        return wsmtp_sasl_stopped(sasl);
    }
    if (challenge_len > WSMTP_SASL_CHALLENGE_MAX) {
        return wsmtp_sasl_fail(sasl, WSMTP_REASON_AUTH_CHALLENGE);
    }
    return sasl->definition->challenge(sasl, challenge, challenge_len);
}

wsmtp_sasl_status wsmtp_sasl_key(wsmtp_sasl *sasl, const uint8_t *key, size_t key_len)
{
    if (!wsmtp_sasl_running(sasl) || sasl->definition->key == NULL) {
        return wsmtp_sasl_stopped(sasl);
    }
    return sasl->definition->key(sasl, key, key_len);
}

wsmtp_sasl_status wsmtp_sasl_success(wsmtp_sasl *sasl, const uint8_t *data, size_t data_len)
{
    if (!wsmtp_sasl_running(sasl)) {
        return wsmtp_sasl_stopped(sasl);
    }
    wsmtp_wipe(sasl->scratch, sizeof sasl->scratch);
    return sasl->definition->success != NULL ? sasl->definition->success(sasl, data, data_len)
                                             : WSMTP_SASL_DONE;
}

void wsmtp_sasl_end(wsmtp_sasl *sasl)
{
    wsmtp_wipe(sasl, sizeof *sasl);
}
