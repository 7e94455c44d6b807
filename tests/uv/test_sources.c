/*
 * Bodies from callbacks: one that is ready before it has said that it is late, what a bad one means for
 * the messages behind it, and a program that leaves errors of its own in OpenSSL's queue.
 */
#include "support.h"

#include <openssl/err.h>

static const char text[] = "Subject: sources\r\n\r\ntext\r\n";

typedef struct source {
    wsmtp_uv_client *client;
    const char *text; /* NULL: it fails */
    unsigned asked;
} source;

/* Late, and ready before it returns: as with data that turns out to be there already. */
static ptrdiff_t read_at_once(void *context, uint8_t *buffer, size_t buffer_len)
{
    source *s = context;
    (void)buffer_len;
    if (++s->asked == 1) {
        wsmtp_uv_body_ready(s->client);
        return WSMTP_BODY_LATER;
    }
    if (s->asked > 2)
        return 0;
    memcpy(buffer, text, sizeof text - 1);
    return sizeof text - 1;
}

static ptrdiff_t read_once(void *context, uint8_t *buffer, size_t buffer_len)
{
    source *s = context;
    size_t n = s->text ? strlen(s->text) : 0;
    if (!s->text)
        return WSMTP_BODY_FAILED;
    if (s->asked++)
        return 0;
    CHECK(n <= buffer_len);
    memcpy(buffer, s->text, n);
    return (ptrdiff_t)n;
}

static void on_prepare(uv_prepare_t *prepare)
{
    (void)prepare;
    ERR_raise(ERR_LIB_X509, ERR_R_PASSED_INVALID_ARGUMENT);
}

/* Two messages, the first one from the source. */
static void send_two(source *s, wsmtp_body_callback read, test_message two[2], bool tls)
{
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_loop_init(&loop);
    uv_prepare_init(&loop, &prepare);
    wsmtp_client_options options =
        tls ? test_options("IMPLICIT", WSMTP_TLS_IMPLICIT) : test_options("SINK", WSMTP_TLS_NONE);
    options.total_timeout = 10000;
    wsmtp_uv_server *server = wsmtp_uv_server_new(&options, NULL);
    s->client = wsmtp_uv_client_new(&loop, server);
    wsmtp_uv_server_free(server);
    test_outcome opened;
    wsmtp_request open = test_request(&opened), quit;
    memset(&quit, 0, sizeof quit);
    test_message_init(&two[0], "bob@lab.test", "");
    two[0].request.body.read = read;
    two[0].request.body.context = s;
    test_message_init(&two[1], "bob@lab.test", text);
    wsmtp_uv_open(s->client, &open);
    wsmtp_uv_send(s->client, &two[0].request);
    wsmtp_uv_send(s->client, &two[1].request);
    wsmtp_uv_quit(s->client, &quit);
    if (tls)
        uv_prepare_start(&prepare, on_prepare);
    while ((!two[0].outcomes || !two[1].outcomes) && uv_run(&loop, UV_RUN_ONCE))
        ;
    CHECK_EQ(opened.error.reason, WSMTP_REASON_OK);
    uv_close((uv_handle_t *)&prepare, NULL);
    wsmtp_uv_close(s->client, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    test_loop_end(&loop);
    ERR_clear_error();
}

static test_message two[2];

static void test_ready_at_once(void)
{
    source s = {.text = text};
    send_two(&s, read_at_once, two, false);
    CHECK_EQ(two[0].recipients[0].status, WSMTP_STATUS_ACCEPTED);
    CHECK_EQ(two[1].recipients[0].status, WSMTP_STATUS_ACCEPTED);
}

/* The fault of one message is not that of the next, which can be sent on another connection. */
static void test_bad(const char *bad, wsmtp_reason reason, wsmtp_cause cause)
{
    source s = {.text = bad};
    send_two(&s, read_once, two, false);
    CHECK_EQ(two[0].recipients[0].status, WSMTP_STATUS_NOT_SENT);
    CHECK_EQ(two[0].error.reason, reason);
    CHECK_EQ(two[0].error.cause, cause);
    CHECK(!two[0].error.retryable);
    CHECK_EQ(two[1].recipients[0].status, WSMTP_STATUS_NOT_SENT);
    CHECK_EQ(two[1].error.reason, WSMTP_REASON_CANCELLED);
    CHECK_EQ(two[1].error.field, WSMTP_FIELD_NONE);
    CHECK_EQ(two[1].error.cause, WSMTP_CAUSE_NONE);
    CHECK(two[1].error.retryable);
}

static void test_foreign_errors(void)
{
    source s = {.text = text};
    send_two(&s, read_once, two, true);
    CHECK_EQ(two[0].recipients[0].status, WSMTP_STATUS_ACCEPTED);
    CHECK_EQ(two[1].recipients[0].status, WSMTP_STATUS_ACCEPTED);
}

/* A transaction serves for another message: nothing of the first one is left in it. */
static void test_used_again(void)
{
    static const char longer[] = "Subject: sources\r\n\r\ntext that is longer, and 8-bit: \xc3\xa4\r\n";
    wsmtp_client_options options = test_options("SINK", WSMTP_TLS_NONE);
    wsmtp_client *client = wsmtp_client_new(&options);
    test_message *m = &two[0];
    test_message_init(m, "bob@lab.test", text);
    CHECK(wsmtp_client_open(client));
    CHECK(wsmtp_client_send(client, &m->transaction, &m->request.body));
    m->request.body.data = longer;
    m->request.body.data_len = sizeof longer - 1;
    CHECK(wsmtp_client_send(client, &m->transaction, &m->request.body));
    CHECK_EQ(m->transaction.body, WSMTP_BODY_AUTO);
    CHECK(m->transaction.message_size == WSMTP_SIZE_UNKNOWN);
    wsmtp_client_quit(client);
    wsmtp_client_free(client);
}

int main(void)
{
    test_used_again();
    test_ready_at_once();
    test_bad("Subject: bare\nLF\r\n", WSMTP_REASON_BODY_BARE_LF, WSMTP_CAUSE_NONE);
    test_bad(NULL, WSMTP_REASON_CANCELLED, WSMTP_CAUSE_BODY_SOURCE);
    test_foreign_errors();
    return check_report();
}
