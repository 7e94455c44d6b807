/* The interface client: a connection for many messages. */
#include <stdlib.h>
#include <string.h>
#include <wasi/wasip2.h>

#include "deliver.h"
#include "hurry.h"

#define READ_MAX 16384u

/* The config lives as long as the connection: host and authorities are read from it. */
struct exports_wasm_smtp_smtp_client_connection_t {
    exports_wasm_smtp_smtp_client_config_t config;
    wsmtp_component_settings settings;
    wsmtp_capabilities known; /* if settings say so */
    wsmtp_wasi_session session;
};

typedef struct exports_wasm_smtp_smtp_client_connection_t connection;

/* known may be NULL. */
static bool open(exports_wasm_smtp_smtp_client_config_t *config,
                 const exports_wasm_smtp_smtp_client_capabilities_t *known,
                 exports_wasm_smtp_smtp_client_own_connection_t *handle,
                 exports_wasm_smtp_smtp_client_error_t *error)
{
    wsmtp_client_error refused;
    connection *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->config = *config;
    if (!wsmtp_component_settings_take(&c->settings, &c->config, &refused)) {
        wsmtp_component_error(error, &refused, NULL);
        exports_wasm_smtp_smtp_client_config_free(&c->config);
        free(c);
        return false;
    }
    if (known) {
        wsmtp_component_known(&c->known, known);
        c->settings.settings.options.expected = &c->known;
        c->settings.settings.services = &wsmtp_component_hurry;
    }
    if (!wsmtp_wasi_session_init(&c->session, &c->settings.settings))
        abort();
    if (wsmtp_wasi_session_open(&c->session)) {
        *handle = exports_wasm_smtp_smtp_client_connection_new(c);
        return true;
    }
    wsmtp_component_error(error, &c->session.error, NULL);
    exports_wasm_smtp_smtp_client_connection_destructor(c);
    return false;
}

bool exports_wasm_smtp_smtp_client_static_connection_connect(
    exports_wasm_smtp_smtp_client_config_t *config,
    exports_wasm_smtp_smtp_client_own_connection_t *handle, exports_wasm_smtp_smtp_client_error_t *error)
{
    return open(config, NULL, handle, error);
}

bool exports_wasm_smtp_smtp_client_static_connection_connect_again(
    exports_wasm_smtp_smtp_client_config_t *config, exports_wasm_smtp_smtp_client_capabilities_t *known,
    exports_wasm_smtp_smtp_client_own_connection_t *handle, exports_wasm_smtp_smtp_client_error_t *error)
{
    bool ok = open(config, known, handle, error);
    exports_wasm_smtp_smtp_client_capabilities_free(known);
    return ok;
}

void exports_wasm_smtp_smtp_client_connection_destructor(connection *c)
{
    wsmtp_wasi_session_end(&c->session);
    exports_wasm_smtp_smtp_client_config_free(&c->config);
    free(c);
}

void exports_wasm_smtp_smtp_client_method_connection_capabilities(
    connection *c, exports_wasm_smtp_smtp_client_capabilities_t *to)
{
    wsmtp_component_capabilities(to, wsmtp_capabilities_get(&c->session.driver.engine));
}

void exports_wasm_smtp_smtp_client_method_connection_greeting(connection *c, smtp_string_t *to)
{
    const char *greeting = c->session.driver.facts.greeting;
    smtp_string_dup(to, greeting ? greeting : "");
}

bool exports_wasm_smtp_smtp_client_method_connection_is_secure(connection *c)
{
    return wsmtp_is_secure(&c->session.driver.engine);
}

static bool command(connection *c, wsmtp_request_type type, const wsmtp_credentials *credentials,
                    exports_wasm_smtp_smtp_client_error_t *error)
{
    bool ok = wsmtp_wasi_session_command(&c->session, type, credentials);
    if (!ok)
        wsmtp_component_error(error, &c->session.error, NULL);
    return ok;
}

bool exports_wasm_smtp_smtp_client_method_connection_login(
    connection *c, exports_wasm_smtp_smtp_client_credentials_t *from,
    exports_wasm_smtp_smtp_client_error_t *error)
{
    wsmtp_credentials credentials;
    bool ok = true;
    if (wsmtp_component_credentials(&credentials, from))
        ok = command(c, WSMTP_REQUEST_LOGIN, &credentials, error);
    exports_wasm_smtp_smtp_client_credentials_free(from);
    return ok;
}

/* Waits for the caller's stream as long as a piece of a message may take. */
typedef struct source {
    streams_borrow_input_stream_t stream;
    uint32_t patience; /* milliseconds; 0 = no limit */
} source;

static bool wait_for(const source *s)
{
    poll_own_pollable_t data = streams_method_input_stream_subscribe(s->stream), timer = {0};
    poll_borrow_pollable_t list[2] = {poll_borrow_pollable(data)};
    poll_list_borrow_pollable_t pollables = {list, 1};
    wasip2_list_u32_t ready = {0};
    if (s->patience) {
        timer = monotonic_clock_subscribe_duration((uint64_t)s->patience * 1000000u);
        list[pollables.len++] = poll_borrow_pollable(timer);
    }
    poll_poll(&pollables, &ready);
    bool data_ready = ready.len && ready.ptr[0] == 0;
    if (ready.len)
        free(ready.ptr);
    poll_pollable_drop_own(data);
    if (s->patience)
        poll_pollable_drop_own(timer);
    return data_ready;
}

static ptrdiff_t read_stream(void *context, uint8_t *buffer, size_t buffer_len)
{
    const source *s = context;
    for (;;) {
        wasip2_list_u8_t octets = {0};
        streams_stream_error_t error;
        size_t most = buffer_len < READ_MAX ? buffer_len : READ_MAX;
        if (!streams_method_input_stream_read(s->stream, most, &octets, &error)) {
            if (error.tag == STREAMS_STREAM_ERROR_CLOSED)
                return 0;
            io_error_error_drop_own(error.val.last_operation_failed);
            return WSMTP_BODY_FAILED;
        }
        if (octets.len) {
            memcpy(buffer, octets.ptr, octets.len);
            free(octets.ptr);
            return (ptrdiff_t)octets.len;
        }
        if (!wait_for(s))
            return WSMTP_BODY_FAILED;
    }
}

bool exports_wasm_smtp_smtp_client_method_connection_send(
    connection *c, exports_wasm_smtp_smtp_client_envelope_t *envelope,
    exports_wasm_smtp_smtp_client_content_t *content, exports_wasm_smtp_smtp_client_outcome_t *outcome,
    exports_wasm_smtp_smtp_client_error_t *error)
{
    source stream = {.patience = c->settings.settings.options.timeouts[WSMTP_PHASE_BODY]};
    wsmtp_client_body body = {0};
    if (content->tag == EXPORTS_WASM_SMTP_SMTP_CLIENT_CONTENT_STREAM) {
        stream.stream.__handle = content->val.stream.__handle;
        body.read = read_stream;
        body.context = &stream;
    } else {
        body.data = content->val.bytes.ptr;
        body.data_len = content->val.bytes.len;
    }
    bool ok = wsmtp_component_deliver(&c->session, NULL, envelope, &body, outcome, error);
    exports_wasm_smtp_smtp_client_envelope_free(envelope);
    if (body.read)
        streams_input_stream_drop_own((streams_own_input_stream_t){stream.stream.__handle});
    exports_wasm_smtp_smtp_client_content_free(content);
    return ok;
}

bool exports_wasm_smtp_smtp_client_method_connection_noop(connection *c,
                                                          exports_wasm_smtp_smtp_client_error_t *error)
{
    return command(c, WSMTP_REQUEST_NOOP, NULL, error);
}

bool exports_wasm_smtp_smtp_client_method_connection_reset(connection *c,
                                                           exports_wasm_smtp_smtp_client_error_t *error)
{
    return command(c, WSMTP_REQUEST_RESET, NULL, error);
}

static bool ask(connection *c, wsmtp_step step, smtp_string_t *argument,
                exports_wasm_smtp_smtp_client_reply_t *reply, exports_wasm_smtp_smtp_client_error_t *error)
{
    const wsmtp_reply *answer = &c->session.request.reply;
    bool ok = wsmtp_wasi_session_ask(&c->session, step, (const char *)argument->ptr, argument->len);
    if (ok)
        wsmtp_component_reply(reply, answer->code, answer->enhanced, answer->text, answer->text_len);
    else
        wsmtp_component_error(error, &c->session.error, NULL);
    smtp_string_free(argument);
    return ok;
}

bool exports_wasm_smtp_smtp_client_method_connection_vrfy(connection *c, smtp_string_t *mailbox,
                                                          exports_wasm_smtp_smtp_client_reply_t *reply,
                                                          exports_wasm_smtp_smtp_client_error_t *error)
{
    return ask(c, WSMTP_STEP_VRFY, mailbox, reply, error);
}

bool exports_wasm_smtp_smtp_client_method_connection_expn(connection *c, smtp_string_t *name,
                                                          exports_wasm_smtp_smtp_client_reply_t *reply,
                                                          exports_wasm_smtp_smtp_client_error_t *error)
{
    return ask(c, WSMTP_STEP_EXPN, name, reply, error);
}

bool exports_wasm_smtp_smtp_client_method_connection_help(connection *c, smtp_string_t *topic,
                                                          exports_wasm_smtp_smtp_client_reply_t *reply,
                                                          exports_wasm_smtp_smtp_client_error_t *error)
{
    return ask(c, WSMTP_STEP_HELP, topic, reply, error);
}

bool exports_wasm_smtp_smtp_client_method_connection_xclient(
    connection *c, exports_wasm_smtp_smtp_client_xclient_values_t *values,
    exports_wasm_smtp_smtp_client_error_t *error)
{
    wsmtp_parameter attributes[WSMTP_COMPONENT_ATTRIBUTES];
    bool ok = wsmtp_wasi_session_xclient(&c->session, attributes,
                                         wsmtp_component_attributes(attributes, values));
    if (!ok)
        wsmtp_component_error(error, &c->session.error, NULL);
    exports_wasm_smtp_smtp_client_xclient_values_free(values);
    return ok;
}

void exports_wasm_smtp_smtp_client_method_connection_quit(connection *c)
{
    wsmtp_wasi_session_command(&c->session, WSMTP_REQUEST_QUIT, NULL);
}
