/*
 * A session that is cancelled or closed at each of its events: every request has its one callback,
 * and the loop ends with nothing open. And bodies from callbacks that come late, or never.
 */
#include "support.h"

static const char text[] = "Subject: cancel\r\n\r\ntext\r\n";

typedef struct trial {
    /* which event ends it, counted from 0; and how */
    unsigned at;
    bool close;
    bool ended;
    unsigned events;
    wsmtp_client_event_type type;
    wsmtp_event_type engine_type;
    wsmtp_uv_client *client;
    wsmtp_request open, noop;
    test_outcome opened, answered;
    test_message message;
    bool closed;
} trial;

static void on_closed(void *context)
{
    ((trial *)context)->closed = true;
}

static void on_event(void *context, const wsmtp_client_event *event)
{
    trial *t = context;
    if (t->events++ != t->at)
        return;
    t->type = event->type;
    t->engine_type = event->engine ? event->engine->type : WSMTP_EVENT_NONE;
    t->ended = true;
    if (t->close)
        wsmtp_uv_close(t->client, on_closed, t);
    else
        wsmtp_uv_cancel(t->client);
}

/* False if the session has no such event. */
static bool run_trial(uv_loop_t *loop, wsmtp_uv_server *server, unsigned at, bool close)
{
    static trial t;
    memset(&t, 0, sizeof t);
    t.at = at;
    t.close = close;
    t.client = wsmtp_uv_client_new(loop, server);
    wsmtp_uv_client_watch(t.client, NULL, NULL, on_event, &t);
    t.open = test_request(&t.opened);
    t.noop = test_request(&t.answered);
    test_message_init(&t.message, "bob@lab.test bad@lab.test", text);
    wsmtp_uv_open(t.client, &t.open);
    wsmtp_uv_send(t.client, &t.message.request);
    wsmtp_uv_noop(t.client, &t.noop);
    wsmtp_request quit;
    memset(&quit, 0, sizeof quit);
    wsmtp_uv_quit(t.client, &quit);
    if (at == 0 && close)
        wsmtp_uv_close(t.client, on_closed, &t); /* before anything has happened at all */
    uv_run(loop, UV_RUN_DEFAULT);
    CHECK_EQ(t.opened.count, 1);
    CHECK_EQ(t.answered.count, 1);
    CHECK_EQ(t.message.outcomes, 1);
    wsmtp_status status = t.message.recipients[0].status;
    bool sent = status == WSMTP_STATUS_ACCEPTED || status == WSMTP_STATUS_IN_DOUBT;
    CHECK(sent || status == WSMTP_STATUS_NOT_SENT);
    if (t.opened.error.reason != WSMTP_REASON_OK) {
        CHECK_EQ(t.opened.error.reason, WSMTP_REASON_CANCELLED);
        CHECK(!sent);
    }
    if (!sent)
        CHECK_EQ(t.message.error.reason, WSMTP_REASON_CANCELLED);
    if (!t.close || !t.ended) {
        CHECK(wsmtp_uv_is_over(t.client));
        wsmtp_uv_close(t.client, on_closed, &t);
        uv_run(loop, UV_RUN_DEFAULT);
    }
    CHECK(t.closed);
    return t.ended;
}

static void test_cancel_at_every_event(void)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    wsmtp_client_options options = test_options("RELAXED", WSMTP_TLS_STARTTLS);
    wsmtp_credentials credentials = test_credentials(WSMTP_MECHANISM_SCRAM_SHA_256);
    options.host = "localhost";
    options.credentials = &credentials;
    wsmtp_uv_server *server = wsmtp_uv_server_new(&options, NULL);
    unsigned events = 0;
    for (int close = 0; close < 2; close++)
        for (events = 0; run_trial(&loop, server, events, close != 0); events++)
            ;
    CHECK(events > 15);
    wsmtp_uv_server_free(server);
    test_loop_end(&loop);
}

typedef struct source {
    wsmtp_uv_client *client;
    uv_timer_t timer;
    unsigned pieces; /* left */
    bool late, fails;
    unsigned asked;
} source;

static void on_timer(uv_timer_t *timer)
{
    source *s = timer->data;
    s->late = false;
    wsmtp_uv_body_ready(s->client);
}

/* Every other time it has nothing yet. */
static ptrdiff_t read_source(void *context, uint8_t *buffer, size_t buffer_len)
{
    source *s = context;
    s->asked++;
    CHECK(buffer_len > sizeof text);
    CHECK(!s->late); /* not asked again before body_ready */
    if (s->pieces == 0)
        return s->fails ? WSMTP_BODY_FAILED : 0;
    if (s->asked % 2) {
        s->late = true;
        uv_timer_start(&s->timer, on_timer, 1, 0);
        return WSMTP_BODY_LATER;
    }
    s->pieces--;
    memcpy(buffer, text, sizeof text - 1);
    return sizeof text - 1;
}

static void send_from_source(bool fails, bool close_early, wsmtp_status wanted)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    wsmtp_client_options options = test_options("SINK", WSMTP_TLS_NONE);
    wsmtp_uv_server *server = wsmtp_uv_server_new(&options, NULL);
    source s = {.pieces = 20, .fails = fails, .client = wsmtp_uv_client_new(&loop, server)};
    wsmtp_uv_server_free(server);
    uv_timer_init(&loop, &s.timer);
    s.timer.data = &s;
    test_outcome opened;
    wsmtp_request open = test_request(&opened), quit;
    memset(&quit, 0, sizeof quit);
    static test_message m;
    test_message_init(&m, "bob@lab.test", "");
    m.request.body.read = read_source;
    m.request.body.context = &s;
    wsmtp_uv_open(s.client, &open);
    wsmtp_uv_send(s.client, &m.request);
    wsmtp_uv_quit(s.client, &quit);
    if (close_early) {
        while (s.asked < 5 && uv_run(&loop, UV_RUN_ONCE))
            ;
        wsmtp_uv_cancel(s.client);
    }
    while (!m.outcomes && uv_run(&loop, UV_RUN_ONCE))
        ;
    CHECK_EQ(m.recipients[0].status, wanted);
    if (fails)
        CHECK_EQ(m.error.cause, WSMTP_CAUSE_BODY_SOURCE);
    if (wanted == WSMTP_STATUS_ACCEPTED)
        CHECK_EQ(s.pieces, 0);
    uv_close((uv_handle_t *)&s.timer, NULL);
    wsmtp_uv_close(s.client, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    test_loop_end(&loop);
}

int main(void)
{
    test_cancel_at_every_event();
    send_from_source(false, false, WSMTP_STATUS_ACCEPTED);
    send_from_source(true, false, WSMTP_STATUS_NOT_SENT);
    send_from_source(false, true, WSMTP_STATUS_NOT_SENT);
    return check_report();
}
