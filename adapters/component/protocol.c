/* The interface engine: the session itself, without anything of a host. */
#include <stdlib.h>
#include <string.h>

#include "convert.h"
#include "error.h"
#include "texts.h"

#define INPUT_LEN 4096u
#define OUTPUT_LEN 32768u

typedef exports_wasm_smtp_smtp_engine_error_t wit_error;
typedef exports_wasm_smtp_smtp_engine_event_t wit_event;

struct exports_wasm_smtp_smtp_engine_session_t {
    wsmtp_engine engine;
    wsmtp_config config;
    wsmtp_capabilities known; /* if the config says so */
    exports_wasm_smtp_smtp_engine_session_config_t from;
    /* the login under way */
    bool has_login;
    exports_wasm_smtp_smtp_engine_credentials_t login;
    smtp_list_u8_t nonce;
    smtp_list_u8_t binding; /* may be empty */
    wsmtp_credentials credentials;
    /* the message under way */
    bool has_message;
    exports_wasm_smtp_smtp_engine_envelope_t envelope;
    wsmtp_transaction transaction;
    uint32_t transactions; /* MAIL commands answered */
    wsmtp_client_texts *texts;
    uint8_t input[INPUT_LEN];
    uint8_t output[OUTPUT_LEN];
};

typedef struct exports_wasm_smtp_smtp_engine_session_t session;

static void end_login(session *s)
{
    if (!s->has_login)
        return;
    s->has_login = false;
    exports_wasm_smtp_smtp_engine_credentials_free(&s->login);
    smtp_list_u8_free(&s->nonce);
    smtp_list_u8_free(&s->binding);
    wsmtp_wipe(&s->credentials, sizeof s->credentials);
}

static void end_message(session *s)
{
    if (!s->has_message)
        return;
    s->has_message = false;
    wsmtp_component_transaction_end(&s->transaction);
    exports_wasm_smtp_smtp_engine_envelope_free(&s->envelope);
    wsmtp_texts_free(s->texts);
    s->texts = NULL;
}

static void put_error(wit_error *to, const wsmtp_error *from,
                      const wasm_smtp_smtp_types_list_recipient_outcome_t *recipients)
{
    wsmtp_client_error error;
    wsmtp_error_from_engine(&error, from, WSMTP_CAUSE_NONE, NULL);
    wsmtp_component_error(to, &error, recipients);
}

/* Whether a call did something; if not, the engine says why. */
static bool succeeded(session *s, wsmtp_reason reason, wit_error *error)
{
    if (reason == WSMTP_REASON_OK)
        return true;
    put_error(error, wsmtp_error_get(&s->engine), NULL);
    return false;
}

static bool out_of_order(wit_error *error)
{
    wsmtp_error from;
    memset(&from, 0, sizeof from);
    from.reason = WSMTP_REASON_STATE;
    from.kind = WSMTP_KIND_MISUSE;
    from.step = WSMTP_STEP_READY;
    put_error(error, &from, NULL);
    return false;
}

bool exports_wasm_smtp_smtp_engine_static_session_start(
    exports_wasm_smtp_smtp_engine_session_config_t *from,
    exports_wasm_smtp_smtp_engine_own_session_t *handle, wit_error *error)
{
    session *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->from = *from;
    wsmtp_config_init(&s->config);
    s->config.input = s->input;
    s->config.input_len = sizeof s->input;
    s->config.output = s->output;
    s->config.output_len = sizeof s->output;
    s->config.tls = wsmtp_component_tls(from->tls);
    if (from->protocol == WASM_SMTP_SMTP_TYPES_PROTOCOL_LMTP)
        s->config.protocol = WSMTP_PROTOCOL_LMTP;
    s->config.flags = wsmtp_component_flags(from->options);
    if (from->early_envelope)
        s->config.flags |= WSMTP_EARLY_ENVELOPE;
    if (from->known.is_some) {
        wsmtp_component_known(&s->known, &from->known.val);
        s->config.expected = &s->known;
    }
    if (from->eager_octets.is_some)
        s->config.eager_octets = from->eager_octets.val;
    s->config.ehlo_name = (const char *)from->ehlo_name.ptr;
    s->config.ehlo_name_len = from->ehlo_name.len;
    wsmtp_component_limits(s->config.timeouts, from->time_limits.ptr, from->time_limits.len);
    if (succeeded(s, wsmtp_init(&s->engine, &s->config), error)) {
        *handle = exports_wasm_smtp_smtp_engine_session_new(s);
        return true;
    }
    exports_wasm_smtp_smtp_engine_session_destructor(s);
    return false;
}

void exports_wasm_smtp_smtp_engine_session_destructor(session *s)
{
    end_login(s);
    end_message(s);
    wsmtp_end(&s->engine);
    exports_wasm_smtp_smtp_engine_session_config_free(&s->from);
    free(s);
}

uint32_t exports_wasm_smtp_smtp_engine_method_session_received(session *s, smtp_list_u8_t *octets)
{
    size_t taken = 0, room;
    if (octets->len == 0)
        wsmtp_recv_ack(&s->engine, 0);
    while (taken < octets->len) {
        uint8_t *window = wsmtp_recv_buf(&s->engine, &room);
        size_t n = octets->len - taken < room ? octets->len - taken : room;
        if (n == 0)
            break;
        memcpy(window, octets->ptr + taken, n);
        wsmtp_recv_ack(&s->engine, n);
        taken += n;
    }
    smtp_list_u8_free(octets);
    return (uint32_t)taken;
}

bool exports_wasm_smtp_smtp_engine_method_session_to_send(session *s,
                                                          exports_wasm_smtp_smtp_engine_output_t *to)
{
    size_t len, secret_at;
    const uint8_t *bytes = wsmtp_send_buf(&s->engine, &len, &secret_at);
    if (len == 0)
        return false;
    to->octets.ptr = malloc(len);
    if (!to->octets.ptr)
        abort();
    memcpy(to->octets.ptr, bytes, len);
    to->octets.len = len;
    to->secret_at = (uint32_t)secret_at;
    wsmtp_send_ack(&s->engine, len);
    return true;
}

static void put_reply(wasm_smtp_smtp_types_reply_t *to, const wsmtp_reply *reply)
{
    wsmtp_component_reply(to, reply->code, reply->enhanced, reply->text, reply->text_len);
}

static void put_done(session *s, const wsmtp_event *event, wit_event *to)
{
    wsmtp_client_result result;
    wasm_smtp_smtp_types_list_recipient_outcome_t recipients;
    size_t at, len;
    memset(&result, 0, sizeof result);
    result.transaction = &s->transaction;
    result.reply = event->reply;
    result.texts = s->texts;
    wsmtp_component_recipients(&recipients, &s->transaction, &result);
    if (event->error) {
        to->tag = EXPORTS_WASM_SMTP_SMTP_ENGINE_EVENT_NOT_SENT;
        put_error(&to->val.not_sent, event->error, &recipients);
    } else {
        to->tag = EXPORTS_WASM_SMTP_SMTP_ENGINE_EVENT_SENT;
        to->val.sent.recipients = recipients;
        put_reply(&to->val.sent.reply, &event->reply);
        to->val.sent.transactions = s->transactions;
        len = wsmtp_queue_id_find(event->reply.text, event->reply.text_len, &at);
        to->val.sent.queue_id.is_some = len != 0;
        if (len)
            smtp_string_dup_n(&to->val.sent.queue_id.val, event->reply.text + at, len);
    }
    end_message(s);
}

static void derive(session *s, const wsmtp_event *event)
{
    uint8_t key[WSMTP_HASH_MAX];
    wsmtp_derive_key(event->hash, (const uint8_t *)s->credentials.password,
                     s->credentials.password_len, event->salt, event->salt_len, event->iterations, key);
    wsmtp_key_derived(&s->engine, key, wsmtp_hash_len(event->hash));
    wsmtp_wipe(key, sizeof key);
}

/* Whether the host hears of the event: what is settled in here, or told by a later one, it does not. */
static bool put_event(session *s, const wsmtp_event *event, wit_event *to)
{
    switch (event->type) {
    case WSMTP_EVENT_GREETING:
        to->tag = EXPORTS_WASM_SMTP_SMTP_ENGINE_EVENT_GREETING;
        put_reply(&to->val.greeting, &event->reply);
        return true;
    case WSMTP_EVENT_EHLO:
        to->tag = EXPORTS_WASM_SMTP_SMTP_ENGINE_EVENT_EHLO;
        put_reply(&to->val.ehlo, &event->reply);
        return true;
    case WSMTP_EVENT_START_TLS:
        to->tag = EXPORTS_WASM_SMTP_SMTP_ENGINE_EVENT_START_TLS;
        return true;
    case WSMTP_EVENT_READY:
        to->tag = EXPORTS_WASM_SMTP_SMTP_ENGINE_EVENT_READY;
        return true;
    case WSMTP_EVENT_DERIVE_KEY:
        derive(s, event);
        return false;
    case WSMTP_EVENT_AUTHENTICATED:
        to->tag = EXPORTS_WASM_SMTP_SMTP_ENGINE_EVENT_AUTHENTICATED;
        put_reply(&to->val.authenticated, &event->reply);
        end_login(s);
        return true;
    case WSMTP_EVENT_MAIL:
        wsmtp_texts_keep_part(&s->texts, &s->transaction, &s->engine.kept);
        s->transactions++;
        return false;
    case WSMTP_EVENT_RECIPIENT:
        wsmtp_texts_answered(&s->texts, event);
        return false;
    case WSMTP_EVENT_BODY:
        wsmtp_texts_keep_part(&s->texts, &s->transaction, &s->engine.kept);
        to->tag = EXPORTS_WASM_SMTP_SMTP_ENGINE_EVENT_BODY;
        return true;
    case WSMTP_EVENT_DONE:
        put_done(s, event, to);
        return true;
    case WSMTP_EVENT_COMPLETED:
        to->tag = EXPORTS_WASM_SMTP_SMTP_ENGINE_EVENT_COMPLETED;
        put_reply(&to->val.completed, &event->reply);
        return true;
    case WSMTP_EVENT_REFUSED:
        to->tag = EXPORTS_WASM_SMTP_SMTP_ENGINE_EVENT_REFUSED;
        put_error(&to->val.refused, event->error, NULL);
        end_login(s);
        return true;
    case WSMTP_EVENT_CLOSED:
        to->tag = EXPORTS_WASM_SMTP_SMTP_ENGINE_EVENT_CLOSED;
        return true;
    case WSMTP_EVENT_FAILED:
        to->tag = EXPORTS_WASM_SMTP_SMTP_ENGINE_EVENT_FAILED;
        put_error(&to->val.failed, event->error, NULL);
        end_login(s);
        return true;
    default:
        return false;
    }
}

bool exports_wasm_smtp_smtp_engine_method_session_next_event(session *s, wit_event *to)
{
    wsmtp_event event;
    memset(to, 0, sizeof *to);
    while (wsmtp_next_event(&s->engine, &event))
        if (put_event(s, &event, to))
            return true;
    return false;
}

bool exports_wasm_smtp_smtp_engine_method_session_tls_done(session *s, wit_error *error)
{
    return succeeded(s, wsmtp_tls_done(&s->engine), error);
}

void exports_wasm_smtp_smtp_engine_method_session_capabilities(
    session *s, exports_wasm_smtp_smtp_engine_capabilities_t *to)
{
    wsmtp_component_capabilities(to, wsmtp_capabilities_get(&s->engine));
}

static void bind_channel(session *s, const exports_wasm_smtp_smtp_engine_channel_binding_t *from)
{
    bool exporter = from->tag == EXPORTS_WASM_SMTP_SMTP_ENGINE_CHANNEL_BINDING_TLS_EXPORTER;
    s->binding = from->val.tls_exporter; /* the other one has its place, too */
    s->credentials.binding = exporter ? WSMTP_BINDING_TLS_EXPORTER : WSMTP_BINDING_TLS_SERVER_END_POINT;
    s->credentials.binding_data = s->binding.ptr;
    s->credentials.binding_data_len = s->binding.len;
}

bool exports_wasm_smtp_smtp_engine_method_session_login(
    session *s, exports_wasm_smtp_smtp_engine_credentials_t *credentials, smtp_list_u8_t *nonce,
    exports_wasm_smtp_smtp_engine_channel_binding_t *binding, wit_error *error)
{
    if (s->has_login || !wsmtp_component_credentials(&s->credentials, credentials)) {
        exports_wasm_smtp_smtp_engine_credentials_free(credentials);
        smtp_list_u8_free(nonce);
        if (binding)
            exports_wasm_smtp_smtp_engine_channel_binding_free(binding);
        return out_of_order(error);
    }
    memset(&s->binding, 0, sizeof s->binding);
    if (binding)
        bind_channel(s, binding);
    s->has_login = true;
    s->login = *credentials;
    s->nonce = *nonce;
    s->credentials.nonce = nonce->ptr;
    s->credentials.nonce_len = nonce->len;
    if (succeeded(s, wsmtp_login(&s->engine, &s->credentials), error))
        return true;
    end_login(s);
    return false;
}

bool exports_wasm_smtp_smtp_engine_method_session_submit(
    session *s, exports_wasm_smtp_smtp_engine_envelope_t *envelope, uint64_t *size, bool repeatable,
    wit_error *error)
{
    if (s->has_message) {
        exports_wasm_smtp_smtp_engine_envelope_free(envelope);
        return out_of_order(error);
    }
    s->has_message = true;
    s->transactions = 0;
    s->envelope = *envelope;
    if (!wsmtp_component_transaction(&s->transaction, &s->envelope))
        abort();
    if (size)
        s->transaction.message_size = *size;
    if (repeatable)
        s->transaction.flags |= WSMTP_SEND_SPLIT;
    if (succeeded(s, wsmtp_submit(&s->engine, &s->transaction), error))
        return true;
    end_message(s);
    return false;
}

uint32_t exports_wasm_smtp_smtp_engine_method_session_write_body(session *s, smtp_list_u8_t *octets)
{
    size_t taken = 0;
    if (octets->len && wsmtp_state(&s->engine) & WSMTP_CAN_BODY)
        taken = wsmtp_body_write(&s->engine, octets->ptr, octets->len);
    smtp_list_u8_free(octets);
    return (uint32_t)taken;
}

bool exports_wasm_smtp_smtp_engine_method_session_end_body(session *s, wit_error *error)
{
    return succeeded(s, wsmtp_body_end(&s->engine), error);
}

bool exports_wasm_smtp_smtp_engine_method_session_noop(session *s, wit_error *error)
{
    return succeeded(s, wsmtp_noop(&s->engine), error);
}

/* The engine has written the argument when it returns. */
static bool asked(session *s, wsmtp_reason reason, smtp_string_t *argument, wit_error *error)
{
    smtp_string_free(argument);
    return succeeded(s, reason, error);
}

bool exports_wasm_smtp_smtp_engine_method_session_vrfy(session *s, smtp_string_t *mailbox, wit_error *error)
{
    return asked(s, wsmtp_vrfy(&s->engine, (const char *)mailbox->ptr, mailbox->len), mailbox, error);
}

bool exports_wasm_smtp_smtp_engine_method_session_expn(session *s, smtp_string_t *name, wit_error *error)
{
    return asked(s, wsmtp_expn(&s->engine, (const char *)name->ptr, name->len), name, error);
}

bool exports_wasm_smtp_smtp_engine_method_session_help(session *s, smtp_string_t *topic, wit_error *error)
{
    return asked(s, wsmtp_help(&s->engine, (const char *)topic->ptr, topic->len), topic, error);
}

bool exports_wasm_smtp_smtp_engine_method_session_xclient(
    session *s, exports_wasm_smtp_smtp_engine_xclient_values_t *values, wit_error *error)
{
    wsmtp_parameter attributes[WSMTP_COMPONENT_ATTRIBUTES];
    size_t count = wsmtp_component_attributes(attributes, values);
    bool ok = succeeded(s, wsmtp_xclient(&s->engine, attributes, count), error);
    exports_wasm_smtp_smtp_engine_xclient_values_free(values);
    return ok;
}

bool exports_wasm_smtp_smtp_engine_method_session_reset(session *s, wit_error *error)
{
    return succeeded(s, wsmtp_reset(&s->engine), error);
}

bool exports_wasm_smtp_smtp_engine_method_session_quit(session *s, wit_error *error)
{
    return succeeded(s, wsmtp_quit(&s->engine), error);
}

void exports_wasm_smtp_smtp_engine_method_session_timer(session *s,
                                                        exports_wasm_smtp_smtp_engine_timer_t *to)
{
    to->milliseconds = wsmtp_timer(&s->engine, &to->epoch);
}

void exports_wasm_smtp_smtp_engine_method_session_failed(session *s,
                                                         exports_wasm_smtp_smtp_engine_failure_t why)
{
    static const uint8_t reasons[] = {WSMTP_REASON_CONNECT_FAILED, WSMTP_REASON_CONNECTION_LOST,
                                      WSMTP_REASON_TLS_FAILED, WSMTP_REASON_TIMEOUT,
                                      WSMTP_REASON_CANCELLED};
    wsmtp_io_failed(&s->engine, (wsmtp_reason)reasons[why]);
}
