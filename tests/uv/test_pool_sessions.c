/* The pool: messages that no session took, and sessions that end before they have served. */
#include "support.h"

static const char text[] = "Subject: pool\r\n\r\ntext\r\n";

typedef struct bench {
    uv_loop_t loop;
    uv_timer_t limit;
    wsmtp_uv_pool *pool;
    unsigned done;
    bool closed, late;
} bench;

static bench b;

static void on_sent(wsmtp_send_request *request, const wsmtp_client_result *result)
{
    b.done++;
    test_done(request, result);
}

static void on_limit(uv_timer_t *timer)
{
    (void)timer;
    b.late = true;
}

static void begin(const wsmtp_uv_pool_limits *limits)
{
    memset(&b, 0, sizeof b);
    uv_loop_init(&b.loop);
    uv_timer_init(&b.loop, &b.limit);
    b.pool = wsmtp_uv_pool_new(&b.loop, limits);
}

/* So many outcomes, within a time in which a healthy pool has them many times over. */
static void run_until(unsigned done)
{
    uv_update_time(&b.loop);
    uv_timer_start(&b.limit, on_limit, 5000, 0);
    while (b.done < done && !b.late && uv_run(&b.loop, UV_RUN_ONCE))
        ;
    uv_timer_stop(&b.limit);
    CHECK_EQ(b.done, done);
}

static void on_closed(void *context)
{
    ((bench *)context)->closed = true;
}

static void end(wsmtp_uv_server *server)
{
    wsmtp_uv_server_free(server);
    uv_close((uv_handle_t *)&b.limit, NULL);
    wsmtp_uv_pool_close(b.pool, b.late, on_closed, &b);
    uv_run(&b.loop, UV_RUN_DEFAULT);
    CHECK(b.closed);
    test_loop_end(&b.loop);
}

static void send_one(wsmtp_uv_server *server, test_message *m)
{
    test_message_init(m, "bob@lab.test", text);
    m->request.done = on_sent;
    wsmtp_uv_pool_send(b.pool, server, &m->request);
}

/* Of a message that was never sent the caller's flags are as they were, and it went in no transaction. */
static uint32_t transactions;

static void on_unsent(wsmtp_send_request *request, const wsmtp_client_result *result)
{
    transactions += result->transactions;
    on_sent(request, result);
}

static void test_unsent(void)
{
    wsmtp_uv_pool_limits limits;
    wsmtp_uv_pool_limits_init(&limits);
    limits.waiting = 1;
    begin(&limits);
    wsmtp_uv_server *server = test_server("NOBODY");
    static test_message messages[2]; /* one waits for a session, one finds the queue full */
    for (size_t i = 0; i < 2; i++) {
        test_message_init(&messages[i], "bob@lab.test", text);
        messages[i].transaction.flags = WSMTP_SEND_ALL_OR_NOTHING;
        messages[i].request.done = on_unsent;
        messages[i].request.flags = 0xffu; /* private: whatever was there */
        messages[i].request.transactions = 7;
        wsmtp_uv_pool_send(b.pool, server, &messages[i].request);
    }
    run_until(2);
    for (size_t i = 0; i < 2; i++)
        CHECK_EQ(messages[i].transaction.flags, WSMTP_SEND_ALL_OR_NOTHING);
    CHECK_EQ(transactions, 0);
    end(server);
}

/* What a fresh session says is final, also when it ends before it could take the message. */
static void test_short(void)
{
    begin(NULL);
    wsmtp_uv_server *server = test_server("SHORT");
    static test_message m;
    send_one(server, &m);
    run_until(1);
    CHECK_EQ(m.outcomes, 1);
    CHECK_EQ(m.recipients[0].status, WSMTP_STATUS_NOT_SENT);
    CHECK_EQ(m.error.code, 421);
    CHECK(m.error.retryable);
    CHECK_EQ(wsmtp_uv_pool_count(b.pool).opened, 1);
    end(server);
}

/* A message was given to a session that could not log in, while another had nothing to do. */
static void test_one_login(void)
{
    begin(NULL);
    wsmtp_client_options options = test_options("ONE_LOGIN", WSMTP_TLS_NONE);
    wsmtp_credentials credentials = test_credentials(WSMTP_MECHANISM_PLAIN);
    credentials.allow_plaintext_auth = true;
    options.credentials = &credentials;
    options.early = true;
    wsmtp_uv_server *server = wsmtp_uv_server_new(&options, NULL);
    static test_message messages[2];
    send_one(server, &messages[0]);
    send_one(server, &messages[1]);
    run_until(2);
    for (size_t i = 0; i < 2; i++) {
        CHECK_EQ(messages[i].outcomes, 1);
        CHECK_EQ(messages[i].recipients[0].status, WSMTP_STATUS_ACCEPTED);
    }
    CHECK_EQ(wsmtp_uv_pool_count(b.pool).opened, 2);
    end(server);
}

int main(void)
{
    test_unsent();
    test_short();
    test_one_login();
    return check_report();
}
