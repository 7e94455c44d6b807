#include "session.h"

#include <string.h>

#include "clock.h"
#include "words.h"

/* How long what was said last may take to leave when a connection is closed, microseconds. */
#define LINGER 1000000u

static void fail(wsmtp_wasi_session *s, wsmtp_reason reason, wsmtp_cause cause, const char *words)
{
    wsmtp_driver_failed(&s->driver, reason, cause, words ? words : wsmtp_wasi_words(cause));
}

static void failed(wsmtp_wasi_session *s, const wsmtp_wasi_tls_failure *failure)
{
    s->handshaking = false;
    s->end_of_input = true;
    fail(s, failure->reason, failure->cause, failure->words);
}

static void disconnect(wsmtp_wasi_session *s)
{
    if (s->disconnected)
        return;
    s->disconnected = true;
    wsmtp_wasi_tls_end(s->tls, s->driver.error.reason == WSMTP_REASON_OK && !s->handshaking);
    s->tls = NULL;
    wsmtp_wasi_close(&s->socket, wsmtp_host_microseconds() + LINGER);
    if (!s->driver.began)
        return;
    wsmtp_driver_mark(&s->driver, WSMTP_MOMENT_CLOSED);
    wsmtp_client_event event = {.type = WSMTP_CLIENT_EVENT_CLOSED};
    wsmtp_driver_tell(&s->driver, &event);
}

/* ---- connecting */

static void tell_attempt(wsmtp_wasi_session *s, wsmtp_client_event_type type, wsmtp_cause cause)
{
    wsmtp_client_event event = {.type = type, .address = s->address, .cause = cause};
    wsmtp_driver_tell(&s->driver, &event);
}

/* The time that is left, shared among the addresses that are left, so that none takes it all. */
static uint64_t attempt_deadline(const wsmtp_wasi_session *s, size_t left)
{
    uint64_t deadline = wsmtp_driver_deadline(&s->driver);
    uint64_t now = wsmtp_host_microseconds();
    return deadline && deadline > now ? now + (deadline - now) / left : deadline;
}

static void connect_failed(wsmtp_wasi_session *s, wsmtp_cause cause, const char *words)
{
    fail(s, cause == WSMTP_CAUSE_CONNECTION_TIMEOUT ? WSMTP_REASON_TIMEOUT : WSMTP_REASON_CONNECT_FAILED,
         cause, words);
}

/* The addresses in turn. If none can be connected to, the first one's failure is what is reported. */
static void connect_any(wsmtp_wasi_session *s)
{
    const wsmtp_client_options *o = &s->driver.settings->options;
    wsmtp_wasi_address addresses[WSMTP_WASI_ADDRESSES_MAX];
    size_t count;
    const char *words, *first_words = NULL;
    wsmtp_cause first = WSMTP_CAUSE_NONE;
    wsmtp_cause cause = wsmtp_wasi_resolve(o->host, wsmtp_driver_deadline(&s->driver), addresses,
                                           &count, &words);
    if (cause != WSMTP_CAUSE_NONE) {
        connect_failed(s, cause, words);
        return;
    }
    wsmtp_driver_mark(&s->driver, WSMTP_MOMENT_RESOLVED);
    wsmtp_client_event event = {.type = WSMTP_CLIENT_EVENT_RESOLVED, .addresses_len = count};
    wsmtp_driver_tell(&s->driver, &event);
    for (size_t i = 0; i < count && !s->driver.cancelled; i++) {
        wsmtp_wasi_address_text(&addresses[i], o->port, s->address);
        tell_attempt(s, WSMTP_CLIENT_EVENT_ATTEMPT, WSMTP_CAUSE_NONE);
        cause = wsmtp_wasi_connect(&s->socket, &addresses[i], o->port,
                                   attempt_deadline(s, count - i), &words);
        if (cause == WSMTP_CAUSE_NONE) {
            char local[WSMTP_WASI_LOCAL_TEXT];
            wsmtp_wasi_local_text(&s->socket, local);
            wsmtp_driver_connected(&s->driver, s->address, local);
            return;
        }
        tell_attempt(s, WSMTP_CLIENT_EVENT_ATTEMPT_FAILED, cause);
        if (first == WSMTP_CAUSE_NONE) {
            first = cause;
            first_words = words;
        }
    }
    if (!s->driver.cancelled)
        connect_failed(s, first, first_words);
}

/* ---- octets */

static void begin_tls(wsmtp_wasi_session *s)
{
    wsmtp_wasi_tls_failure failure = {0};
    s->tls = wsmtp_wasi_tls_begin(&s->socket, s->driver.settings, &s->certificate, &failure);
    s->handshaking = s->tls != NULL;
    if (!s->tls)
        failed(s, &failure);
}

static bool shake_hands(wsmtp_wasi_session *s)
{
    wsmtp_wasi_tls_failure failure = {0};
    int result = wsmtp_wasi_tls_handshake(s->tls, &failure);
    if (result == WSMTP_WASI_AGAIN)
        return false;
    if (result == WSMTP_WASI_BROKEN) {
        failed(s, &failure);
        return true;
    }
    wsmtp_wasi_tls_facts facts = {0};
    s->handshaking = false;
    wsmtp_wasi_tls_facts_get(s->tls, &facts);
    s->driver.facts.tls_version = facts.version;
    s->driver.facts.tls_cipher = facts.cipher;
    if (WSMTP_FEATURE_CHANNEL_BINDING && wsmtp_wasi_tls_bind(s->tls, s->driver.binding_data)) {
        s->driver.binding = WSMTP_BINDING_TLS_EXPORTER;
        s->driver.binding_data_len = WSMTP_WASI_BINDING_LEN;
    }
    wsmtp_driver_secured(&s->driver);
    return true;
}

static bool receive(wsmtp_wasi_session *s)
{
    wsmtp_wasi_tls_failure failure = {WSMTP_REASON_CONNECTION_LOST, WSMTP_CAUSE_CONNECTION_RESET, NULL};
    size_t len;
    uint8_t *window = s->end_of_input ? NULL : wsmtp_driver_input(&s->driver, &len);
    if (!window || len == 0)
        return false;
    ptrdiff_t n = s->tls ? wsmtp_wasi_tls_read(s->tls, window, len, &failure)
                         : wsmtp_wasi_read(&s->socket, window, len);
    if (n == WSMTP_WASI_AGAIN)
        return false;
    if (n == WSMTP_WASI_BROKEN) {
        failed(s, &failure);
        return true;
    }
    if (n == WSMTP_WASI_END)
        s->end_of_input = true;
    wsmtp_driver_received(&s->driver, window, n > 0 ? (size_t)n : 0);
    return true;
}

static bool transmit(wsmtp_wasi_session *s)
{
    wsmtp_wasi_tls_failure failure = {WSMTP_REASON_CONNECTION_LOST, WSMTP_CAUSE_CONNECTION_RESET, NULL};
    size_t len;
    const uint8_t *bytes = wsmtp_driver_output(&s->driver, &len);
    if (!bytes)
        return false;
    ptrdiff_t n = s->tls ? wsmtp_wasi_tls_write(s->tls, bytes, len, &failure)
                         : wsmtp_wasi_write(&s->socket, bytes, len);
    if (n > 0)
        wsmtp_driver_sent(&s->driver, (size_t)n);
    else if (n == WSMTP_WASI_BROKEN)
        wsmtp_driver_write_failed(&s->driver, failure.cause, wsmtp_wasi_words(failure.cause));
    return n != WSMTP_WASI_AGAIN;
}

static void derive(wsmtp_driver *d)
{
    const wsmtp_credentials *login = &d->login;
    uint8_t key[WSMTP_HASH_MAX];
    wsmtp_derive_key(d->derive.hash, (const uint8_t *)login->password, login->password_len,
                     d->derive.salt, d->derive.salt_len, d->derive.iterations, key);
    wsmtp_driver_key(d, key, wsmtp_hash_len(d->derive.hash));
    wsmtp_wipe(key, sizeof key);
}

/* The connection was of no use: another one, to the same server. */
static void reconnect(wsmtp_wasi_session *s)
{
    wsmtp_wasi_tls_end(s->tls, true);
    s->tls = NULL;
    wsmtp_wasi_close(&s->socket, wsmtp_host_microseconds());
    s->handshaking = s->end_of_input = false;
    connect_any(s);
}

/* Everything that can be done without waiting; whether there was anything. */
static bool advance(wsmtp_wasi_session *s)
{
    bool changed = wsmtp_driver_run(&s->driver);
    if (s->driver.wants_tls) {
        s->driver.wants_tls = false;
        begin_tls(s);
        return true;
    }
    if (s->driver.wants_key) {
        s->driver.wants_key = false;
        derive(&s->driver);
        return true;
    }
    if (WSMTP_FEATURE_EARLY && s->driver.wants_restart) {
        s->driver.wants_restart = false;
        reconnect(s);
        return true;
    }
    if (s->driver.stage != WSMTP_DRIVER_RUNNING)
        return changed;
    if (s->handshaking)
        return shake_hands(s) || changed;
    bool sent = transmit(s);
    return receive(s) || sent || changed;
}

static void wait(wsmtp_wasi_session *s)
{
    size_t len;
    bool write = s->handshaking ? wsmtp_wasi_tls_wants_room(s->tls)
                                : wsmtp_driver_output(&s->driver, &len) != NULL;
    wsmtp_wasi_wait(&s->socket, !s->end_of_input, write, wsmtp_driver_deadline(&s->driver));
    wsmtp_driver_expire(&s->driver);
}

static bool run(wsmtp_wasi_session *s)
{
    while (!s->done) {
        if (advance(s))
            continue;
        if (s->driver.stage == WSMTP_DRIVER_OVER)
            break;
        wait(s);
    }
    if (s->driver.stage == WSMTP_DRIVER_OVER)
        disconnect(s);
    return s->done && s->ok;
}

/* ---- calls */

static void on_done(wsmtp_request *request, const wsmtp_client_error *error)
{
    wsmtp_wasi_session *s = request->context;
    s->done = true;
    s->ok = !error;
    if (error)
        s->error = *error;
}

void wsmtp_wasi_session_sent(wsmtp_wasi_session *s, const wsmtp_client_result *result)
{
    s->done = true;
    s->ok = !result->error;
    if (result->error)
        s->error = *result->error;
}

static wsmtp_request *begin(wsmtp_wasi_session *s)
{
    s->done = s->ok = false;
    s->request.done = on_done;
    s->request.context = s;
    return &s->request;
}

bool wsmtp_wasi_session_init(wsmtp_wasi_session *s, const wsmtp_settings *settings)
{
    memset(s, 0, sizeof *s);
    s->error.option = "";
    return wsmtp_driver_init(&s->driver, settings);
}

void wsmtp_wasi_session_end(wsmtp_wasi_session *s)
{
    disconnect(s);
    wsmtp_driver_end(&s->driver);
    wsmtp_wipe(s, sizeof *s);
}

bool wsmtp_wasi_session_open(wsmtp_wasi_session *s)
{
    wsmtp_driver_begin(&s->driver, begin(s));
    connect_any(s);
    return run(s);
}

bool wsmtp_wasi_session_command(wsmtp_wasi_session *s, wsmtp_request_type type,
                                const wsmtp_credentials *credentials)
{
    begin(s)->credentials = credentials;
    wsmtp_driver_request(&s->driver, &s->request, type);
    return run(s);
}

bool wsmtp_wasi_session_ask(wsmtp_wasi_session *s, wsmtp_step step, const char *argument,
                            size_t argument_len)
{
    wsmtp_driver_query(&s->driver, begin(s), step, argument, argument_len);
    return run(s);
}

bool wsmtp_wasi_session_xclient(wsmtp_wasi_session *s, const wsmtp_parameter *attributes,
                                size_t attributes_len)
{
    wsmtp_driver_xclient(&s->driver, begin(s), attributes, attributes_len);
    return run(s);
}

bool wsmtp_wasi_session_send(wsmtp_wasi_session *s)
{
    begin(s);
    wsmtp_driver_send(&s->driver, &s->send);
    return run(s);
}
