/* The public calls of a client, the pump that joins driver and transport, and the one timer. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define MILLISECOND 1000u

static void on_timer(uv_timer_t *timer);

/* Fires at loop time at, or before: an earlier moment is kept, the pump looks again then. */
static void arm(wsmtp_uv_client *c, uint64_t at)
{
    if (c->timer_at && c->timer_at <= at)
        return;
    uint64_t now = uv_now(c->loop);
    c->timer_at = at > now ? at : now;
    uv_timer_start(&c->timer, on_timer, c->timer_at - now, 0);
}

static void disarm(wsmtp_uv_client *c)
{
    c->timer_at = 0;
    uv_timer_stop(&c->timer);
}

/* Lets the pump run soon, in a callback of the loop. */
static void wake(wsmtp_uv_client *c)
{
    if (c->pumping)
        c->again = true;
    else
        arm(c, uv_now(c->loop));
}

static void set_timer(wsmtp_uv_client *c)
{
    uint64_t at = wsmtp_driver_deadline(&c->driver);
    if (c->next_attempt_at && (!at || c->next_attempt_at < at))
        at = c->next_attempt_at;
    if (at)
        arm(c, (at + MILLISECOND - 1) / MILLISECOND);
}

static void on_timer(uv_timer_t *timer)
{
    wsmtp_uv_client *c = timer->data;
    c->timer_at = 0;
    wsmtp_driver_expire(&c->driver);
    wsmtp_uv_connect_tick(c);
    wsmtp_uv_pump(c);
}

static void on_timer_closed(uv_handle_t *handle)
{
    wsmtp_uv_handle_closed(handle->data);
}

/* The session is over: nothing of it stays open but the timer, which serves requests that come late. */
static void disconnect(wsmtp_uv_client *c)
{
    if (c->disconnected)
        return;
    c->disconnected = true;
    wsmtp_uv_tls_end(c);
    wsmtp_uv_derive_stop(c);
    wsmtp_uv_connect_stop(c);
    disarm(c);
    if (c->driver.began) {
        wsmtp_driver_mark(&c->driver, WSMTP_MOMENT_CLOSED);
        wsmtp_client_event event = {.type = WSMTP_CLIENT_EVENT_CLOSED};
        wsmtp_driver_tell(&c->driver, &event);
    }
    if (c->over)
        c->over(c->over_context);
}

/* The connection was of no use: another one, to the same server. */
static void reconnect(wsmtp_uv_client *c)
{
    wsmtp_uv_tls_end(c);
    wsmtp_uv_derive_stop(c);
    wsmtp_uv_connect_stop(c);
    X509_free(c->certificate);
    c->certificate = NULL;
    c->writing = c->end_of_input = c->handshaking = false;
    c->addresses_len = c->addresses_at = 0;
    c->first_failure = 0;
    wsmtp_uv_connect(c);
}

static void advance(wsmtp_uv_client *c)
{
    bool more = true;
    while (more) {
        more = wsmtp_driver_run(&c->driver);
        if (c->driver.wants_tls) {
            c->driver.wants_tls = false;
            wsmtp_uv_tls_begin(c);
        }
        if (c->driver.wants_key) {
            c->driver.wants_key = false;
            wsmtp_uv_derive(c);
        }
        if (c->driver.learned) {
            c->driver.learned = false;
            wsmtp_uv_remember(c);
        }
        if (c->driver.wants_restart) {
            c->driver.wants_restart = false;
            reconnect(c);
            more = true;
        }
        if (c->link && (c->ssl ? wsmtp_uv_tls_exchange(c) : wsmtp_uv_write_plain(c)))
            more = true;
    }
}

void wsmtp_uv_pump(wsmtp_uv_client *c)
{
    c->again = true;
    if (c->pumping)
        return;
    c->pumping = true;
    while (c->again) {
        c->again = false;
        advance(c);
        if (c->driver.stage == WSMTP_DRIVER_OVER)
            disconnect(c);
    }
    c->pumping = false;
    if (!c->disconnected) {
        wsmtp_uv_set_reading(c);
        set_timer(c);
    } else if (c->closing && !uv_is_closing((uv_handle_t *)&c->timer)) {
        uv_close((uv_handle_t *)&c->timer, on_timer_closed);
    } else if (c->driver.waiting.first && !c->closing) {
        arm(c, uv_now(c->loop));
    }
}

static void free_client(wsmtp_uv_client *c)
{
    wsmtp_driver_end(&c->driver);
    wsmtp_uv_server_free(c->server);
    X509_free(c->certificate);
    free(c->subject);
    free(c->issuer);
    free(c->names);
    free(c->spill);
    free(c->net);
    free(c);
}

void wsmtp_uv_handle_closed(wsmtp_uv_client *c)
{
    if (--c->handles > 0)
        return;
    wsmtp_driver_complete_all(&c->driver);
    void (*closed)(void *) = c->closed;
    void *context = c->closed_context;
    free_client(c);
    if (closed)
        closed(context);
}

wsmtp_uv_client *wsmtp_uv_client_new(uv_loop_t *loop, wsmtp_uv_server *server)
{
    wsmtp_uv_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->loop = loop;
    c->server = wsmtp_uv_server_keep(server);
    if (!wsmtp_driver_init(&c->driver, &server->settings)) {
        free_client(c);
        return NULL;
    }
    c->driver.takes_later = true;
    if (!c->driver.keys)
        c->driver.keys = &server->keys;
    uv_timer_init(loop, &c->timer);
    c->timer.data = c;
    c->handles = 1;
    return c;
}

void wsmtp_uv_client_watch(wsmtp_uv_client *c, wsmtp_trace_callback trace, void *trace_context,
                           wsmtp_event_callback event, void *event_context)
{
    c->driver.trace = trace;
    c->driver.trace_context = trace_context;
    c->driver.event = event;
    c->driver.event_context = event_context;
}

void wsmtp_uv_open(wsmtp_uv_client *c, wsmtp_request *request)
{
    if (c->driver.stage != WSMTP_DRIVER_NEW) {
        wsmtp_driver_request(&c->driver, request, WSMTP_REQUEST_OPEN);
        wake(c);
        return;
    }
    wsmtp_uv_recall(c);
    uv_update_time(c->loop);
    wsmtp_driver_begin(&c->driver, request);
    wsmtp_uv_connect(c);
    wake(c);
}

static void add(wsmtp_uv_client *c, wsmtp_request *request, wsmtp_request_type type)
{
    wsmtp_driver_request(&c->driver, request, type);
    wake(c);
}

void wsmtp_uv_login(wsmtp_uv_client *c, wsmtp_request *request, const wsmtp_credentials *credentials)
{
    request->credentials = credentials;
    add(c, request, WSMTP_REQUEST_LOGIN);
}

void wsmtp_uv_send(wsmtp_uv_client *c, wsmtp_send_request *request)
{
    wsmtp_driver_send(&c->driver, request);
    wake(c);
}

void wsmtp_uv_body_ready(wsmtp_uv_client *c)
{
    c->driver.body_later = false;
    wake(c);
}

void wsmtp_uv_token_ready(wsmtp_uv_client *c)
{
    c->driver.token_later = false;
    c->driver.token_ready = true;
    wake(c);
}

void wsmtp_uv_noop(wsmtp_uv_client *c, wsmtp_request *request)
{
    add(c, request, WSMTP_REQUEST_NOOP);
}

void wsmtp_uv_reset(wsmtp_uv_client *c, wsmtp_request *request)
{
    add(c, request, WSMTP_REQUEST_RESET);
}

static void ask(wsmtp_uv_client *c, wsmtp_request *request, wsmtp_step step, const char *argument,
                size_t argument_len)
{
    wsmtp_driver_query(&c->driver, request, step, argument, argument_len);
    wake(c);
}

void wsmtp_uv_vrfy(wsmtp_uv_client *c, wsmtp_request *request, const char *argument, size_t argument_len)
{
    ask(c, request, WSMTP_STEP_VRFY, argument, argument_len);
}

void wsmtp_uv_expn(wsmtp_uv_client *c, wsmtp_request *request, const char *argument, size_t argument_len)
{
    ask(c, request, WSMTP_STEP_EXPN, argument, argument_len);
}

void wsmtp_uv_help(wsmtp_uv_client *c, wsmtp_request *request, const char *argument, size_t argument_len)
{
    ask(c, request, WSMTP_STEP_HELP, argument, argument_len);
}

void wsmtp_uv_xclient(wsmtp_uv_client *c, wsmtp_request *request, const wsmtp_parameter *attributes,
                      size_t attributes_len)
{
    wsmtp_driver_xclient(&c->driver, request, attributes, attributes_len);
    wake(c);
}

void wsmtp_uv_quit(wsmtp_uv_client *c, wsmtp_request *request)
{
    add(c, request, WSMTP_REQUEST_QUIT);
}

void wsmtp_uv_cancel(wsmtp_uv_client *c)
{
    c->driver.cancelled = true;
    wake(c);
}

void wsmtp_uv_close(wsmtp_uv_client *c, void (*closed)(void *context), void *context)
{
    c->closing = true;
    c->closed = closed;
    c->closed_context = context;
    wsmtp_uv_cancel(c);
}

bool wsmtp_uv_is_idle(const wsmtp_uv_client *c)
{
    return wsmtp_driver_idle(&c->driver);
}

bool wsmtp_uv_is_over(const wsmtp_uv_client *c)
{
    return c->driver.stage == WSMTP_DRIVER_OVER;
}

void wsmtp_uv_deadline(wsmtp_uv_client *c, uint32_t total_timeout)
{
    wsmtp_driver_limit(&c->driver, total_timeout);
    wake(c);
}

const wsmtp_client_facts *wsmtp_uv_facts(wsmtp_uv_client *c)
{
    c->driver.facts.secure = wsmtp_is_secure(&c->driver.engine);
    wsmtp_uv_certificate_facts(c);
    return &c->driver.facts;
}

const wsmtp_client_error *wsmtp_uv_error(const wsmtp_uv_client *c)
{
    return &c->driver.error;
}
