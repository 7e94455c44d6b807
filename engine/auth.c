/*
 * The AUTH exchange (RFC 4954): base64 lines around a SASL mechanism. Responses are encoded straight
 * into the output as there is room, so a long token needs no long buffer; every octet of them is
 * marked secret.
 */
#include "internal.h"

#define COMMAND_MAX 512u       /* RFC 5321 section 4.5.3.1.4, line end included */
#define AUTH_LINE_MAX 12288u   /* RFC 4954 section 4 */

static size_t encoded_len(size_t n)
{
    return (n + 2) / 3 * 4;
}

static void begin_secret(wsmtp_engine *e)
{
    e->secret_start = wsmtp_output_position(e);
    e->secret_end = UINT64_MAX;
    e->auth_state = AUTH_SENDING;
}

void wsmtp_auth_pump(wsmtp_engine *e)
{
    while (e->auth_state == AUTH_SENDING && wsmtp_reserve(e, 4)) {
        uint8_t raw[3];
        char text[4];
        size_t n = 0, got;
        while (n < 3 && (got = wsmtp_sasl_read(&e->sasl, raw + n, 3 - n)) > 0)
            n += got;
        if (n > 0) {
            wsmtp_put(e, text, wsmtp_base64_encode(raw, n, text));
            wsmtp_wipe(raw, sizeof raw);
            wsmtp_wipe(text, sizeof text);
        } else {
            wsmtp_put_text(e, "\r\n");
            e->secret_end = wsmtp_output_position(e);
            e->auth_state = AUTH_WAITING;
        }
    }
}

static wsmtp_field secret_field(wsmtp_mechanism m)
{
    return m == WSMTP_MECHANISM_XOAUTH2 || m == WSMTP_MECHANISM_OAUTHBEARER
               ? WSMTP_FIELD_TOKEN
               : WSMTP_FIELD_PASSWORD;
}

wsmtp_reason wsmtp_login(wsmtp_engine *e, const wsmtp_credentials *credentials)
{
    wsmtp_mechanism mechanism;
    if (e->state != STATE_READY || e->queued_event || e->output_end > e->output_start)
        return wsmtp_reject(e, WSMTP_REASON_STATE, WSMTP_FIELD_NONE, 0);
    if (!e->secure && !credentials->allow_plaintext_auth)
        return wsmtp_reject(e, WSMTP_REASON_AUTH_NOT_SECURE, WSMTP_FIELD_NONE, 0);
    wsmtp_reason reason =
        wsmtp_mechanism_choose(credentials, e->capabilities.auth, &mechanism);
    if (reason != WSMTP_REASON_OK)
        return wsmtp_reject(e, reason, WSMTP_FIELD_MECHANISM, 0);
    reason = wsmtp_sasl_begin(&e->sasl, mechanism, credentials);
    if (reason != WSMTP_REASON_OK)
        return wsmtp_reject(e, reason, e->sasl.field, 0);

    bool first = wsmtp_sasl_client_first(&e->sasl);
    size_t name_len;
    const char *name = wsmtp_mechanism_name(mechanism, &name_len);
    size_t response_len = first ? encoded_len(wsmtp_sasl_response_len(&e->sasl)) : 0;
    if (response_len + 2 > AUTH_LINE_MAX) {
        wsmtp_sasl_end(&e->sasl);
        return wsmtp_reject(e, WSMTP_REASON_CREDENTIAL_TOO_LONG, secret_field(mechanism), 0);
    }
    wsmtp_put_text(e, "AUTH ");
    wsmtp_put(e, name, name_len);
    e->state = STATE_AUTH;
    e->mechanism = mechanism;
    e->auth_reason = WSMTP_REASON_OK;
    e->epoch++;
    if (first && 5 + name_len + 1 + response_len + 2 <= COMMAND_MAX) {
        wsmtp_put_text(e, response_len ? " " : " =");
        begin_secret(e);
        wsmtp_auth_pump(e);
    } else {
        wsmtp_put_text(e, "\r\n");
        e->auth_state = first ? AUTH_PROMPT : AUTH_WAITING;
    }
    return WSMTP_REASON_OK;
}

/* Ends the exchange from our side: "*" is answered with 501 (RFC 4954 section 4). */
static void cancel(wsmtp_engine *e, wsmtp_reason reason)
{
    wsmtp_sasl_end(&e->sasl);
    e->auth_reason = reason;
    e->auth_state = AUTH_CANCELLED;
    wsmtp_write_word(e, "*\r\n");
}

/* Goes on after the mechanism has taken a challenge or a key. */
static void go_on(wsmtp_engine *e, wsmtp_sasl_status status, wsmtp_event *event)
{
    if (status == WSMTP_SASL_RESPOND) {
        begin_secret(e);
        wsmtp_auth_pump(e);
    } else if (status == WSMTP_SASL_NEED_KEY) {
        e->auth_state = AUTH_KEY;
        event->type = WSMTP_EVENT_DERIVE_KEY;
        event->hash = e->sasl.scram_hash;
        event->iterations = e->sasl.scram_iterations;
        event->salt = e->sasl.scram_salt;
        event->salt_len = e->sasl.scram_salt_len;
    } else {
        cancel(e, e->sasl.reason);
    }
}

static void challenge(wsmtp_engine *e, wsmtp_event *event)
{
    uint8_t decoded[WSMTP_SASL_CHALLENGE_MAX];
    size_t decoded_len = sizeof decoded;
    if (e->auth_state == AUTH_PROMPT) {
        begin_secret(e);
        wsmtp_auth_pump(e);
    } else if (e->auth_state != AUTH_WAITING) {
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNEXPECTED);
    } else if (!wsmtp_base64_decode(e->reply.text, e->reply.text_len, decoded, &decoded_len)) {
        cancel(e, WSMTP_REASON_AUTH_CHALLENGE);
    } else {
        go_on(e, wsmtp_sasl_challenge(&e->sasl, decoded, decoded_len), event);
    }
    wsmtp_wipe(decoded, sizeof decoded);
}

/* Additional data with success: the word of the text that decodes to a SCRAM server-final. */
static size_t final_data(const wsmtp_reply *reply, uint8_t *data, size_t data_len)
{
    for (size_t at = 0; at < reply->text_len;) {
        size_t n = 0;
        while (at + n < reply->text_len && reply->text[at + n] != ' ')
            n++;
        size_t decoded_len = data_len;
        if (wsmtp_base64_decode(reply->text + at, n, data, &decoded_len) && decoded_len > 2 &&
            (data[0] == 'v' || data[0] == 'e') && data[1] == '=')
            return decoded_len;
        at += n + 1;
    }
    return 0;
}

static void succeeded(wsmtp_engine *e, wsmtp_event *event)
{
    uint8_t data[WSMTP_SASL_CHALLENGE_MAX];
    size_t data_len = final_data(&e->reply, data, sizeof data);
    if (e->auth_state != AUTH_WAITING && e->auth_state != AUTH_PROMPT) {
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNEXPECTED);
    } else if (wsmtp_sasl_success(&e->sasl, data, data_len) != WSMTP_SASL_DONE) {
        wsmtp_fail_with_reply(e, e->sasl.reason);
    } else {
        event->type = WSMTP_EVENT_AUTHENTICATED;
        e->state = STATE_READY;
    }
}

static void refused(wsmtp_engine *e, wsmtp_event *event)
{
    wsmtp_reason reason = e->auth_state == AUTH_CANCELLED ? e->auth_reason
                                                          : WSMTP_REASON_AUTH_REFUSED;
    wsmtp_error_set(&e->error, reason, WSMTP_STEP_AUTH, &e->reply);
    if (reason == WSMTP_REASON_AUTH_REFUSED && secret_field(e->mechanism) == WSMTP_FIELD_TOKEN) {
        e->error.detail = e->kept_text;
        e->error.detail_len = wsmtp_clean((const char *)e->sasl.challenge, e->sasl.challenge_len,
                                          e->kept_text, sizeof e->kept_text);
    }
    if (e->auth_state == AUTH_CANCELLED)
        e->error.retryable = false;
    event->type = WSMTP_EVENT_REFUSED;
    event->error = &e->error;
    e->state = STATE_READY;
}

void wsmtp_auth_reply(wsmtp_engine *e, wsmtp_event *event)
{
    if (e->auth_state == AUTH_KEY)
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNSOLICITED);
    else if (e->reply.code == 334)
        challenge(e, event);
    else if (e->reply.code == 235)
        succeeded(e, event);
    else if (e->reply.code >= 400)
        refused(e, event);
    else
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNEXPECTED);
    if (e->state == STATE_READY) {
        wsmtp_sasl_end(&e->sasl);
        e->auth_state = AUTH_IDLE;
    }
}

wsmtp_reason wsmtp_key_derived(wsmtp_engine *e, const uint8_t *key, size_t key_len)
{
    if (e->state != STATE_AUTH || e->auth_state != AUTH_KEY)
        return wsmtp_reject(e, WSMTP_REASON_STATE, WSMTP_FIELD_NONE, 0);
    if (key_len != wsmtp_hash_len(e->sasl.scram_hash))
        return wsmtp_reject(e, WSMTP_REASON_AUTH_KEY, WSMTP_FIELD_NONE, 0);
    wsmtp_event unused;
    go_on(e, wsmtp_sasl_key(&e->sasl, key, key_len), &unused);
    e->epoch++;
    return WSMTP_REASON_OK;
}

wsmtp_mechanism wsmtp_mechanism_get(const wsmtp_engine *e)
{
    return e->mechanism;
}
