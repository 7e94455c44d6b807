#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

#define INPUT_LEN 4096u
/* How long the server's last words are waited for after a failed write, microseconds. */
#define LAST_WORDS 500000u
#define MILLISECOND 1000u

bool wsmtp_driver_init(wsmtp_driver *d, const wsmtp_settings *settings)
{
    const wsmtp_client_options *o = &settings->options;
    memset(d, 0, sizeof *d);
    d->settings = settings;
    d->error.option = "";
    d->keys = o->keys;
    d->trace = o->trace;
    d->trace_context = o->trace_context;
    d->event = o->event;
    d->event_context = o->event_context;
    wsmtp_config_init(&d->config);
    d->config.input_len = INPUT_LEN;
    d->config.output_len = o->output_len;
    d->config.tls = o->tls;
    d->config.protocol =
        o->protocol == WSMTP_CLIENT_LMTP ? WSMTP_PROTOCOL_LMTP : WSMTP_PROTOCOL_SMTP;
    d->config.flags = o->flags | (o->early ? WSMTP_EARLY_ENVELOPE : 0u);
    d->config.expected = o->expected;
    d->config.eager_octets = o->eager_octets;
    d->config.overlap = o->overlap;
    memcpy(d->config.timeouts, o->timeouts, sizeof d->config.timeouts);
    d->config.input = malloc(INPUT_LEN);
    d->config.output = malloc(o->output_len);
    return d->config.input && d->config.output;
}

void wsmtp_driver_end(wsmtp_driver *d)
{
    wsmtp_end(&d->engine);
    if (d->token)
        d->settings->services->end(d);
    free(d->config.input);
    free(d->config.output);
    free(d->piece);
    free(d->greeting);
    free(d->ehlo);
    free(d->ehlo_before_tls);
    free(d->answer);
    wsmtp_wipe(d, sizeof *d);
}

void wsmtp_driver_mark(wsmtp_driver *d, wsmtp_moment moment)
{
    uint64_t at = wsmtp_host_microseconds() - d->began;
    d->facts.moments[moment] = at ? at : 1; /* 0 says that it was not reached */
}

void wsmtp_driver_tell(wsmtp_driver *d, wsmtp_client_event *event)
{
    if (!d->event)
        return;
    event->at = wsmtp_host_microseconds() - d->began;
    d->event(d->event_context, event);
}

static void trace(wsmtp_driver *d, bool sent, const uint8_t *bytes, size_t bytes_len,
                  size_t secret_at)
{
    if (!d->trace)
        return;
    wsmtp_trace t = {sent, d->facts.tls_version != NULL, bytes, bytes_len, secret_at,
                     wsmtp_host_microseconds() - d->began};
    d->trace(d->trace_context, &t);
}

static uint64_t after(uint32_t milliseconds)
{
    return milliseconds ? wsmtp_host_microseconds() + (uint64_t)milliseconds * MILLISECOND : 0;
}

void wsmtp_driver_limit(wsmtp_driver *d, uint32_t total_timeout)
{
    d->total_at = after(total_timeout);
}

void wsmtp_driver_limit_command(wsmtp_driver *d)
{
    d->phase_at = after(d->config.timeouts[WSMTP_PHASE_COMMAND]);
}

void wsmtp_driver_limit_connect(wsmtp_driver *d)
{
    d->phase_at = after(d->config.timeouts[WSMTP_PHASE_CONNECT]);
}

void wsmtp_driver_begin(wsmtp_driver *d, wsmtp_request *request)
{
    d->began = wsmtp_host_microseconds();
    d->opening = request;
    d->stage = WSMTP_DRIVER_CONNECTING;
    wsmtp_driver_limit(d, d->settings->options.total_timeout);
    wsmtp_driver_limit_connect(d);
}

void wsmtp_driver_connected(wsmtp_driver *d, const char *address, const char *local_name)
{
    const wsmtp_client_options *o = &d->settings->options;
    wsmtp_driver_mark(d, WSMTP_MOMENT_CONNECTED);
    d->facts.address = address;
    snprintf(d->local_name, sizeof d->local_name, "%s", local_name);
    d->config.ehlo_name = o->ehlo_name_len ? o->ehlo_name : d->local_name;
    d->config.ehlo_name_len = o->ehlo_name_len ? o->ehlo_name_len : strlen(d->local_name);
    d->facts.local_name = d->config.ehlo_name;
    d->stage = WSMTP_DRIVER_RUNNING;
    d->phase_at = 0;
    if (wsmtp_init(&d->engine, &d->config) != WSMTP_REASON_OK) {
        wsmtp_driver_engine_error(d, &d->error, wsmtp_error_get(&d->engine));
        d->stage = WSMTP_DRIVER_OVER;
        return;
    }
    wsmtp_client_event event = {.type = WSMTP_CLIENT_EVENT_CONNECTED, .address = address};
    wsmtp_driver_tell(d, &event);
}

void wsmtp_driver_secured(wsmtp_driver *d)
{
    wsmtp_driver_mark(d, WSMTP_MOMENT_TLS_END);
    if (wsmtp_tls_done(&d->engine) != WSMTP_REASON_OK)
        return;
    wsmtp_client_event event = {.type = WSMTP_CLIENT_EVENT_SECURED};
    wsmtp_driver_tell(d, &event);
}

void wsmtp_driver_key(wsmtp_driver *d, const uint8_t *key, size_t key_len)
{
    if (d->stage != WSMTP_DRIVER_RUNNING)
        return;
    if (key_len <= sizeof d->derive.key) {
        memcpy(d->derive.key, key, key_len);
        d->derive.key_len = key_len;
    }
    if (wsmtp_key_derived(&d->engine, key, key_len) != WSMTP_REASON_OK)
        wsmtp_driver_failed(d, WSMTP_REASON_CANCELLED, WSMTP_CAUSE_SYSTEM,
                            "the SCRAM key could not be derived");
}

static void record_cause(wsmtp_driver *d, wsmtp_cause cause, const char *words)
{
    if (d->cause != WSMTP_CAUSE_NONE || d->cause_words[0])
        return;
    d->cause = cause;
    if (words)
        snprintf(d->cause_words, sizeof d->cause_words, "%s", words);
}

void wsmtp_driver_failed(wsmtp_driver *d, wsmtp_reason reason, wsmtp_cause cause, const char *words)
{
    if (d->stage == WSMTP_DRIVER_OVER)
        return;
    record_cause(d, cause, words);
    if (d->stage == WSMTP_DRIVER_RUNNING) {
        wsmtp_io_failed(&d->engine, reason);
        return;
    }
    wsmtp_error_from_host(&d->error, reason, d->cause, d->cause_words);
    d->stage = WSMTP_DRIVER_OVER;
}

void wsmtp_driver_write_failed(wsmtp_driver *d, wsmtp_cause cause, const char *words)
{
    record_cause(d, cause, words);
    if (!d->last_words_at)
        d->last_words_at = wsmtp_host_microseconds() + LAST_WORDS;
}

/* What only the host knows is of use where the transport is the reason. */
void wsmtp_driver_engine_error(wsmtp_driver *d, wsmtp_client_error *error, const wsmtp_error *from)
{
    bool transport = from->kind == WSMTP_KIND_TRANSPORT || from->reason == WSMTP_REASON_TLS_MODE_MISMATCH;
    wsmtp_error_from_engine(error, from, transport ? d->cause : WSMTP_CAUSE_NONE,
                            transport ? d->cause_words : NULL);
    if (from->reason == WSMTP_REASON_TIMEOUT && from->step == WSMTP_STEP_GREETING &&
        d->config.tls != WSMTP_TLS_IMPLICIT)
        wsmtp_error_append(error, "; a server that expects TLS at once needs implicit TLS");
}

uint8_t *wsmtp_driver_input(wsmtp_driver *d, size_t *len)
{
    *len = 0;
    if (d->stage != WSMTP_DRIVER_RUNNING || !(wsmtp_state(&d->engine) & WSMTP_CAN_READ))
        return NULL;
    return wsmtp_recv_buf(&d->engine, len);
}

void wsmtp_driver_received(wsmtp_driver *d, uint8_t *window, size_t n)
{
    if (d->stage != WSMTP_DRIVER_RUNNING)
        return;
    if (n > 0) {
        d->facts.octets_received += n;
        if (d->answer_due)
            d->facts.round_trips++;
        d->answer_due = false;
        trace(d, false, window, n, n);
    }
    wsmtp_recv_ack(&d->engine, n);
}

const uint8_t *wsmtp_driver_output(wsmtp_driver *d, size_t *len)
{
    size_t secret_at;
    *len = 0;
    if (d->stage != WSMTP_DRIVER_RUNNING || d->last_words_at)
        return NULL;
    const uint8_t *bytes = wsmtp_send_buf(&d->engine, len, &secret_at);
    return *len ? bytes : NULL;
}

void wsmtp_driver_sent(wsmtp_driver *d, size_t n)
{
    size_t len, secret_at;
    const uint8_t *bytes = wsmtp_send_buf(&d->engine, &len, &secret_at);
    trace(d, true, bytes, n, secret_at < n ? secret_at : n);
    d->facts.octets_sent += n;
    d->answer_due = true;
    wsmtp_send_ack(&d->engine, n);
    if (d->body_ended && n == len && !(wsmtp_state(&d->engine) & WSMTP_CAN_WRITE)) {
        d->body_ended = false;
        wsmtp_driver_mark(d, WSMTP_MOMENT_BODY_END);
    }
}

/* Follows the engine's timer. */
static void set_phase(wsmtp_driver *d)
{
    uint32_t epoch;
    uint32_t limit = wsmtp_timer(&d->engine, &epoch);
    if (d->timed && epoch == d->epoch)
        return;
    d->timed = true;
    d->epoch = epoch;
    d->phase_at = after(d->token_later ? d->config.timeouts[WSMTP_PHASE_COMMAND] : limit);
}

uint64_t wsmtp_driver_deadline(const wsmtp_driver *d)
{
    if (d->stage == WSMTP_DRIVER_NEW || d->stage == WSMTP_DRIVER_OVER)
        return 0;
    uint64_t at = d->phase_at;
    if (d->total_at && (!at || d->total_at < at))
        at = d->total_at;
    if (d->last_words_at && (!at || d->last_words_at < at))
        at = d->last_words_at;
    return at;
}

void wsmtp_driver_expire(wsmtp_driver *d)
{
    uint64_t deadline = wsmtp_driver_deadline(d);
    if (!deadline || wsmtp_host_microseconds() < deadline)
        return;
    if (deadline == d->last_words_at)
        wsmtp_driver_failed(d, WSMTP_REASON_CONNECTION_LOST, WSMTP_CAUSE_CONNECTION_RESET, NULL);
    else if (deadline == d->total_at)
        wsmtp_driver_failed(d, WSMTP_REASON_TIMEOUT, WSMTP_CAUSE_DEADLINE,
                            "the time for the whole session is over");
    else if (d->token_later)
        d->settings->services->late(d);
    else
        wsmtp_driver_failed(d, WSMTP_REASON_TIMEOUT,
                            d->stage == WSMTP_DRIVER_CONNECTING ? WSMTP_CAUSE_CONNECTION_TIMEOUT
                                                                : WSMTP_CAUSE_NONE,
                            NULL);
}

bool wsmtp_driver_idle(const wsmtp_driver *d)
{
    return d->stage == WSMTP_DRIVER_RUNNING && d->ready && !d->command && !d->waiting.first &&
           !d->sending.first && !d->cancelled && !d->giving_up;
}

/* One round of the loop; whether anything came of it. */
static bool advance(wsmtp_driver *d)
{
    wsmtp_event event;
    if (d->cancelled) {
        d->cancelled = false;
        d->ending = true;
        wsmtp_driver_failed(d, WSMTP_REASON_CANCELLED, WSMTP_CAUSE_NONE, NULL);
        return true;
    }
    if (d->stage != WSMTP_DRIVER_RUNNING)
        return false;
    if (wsmtp_next_event(&d->engine, &event)) {
        wsmtp_driver_handle(d, &event);
        return true;
    }
    if (d->settings->services && (d->settings->services->ask(d) || d->settings->services->send_early(d)))
        return true;
    if (WSMTP_FEATURE_EARLY && d->quit_due && !d->sending.first) {
        wsmtp_driver_leave(d);
        return true;
    }
    return wsmtp_driver_start_requests(d) || wsmtp_driver_feed(d);
}

bool wsmtp_driver_run(wsmtp_driver *d)
{
    bool changed = false;
    while (advance(d))
        changed = true;
    if (d->stage == WSMTP_DRIVER_RUNNING)
        set_phase(d);
    else if (d->stage == WSMTP_DRIVER_OVER)
        wsmtp_driver_complete_all(d);
    return changed;
}
