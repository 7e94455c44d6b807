/*
 * Tokens from a callback: asked for at the login, once more when the server refuses one, and never a
 * third time; at once and later; of one client and of a pool.
 */
#include <wsmtp/client.h>

#include "support.h"

#define ANSWERS_MAX 4u

/* What the callback answers, in turn; NULL: none. */
typedef struct source {
    const char *answers[ANSWERS_MAX];
    unsigned asked;
    unsigned refused; /* how often it was told that the last one was bad */
    bool later;
    bool said_later;
} source;

static ptrdiff_t give(void *context, bool refused, char *buffer, size_t buffer_len)
{
    source *s = context;
    if (s->later) {
        s->said_later = true;
        return WSMTP_TOKEN_LATER;
    }
    const char *answer = s->asked < ANSWERS_MAX ? s->answers[s->asked] : NULL;
    CHECK(refused == (s->asked > 0));
    s->asked++;
    s->refused += refused;
    size_t n = answer ? strlen(answer) : 0;
    if (n > buffer_len || !answer)
        return WSMTP_TOKEN_FAILED;
    memcpy(buffer, answer, n);
    return (ptrdiff_t)n;
}

typedef struct seen {
    unsigned logins; /* AUTH commands */
    unsigned opened; /* connections */
    bool leaked;
} seen;

static void on_trace(void *context, const wsmtp_trace *trace)
{
    seen *s = context;
    if (!trace->sent)
        return;
    s->logins += trace->bytes_len > 5 && memcmp(trace->bytes, "AUTH ", 5) == 0;
    for (size_t i = 0; i + 8 < trace->secret_at; i++)
        s->leaked |= memcmp(trace->bytes + i, "dXNlcj1h", 8) == 0; /* "user=a" */
}

static void on_event(void *context, const wsmtp_client_event *event)
{
    ((seen *)context)->opened += event->type == WSMTP_CLIENT_EVENT_CONNECTED;
}

static wsmtp_credentials without_secret(wsmtp_mechanism mechanism)
{
    wsmtp_credentials credentials = test_credentials(mechanism);
    credentials.token = credentials.password = NULL;
    credentials.token_len = credentials.password_len = 0;
    return credentials;
}

static const wsmtp_client_error *error_of(wsmtp_client *client)
{
    const wsmtp_client_error *error = wsmtp_client_error_get(client);
    CHECK(!strstr(error->message, test_text("EXPIRED_TOKEN")) && !strstr(error->message, test_text("TOKEN")));
    return error;
}

/* Opens with the callback; how many logins the server saw, on one connection. */
static wsmtp_client *open_with(source *from, seen *what, wsmtp_mechanism mechanism, bool wanted)
{
    wsmtp_client_options options = test_options("RELAXED", WSMTP_TLS_STARTTLS);
    wsmtp_credentials credentials = without_secret(mechanism);
    memset(what, 0, sizeof *what);
    options.credentials = &credentials;
    options.token = give;
    options.token_context = from;
    options.trace = on_trace;
    options.event = on_event;
    options.trace_context = options.event_context = what;
    wsmtp_client *client = wsmtp_client_new(&options);
    CHECK(wsmtp_client_open(client) == wanted);
    CHECK_EQ(what->opened, 1);
    CHECK(!what->leaked);
    return client;
}

static void test_answers(wsmtp_mechanism mechanism)
{
    const char *valid = test_text("TOKEN"), *expired = test_text("EXPIRED_TOKEN");
    seen what;

    source good = {.answers = {valid}};
    wsmtp_client *client = open_with(&good, &what, mechanism, true);
    CHECK(good.asked == 1 && what.logins == 1);
    CHECK(wsmtp_client_facts_get(client)->logged_in);
    test_message m;
    test_message_init(&m, "bob@lab.test", "Subject: token\r\n\r\n");
    CHECK(wsmtp_client_send(client, &m.transaction, &m.request.body));
    wsmtp_client_quit(client);
    wsmtp_client_free(client);

    source refreshed = {.answers = {expired, valid}};
    client = open_with(&refreshed, &what, mechanism, true);
    CHECK(refreshed.asked == 2 && refreshed.refused == 1 && what.logins == 2);
    wsmtp_client_quit(client);
    wsmtp_client_free(client);

    source stale = {.answers = {expired, expired, valid}};
    client = open_with(&stale, &what, mechanism, false);
    CHECK(stale.asked == 2 && what.logins == 2);
    CHECK_EQ(error_of(client)->reason, WSMTP_REASON_AUTH_REFUSED);
    CHECK_EQ(error_of(client)->code, 535);
    CHECK(error_of(client)->detail_len > 0);
    wsmtp_client_free(client);

    source nothing = {.answers = {NULL}};
    client = open_with(&nothing, &what, mechanism, false);
    CHECK(nothing.asked == 1 && what.logins == 0);
    CHECK_EQ(error_of(client)->reason, WSMTP_REASON_CREDENTIAL_MISSING);
    CHECK_EQ(error_of(client)->cause, WSMTP_CAUSE_TOKEN_SOURCE);
    CHECK_EQ(error_of(client)->field, WSMTP_FIELD_TOKEN);
    wsmtp_client_free(client);

    /* Without a fresh one the refusal stands. */
    source once = {.answers = {expired, NULL}};
    client = open_with(&once, &what, mechanism, false);
    CHECK(once.asked == 2 && what.logins == 1);
    CHECK_EQ(error_of(client)->reason, WSMTP_REASON_AUTH_REFUSED);
    CHECK_EQ(error_of(client)->code, 535);
    wsmtp_client_free(client);

    source later = {.later = true};
    client = open_with(&later, &what, mechanism, false);
    CHECK(later.said_later);
    CHECK_EQ(error_of(client)->cause, WSMTP_CAUSE_TOKEN_SOURCE);
    wsmtp_client_free(client);
}

/* A password needs no token, and a token that breaks a rule is not sent. */
static void test_rules(void)
{
    seen what;
    source bad = {.answers = {"to\nken"}};
    wsmtp_client *client = open_with(&bad, &what, WSMTP_MECHANISM_AUTO, false);
    CHECK_EQ(error_of(client)->reason, WSMTP_REASON_CREDENTIAL_CHARACTER);
    CHECK_EQ(error_of(client)->field, WSMTP_FIELD_TOKEN);
    wsmtp_client_free(client);

    source unasked = {.answers = {NULL}};
    wsmtp_client_options options = test_options("RELAXED", WSMTP_TLS_STARTTLS);
    wsmtp_credentials credentials = test_credentials(WSMTP_MECHANISM_PLAIN);
    options.credentials = &credentials;
    options.token = give;
    options.token_context = &unasked;
    client = wsmtp_client_new(&options);
    CHECK(wsmtp_client_open(client));
    CHECK_EQ(unasked.asked, 0);
    wsmtp_client_quit(client);
    wsmtp_client_free(client);

    /* Nor does a mechanism without tokens, which then lacks its password. */
    client = open_with(&unasked, &what, WSMTP_MECHANISM_PLAIN, false);
    CHECK_EQ(unasked.asked, 0);
    CHECK_EQ(error_of(client)->field, WSMTP_FIELD_PASSWORD);
    wsmtp_client_free(client);
}

/* wsmtp_client_login asks, too; a refusal leaves the session usable. */
static void test_login(void)
{
    const char *valid = test_text("TOKEN"), *expired = test_text("EXPIRED_TOKEN");
    source from = {.answers = {expired, expired}};
    wsmtp_client_options options = test_options("RELAXED", WSMTP_TLS_STARTTLS);
    wsmtp_credentials credentials = without_secret(WSMTP_MECHANISM_AUTO);
    options.token = give;
    options.token_context = &from;
    wsmtp_client *client = wsmtp_client_new(&options);
    CHECK(wsmtp_client_open(client));
    CHECK_EQ(from.asked, 0);
    CHECK(!wsmtp_client_login(client, &credentials));
    CHECK_EQ(from.asked, 2);
    CHECK(wsmtp_client_is_open(client));
    CHECK(wsmtp_client_noop(client));
    memset(&from, 0, sizeof from);
    CHECK(!wsmtp_client_login(client, &credentials));
    CHECK_EQ(error_of(client)->cause, WSMTP_CAUSE_TOKEN_SOURCE);
    CHECK(wsmtp_client_is_open(client));
    memset(&from, 0, sizeof from);
    from.answers[0] = expired;
    from.answers[1] = valid;
    CHECK(wsmtp_client_login(client, &credentials));
    CHECK(wsmtp_client_facts_get(client)->logged_in);
    wsmtp_client_quit(client);
    wsmtp_client_free(client);
}

/* ---- asynchronous */

static source waited;
static wsmtp_uv_client *waiting_client;
static wsmtp_uv_pool *waiting_pool;

static void on_timer(uv_timer_t *timer)
{
    CHECK(waited.said_later);
    waited.later = false;
    if (waiting_pool)
        wsmtp_uv_pool_token_ready(waiting_pool);
    else
        wsmtp_uv_token_ready(waiting_client);
    uv_close((uv_handle_t *)timer, NULL);
}

static uint32_t command_timeout; /* 0: the RFC's */

static wsmtp_uv_server *server_of(wsmtp_token_callback token)
{
    wsmtp_client_options options = test_options("RELAXED", WSMTP_TLS_STARTTLS);
    static wsmtp_credentials credentials;
    credentials = without_secret(WSMTP_MECHANISM_AUTO);
    options.credentials = &credentials;
    options.token = token;
    options.token_context = &waited;
    if (command_timeout)
        options.timeouts[WSMTP_PHASE_COMMAND] = command_timeout;
    return wsmtp_uv_server_new(&options, NULL);
}

/* Says later, and at once that it is there. */
static ptrdiff_t give_inside(void *context, bool refused, char *buffer, size_t buffer_len)
{
    if (!waited.said_later) {
        waited.said_later = true;
        wsmtp_uv_token_ready(waiting_client);
        return WSMTP_TOKEN_LATER;
    }
    return give(context, refused, buffer, buffer_len);
}

static void test_later(bool inside)
{
    uv_loop_t loop;
    uv_timer_t timer;
    test_outcome opened, left;
    uv_loop_init(&loop);
    memset(&waited, 0, sizeof waited);
    waited.later = !inside;
    waited.answers[0] = test_text("TOKEN");
    wsmtp_uv_server *server = server_of(inside ? give_inside : give);
    waiting_client = wsmtp_uv_client_new(&loop, server);
    wsmtp_request open = test_request(&opened), quit = test_request(&left);
    wsmtp_uv_open(waiting_client, &open);
    wsmtp_uv_quit(waiting_client, &quit);
    if (!inside) {
        uv_timer_init(&loop, &timer);
        uv_timer_start(&timer, on_timer, 200, 0);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(opened.count == 1 && opened.error.reason == WSMTP_REASON_OK);
    CHECK_EQ(waited.asked, 1);
    CHECK_EQ(left.count, 1);
    wsmtp_uv_close(waiting_client, NULL, NULL);
    wsmtp_uv_server_free(server);
    uv_run(&loop, UV_RUN_DEFAULT);
    test_loop_end(&loop);
}

/* Nobody says that it is there: the session can still be ended. */
static void test_cancelled(wsmtp_reason how)
{
    uv_loop_t loop;
    test_outcome opened;
    uv_loop_init(&loop);
    memset(&waited, 0, sizeof waited);
    waited.later = true;
    wsmtp_uv_server *server = server_of(give);
    wsmtp_uv_client *client = wsmtp_uv_client_new(&loop, server);
    wsmtp_request open = test_request(&opened);
    wsmtp_uv_open(client, &open);
    while (!waited.said_later && uv_run(&loop, UV_RUN_ONCE))
        ;
    if (how == WSMTP_REASON_TIMEOUT)
        wsmtp_uv_deadline(client, 50);
    else if (how == WSMTP_REASON_CANCELLED)
        wsmtp_uv_cancel(client);
    while (!opened.count && uv_run(&loop, UV_RUN_ONCE))
        ;
    CHECK_EQ(opened.error.reason, how);
    if (how == WSMTP_REASON_CREDENTIAL_MISSING)
        CHECK_EQ(opened.error.cause, WSMTP_CAUSE_TOKEN_SOURCE);
    wsmtp_uv_close(client, NULL, NULL);
    wsmtp_uv_server_free(server);
    uv_run(&loop, UV_RUN_DEFAULT);
    test_loop_end(&loop);
}

static ptrdiff_t give_each(void *context, bool refused, char *buffer, size_t buffer_len)
{
    source *s = context;
    if (!s->later)
        s->asked = 0; /* each session asks for itself */
    ptrdiff_t n = give(context, refused, buffer, buffer_len);
    s->refused += n > 0;
    return n;
}

static void test_pool(void)
{
    static test_message messages[6];
    uv_loop_t loop;
    uv_timer_t timer;
    uv_loop_init(&loop);
    memset(&waited, 0, sizeof waited);
    waited.later = true;
    waited.answers[0] = test_text("TOKEN");
    wsmtp_uv_pool_limits limits;
    wsmtp_uv_pool_limits_init(&limits);
    limits.connections = 2;
    wsmtp_uv_server *server = server_of(give_each);
    waiting_pool = wsmtp_uv_pool_new(&loop, &limits);
    for (size_t i = 0; i < 6; i++) {
        test_message_init(&messages[i], "bob@lab.test", "Subject: token\r\n\r\n");
        wsmtp_uv_pool_send(waiting_pool, server, &messages[i].request);
    }
    wsmtp_uv_server_free(server);
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, on_timer, 300, 0);
    while (!messages[5].outcomes && uv_run(&loop, UV_RUN_ONCE))
        ;
    CHECK_EQ(waited.refused, wsmtp_uv_pool_count(waiting_pool).opened);
    wsmtp_uv_pool_close(waiting_pool, false, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    waiting_pool = NULL;
    for (size_t i = 0; i < 6; i++)
        CHECK(messages[i].outcomes == 1 && messages[i].recipients[0].status == WSMTP_STATUS_ACCEPTED);
    test_loop_end(&loop);
}

int main(void)
{
    test_answers(WSMTP_MECHANISM_AUTO);
    test_answers(WSMTP_MECHANISM_XOAUTH2);
    test_rules();
    test_login();
    test_later(false);
    test_later(true);
    test_cancelled(WSMTP_REASON_CANCELLED);
    test_cancelled(WSMTP_REASON_TIMEOUT);
    command_timeout = 1000;
    test_cancelled(WSMTP_REASON_CREDENTIAL_MISSING);
    test_later(false);
    test_pool();
    return check_report();
}
