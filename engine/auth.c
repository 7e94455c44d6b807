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

/* Starts the response that is ready. */
static void respond(wsmtp_engine *e)
{
    e->secret_at = e->output_end;
    e->auth_state = AUTH_SENDING;
    wsmtp_auth_pump(e);
}

void wsmtp_auth_pump(wsmtp_engine *e)
{
    while (e->auth_state == AUTH_SENDING && wsmtp_reserve(e, 4)) {
        /* Three octets make four: read one place behind, each is encoded before it is written over. */
        uint8_t *text = e->config->output + e->output_end;
        size_t n = wsmtp_sasl_read(&e->sasl, text + 1, 3);
        if (n > 0) {
            e->output_end += wsmtp_base64_encode(text + 1, n, (char *)text);
        } else {
            wsmtp_put_text(e, "\r\n");
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
    if (!WSMTP_FEATURE_AUTH)
        return wsmtp_reject(e, WSMTP_REASON_NOT_BUILT, WSMTP_FIELD_NONE, 0);
    if (e->state != STATE_READY || e->queued_event || (e->output_end > e->output_start && !wsmtp_ahead(e)))
        return wsmtp_reject(e, WSMTP_REASON_STATE, WSMTP_FIELD_NONE, 0);
    if (!e->secure && !credentials->allow_plaintext_auth)
        return wsmtp_reject(e, WSMTP_REASON_AUTH_NOT_SECURE, WSMTP_FIELD_NONE, 0);
    wsmtp_mechanism mechanism;
    wsmtp_reason reason = wsmtp_mechanism_choose(credentials, e->capabilities.auth, &mechanism);
    if (reason != WSMTP_REASON_OK)
        return wsmtp_reject(e, reason, WSMTP_FIELD_MECHANISM, 0);
    reason = wsmtp_sasl_begin(&e->sasl, mechanism, credentials);
    if (reason != WSMTP_REASON_OK)
        return wsmtp_reject(e, reason, e->sasl.field, 0);
    const bool first = wsmtp_sasl_client_first(&e->sasl);
    const size_t response_len = first ? encoded_len(wsmtp_sasl_response_len(&e->sasl)) : 0;
    if (response_len + 2 > AUTH_LINE_MAX)
        return wsmtp_reject(e, WSMTP_REASON_CREDENTIAL_TOO_LONG, secret_field(mechanism), 0);

    const size_t start = e->output_end;
    e->state = STATE_AUTH;
    e->mechanism = mechanism;
    e->epoch++;
    wsmtp_put_text(e, "AUTH ");
    wsmtp_put_text(e, wsmtp_mechanism_name(mechanism, NULL));
    if (first && e->output_end - start + 1 + response_len + 2 <= COMMAND_MAX) {
        wsmtp_put_text(e, response_len ? " " : " =");
        respond(e);
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
static void go_on(wsmtp_engine *e, wsmtp_sasl_status status)
{
    if (status == WSMTP_SASL_RESPOND) {
        respond(e);
    } else if (status == WSMTP_SASL_NEED_KEY) {
        e->auth_state = AUTH_KEY;
        e->event.type = WSMTP_EVENT_DERIVE_KEY;
        e->event.hash = e->sasl.scram_hash;
        e->event.iterations = e->sasl.scram_iterations;
        e->event.salt = e->sasl.scram_salt;
        e->event.salt_len = e->sasl.scram_salt_len;
    } else {
        cancel(e, e->sasl.reason);
    }
}

/* Decodes a text of the server's into e->kept_text, which no transaction needs now. */
static bool decode(wsmtp_engine *e, const char *text, size_t text_len, size_t *decoded_len)
{
    *decoded_len = WSMTP_SASL_CHALLENGE_MAX;
    return wsmtp_base64_decode(text, text_len, (uint8_t *)e->kept_text, decoded_len);
}

_Static_assert(WSMTP_KEPT_TEXT_MAX >= WSMTP_SASL_CHALLENGE_MAX, "a challenge fits into kept_text");

static void challenge(wsmtp_engine *e)
{
    size_t decoded_len;
    if (e->auth_state == AUTH_PROMPT)
        respond(e);
    else if (e->auth_state != AUTH_WAITING)
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNEXPECTED);
    else if (!decode(e, e->reply.text, e->reply.text_len, &decoded_len))
        cancel(e, WSMTP_REASON_AUTH_CHALLENGE);
    else
        go_on(e, wsmtp_sasl_challenge(&e->sasl, (const uint8_t *)e->kept_text, decoded_len));
}

/* Additional data with success: the word of the text that decodes to a SCRAM server-final. */
static size_t final_data(wsmtp_engine *e)
{
    const wsmtp_reply *reply = &e->reply;
    for (size_t end, at = 0; at < reply->text_len; at = end + 1) {
        size_t decoded_len;
        for (end = at; end < reply->text_len && reply->text[end] != ' '; end++)
            ;
        if (decode(e, reply->text + at, end - at, &decoded_len) && decoded_len > 2 &&
            (e->kept_text[0] == 'v' || e->kept_text[0] == 'e') && e->kept_text[1] == '=')
            return decoded_len;
    }
    return 0;
}

static void succeeded(wsmtp_engine *e)
{
    const size_t data_len = final_data(e);
    if (e->auth_state != AUTH_WAITING && e->auth_state != AUTH_PROMPT) {
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNEXPECTED);
    } else if (wsmtp_sasl_success(&e->sasl, (const uint8_t *)e->kept_text, data_len) !=
               WSMTP_SASL_DONE) {
        wsmtp_fail_with_reply(e, e->sasl.reason);
    } else {
        e->event.type = WSMTP_EVENT_AUTHENTICATED;
        e->state = STATE_READY;
    }
}

static void refused(wsmtp_engine *e)
{
    if (e->auth_state == AUTH_CANCELLED) {
        wsmtp_refused(e, e->auth_reason);
        e->error.retryable = false;
    } else {
        wsmtp_refused(e, WSMTP_REASON_AUTH_REFUSED);
        if (secret_field(e->mechanism) == WSMTP_FIELD_TOKEN) {
            e->error.detail = e->kept_text;
            e->error.detail_len = wsmtp_clean((const char *)e->sasl.challenge, e->sasl.challenge_len,
                                              e->kept_text, sizeof e->kept_text);
        }
    }
    e->state = STATE_READY;
}

void wsmtp_auth_reply(wsmtp_engine *e)
{
    if (e->auth_state == AUTH_KEY)
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNSOLICITED);
    else if (e->reply.code == 334)
        challenge(e);
    else if (e->reply.code == 235)
        succeeded(e);
    else if (e->reply.code >= 400)
        refused(e);
    else
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNEXPECTED);
    if (e->state == STATE_READY) {
        wsmtp_sasl_end(&e->sasl);
        e->auth_state = AUTH_IDLE;
    }
}

wsmtp_reason wsmtp_key_derived(wsmtp_engine *e, const uint8_t *key, size_t key_len)
{
    if (!WSMTP_FEATURE_SCRAM || e->state != STATE_AUTH || e->auth_state != AUTH_KEY)
        return wsmtp_reject(e, WSMTP_REASON_STATE, WSMTP_FIELD_NONE, 0);
    if (key_len != wsmtp_hash_len(e->sasl.scram_hash))
        return wsmtp_reject(e, WSMTP_REASON_AUTH_KEY, WSMTP_FIELD_NONE, 0);
    go_on(e, wsmtp_sasl_key(&e->sasl, key, key_len));
    e->epoch++;
    return WSMTP_REASON_OK;
}

wsmtp_mechanism wsmtp_mechanism_get(const wsmtp_engine *e)
{
    return e->mechanism;
}
