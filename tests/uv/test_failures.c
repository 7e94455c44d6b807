/*
 * Everything that can go wrong between a client and a server, all at once on one loop: each case has
 * its error, told apart from the others, each message its one outcome, and nothing stays open.
 */
#include "support.h"

static const char text[] = "Subject: failures\r\n\r\ntext\r\n";
static char large[20000000]; /* more than a socket takes while nobody reads */

typedef struct failure {
    const char *port;
    wsmtp_tls tls;
    int limited; /* phase that gets a short limit, or -1 */
    wsmtp_reason reason;
    wsmtp_cause cause;
    wsmtp_step step;
    wsmtp_status status; /* of a message; PENDING: opening fails */
    /* as it runs */
    wsmtp_uv_client *client;
    wsmtp_request open;
    test_outcome opened;
    test_message message;
} failure;

#define SHORT 250u /* ms */
#define SEND(port_, tls_, limited_, reason_, cause_, step_, status_)                                \
    {.port = port_, .tls = WSMTP_TLS_##tls_, .limited = limited_,                                  \
     .reason = WSMTP_REASON_##reason_, .cause = WSMTP_CAUSE_##cause_,                              \
     .step = WSMTP_STEP_##step_, .status = WSMTP_STATUS_##status_}
#define OPEN(port_, tls_, limited_, reason_, cause_, step_)                                        \
    SEND(port_, tls_, limited_, reason_, cause_, step_, PENDING)
#define LIMIT(phase) WSMTP_PHASE_##phase

static failure failures[] = {
    OPEN("WRONG_NAME", IMPLICIT, -1, TLS_FAILED, CERTIFICATE_NAME, TLS),
    OPEN("NAMELESS", IMPLICIT, -1, TLS_FAILED, CERTIFICATE_NAME, TLS),
    OPEN("EXPIRED", IMPLICIT, -1, TLS_FAILED, CERTIFICATE_EXPIRED, TLS),
    OPEN("UNTRUSTED", IMPLICIT, -1, TLS_FAILED, CERTIFICATE_UNTRUSTED, TLS),
    OPEN("WRONG_NAME_STARTTLS", STARTTLS, -1, TLS_FAILED, CERTIFICATE_NAME, TLS),
    OPEN("EXPIRED_STARTTLS", STARTTLS, -1, TLS_FAILED, CERTIFICATE_EXPIRED, TLS),
    OPEN("UNTRUSTED_STARTTLS", STARTTLS, -1, TLS_FAILED, CERTIFICATE_UNTRUSTED, TLS),
    OPEN("TLS11", IMPLICIT, -1, TLS_FAILED, TLS_VERSION, TLS),
    OPEN("RELAXED", IMPLICIT, -1, TLS_MODE_MISMATCH, NOT_TLS, TLS),
    OPEN("IMPLICIT", NONE, LIMIT(GREETING), TIMEOUT, NONE, GREETING),
    OPEN("NOBODY", NONE, -1, CONNECT_FAILED, CONNECTION_REFUSED, CONNECT),
    OPEN("SILENT", NONE, LIMIT(GREETING), TIMEOUT, NONE, GREETING),
    OPEN("SILENT", IMPLICIT, LIMIT(TLS), TIMEOUT, NONE, TLS),
    OPEN("SILENT_EHLO", NONE, LIMIT(COMMAND), TIMEOUT, NONE, EHLO),
    OPEN("CLOSED", NONE, -1, CLOSED_BY_PEER, NONE, GREETING),
    OPEN("CLOSED", IMPLICIT, -1, CLOSED_BY_PEER, NONE, TLS),
    OPEN("UNWELCOME", NONE, -1, GREETING_REFUSED, NONE, GREETING),
    OPEN("RESIDUE", STARTTLS, -1, STARTTLS_RESIDUE, NONE, STARTTLS),
    OPEN("GARBAGE", STARTTLS, -1, TLS_FAILED, NOT_TLS, TLS),
    OPEN("NO_STARTTLS", STARTTLS, -1, STARTTLS_MISSING, NONE, STARTTLS),
    OPEN("SHUT_STARTTLS", STARTTLS, -1, CLOSED_BY_PEER, NONE, TLS),
    SEND("SILENT_MAIL", NONE, LIMIT(MAIL), TIMEOUT, NONE, MAIL, NOT_SENT),
    SEND("SILENT_RCPT", NONE, LIMIT(RCPT), TIMEOUT, NONE, RCPT, NOT_SENT),
    SEND("SILENT_DATA", NONE, LIMIT(DATA), TIMEOUT, NONE, DATA, NOT_SENT),
    SEND("SILENT_BODY", NONE, LIMIT(BODY), TIMEOUT, NONE, BODY, NOT_SENT),
    SEND("SILENT_END", NONE, LIMIT(END_OF_DATA), TIMEOUT, NONE, END_OF_DATA, IN_DOUBT),
    SEND("DROPPED", NONE, -1, CONNECTION_LOST, CONNECTION_RESET, END_OF_DATA, IN_DOUBT),
    SEND("CLOSED_MAIL", NONE, -1, CLOSED_BY_PEER, NONE, MAIL, NOT_SENT),
    SEND("LAST_WORDS", NONE, -1, REPLY_REFUSED, NONE, BODY, REFUSED),
    SEND("TRUNCATED", IMPLICIT, -1, CONNECTION_LOST, TLS_TRUNCATED, END_OF_DATA, IN_DOUBT),
    SEND("NOTIFIED", IMPLICIT, -1, CLOSED_BY_PEER, NONE, MAIL, NOT_SENT),
};

static void on_opened(wsmtp_request *request, const wsmtp_client_error *error)
{
    failure *f = (failure *)(void *)((char *)request - offsetof(failure, open));
    test_command_done(request, error);
    if (error || f->status == WSMTP_STATUS_PENDING)
        wsmtp_uv_close(f->client, NULL, NULL);
    else
        wsmtp_uv_send(f->client, &f->message.request);
}

static void on_sent(wsmtp_send_request *request, const wsmtp_client_result *result)
{
    failure *f = (failure *)(void *)((char *)request - offsetof(failure, message.request));
    test_done(request, result);
    wsmtp_uv_close(f->client, NULL, NULL);
}

static void start(uv_loop_t *loop, failure *f)
{
    wsmtp_client_options options = test_options(f->port, f->tls);
    options.host = f->port[0] == 'S' ? "127.0.0.1" : "localhost"; /* with and without a resolver */
    if (f->limited >= 0)
        options.timeouts[f->limited] = SHORT;
    wsmtp_client_error error;
    wsmtp_uv_server *server = wsmtp_uv_server_new(&options, &error);
    if (!CHECK(server != NULL)) {
        printf("%s: %s\n", f->port, error.message);
        return;
    }
    f->client = wsmtp_uv_client_new(loop, server);
    wsmtp_uv_server_free(server);
    f->open = test_request(&f->opened);
    f->open.done = on_opened;
    bool big = strcmp(f->port, "SILENT_BODY") == 0 || strcmp(f->port, "LAST_WORDS") == 0;
    test_message_init(&f->message, "bob@lab.test", big ? large : text);
    f->message.request.done = on_sent;
    wsmtp_uv_open(f->client, &f->open);
}

static void check(failure *f)
{
    bool opening = f->status == WSMTP_STATUS_PENDING;
    const wsmtp_client_error *error = opening ? &f->opened.error : &f->message.error;
    unsigned before = check_failed;
    CHECK_EQ(f->opened.count, 1);
    CHECK_EQ(f->message.outcomes, opening ? 0 : 1);
    CHECK_EQ(error->reason, f->reason);
    CHECK_EQ(error->cause, f->cause);
    CHECK_EQ(error->step, f->step);
    CHECK(error->in_doubt == (f->status == WSMTP_STATUS_IN_DOUBT));
    CHECK(!(error->in_doubt && error->retryable));
    CHECK(error->message[0] && !strchr(error->message, '\n'));
    if (!opening)
        CHECK_EQ(f->message.recipients[0].status, f->status);
    if (check_failed != before)
        printf("    %s, TLS mode %d: %s\n", f->port, f->tls, error->message);
}

static void test_all_at_once(void)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    size_t count = sizeof failures / sizeof failures[0];
    for (size_t i = 0; i < count; i++)
        start(&loop, &failures[i]);
    uv_run(&loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < count; i++)
        check(&failures[i]);
    test_loop_end(&loop);
}

/* The same through the blocking client, with one option changed. */
static wsmtp_client_error open_error(const wsmtp_client_options *options)
{
    wsmtp_client *client = wsmtp_client_new(options);
    wsmtp_client_error error;
    CHECK(!wsmtp_client_open(client));
    error = *wsmtp_client_error_get(client);
    wsmtp_client_free(client);
    return error;
}

static void test_options_that_do_not_fit(void)
{
    wsmtp_client_options options = test_options("IMPLICIT", WSMTP_TLS_IMPLICIT);
    static const uint8_t pin[WSMTP_PIN_LEN];
    options.pin = pin;
    CHECK_EQ(open_error(&options).cause, WSMTP_CAUSE_PIN_MISMATCH);
    options.pin = NULL;
    options.tls_name = "other.example";
    CHECK_EQ(open_error(&options).cause, WSMTP_CAUSE_CERTIFICATE_NAME);
    options.tls_name = "192.0.2.1";
    CHECK_EQ(open_error(&options).cause, WSMTP_CAUSE_CERTIFICATE_NAME);
    options.tls_name = NULL;
    options.ca_file = test_text("OTHER_CA"); /* replaces, does not add */
    CHECK_EQ(open_error(&options).cause, WSMTP_CAUSE_CERTIFICATE_UNTRUSTED);
    options.ca_file = NULL; /* the system's */
    CHECK_EQ(open_error(&options).cause, WSMTP_CAUSE_CERTIFICATE_UNTRUSTED);

    options = test_options("SILENT", WSMTP_TLS_NONE);
    options.total_timeout = SHORT;
    CHECK_EQ(open_error(&options).cause, WSMTP_CAUSE_DEADLINE);
    CHECK_EQ(open_error(&options).reason, WSMTP_REASON_TIMEOUT);
    options.host = "nosuch.invalid";
    options.total_timeout = 0;
    wsmtp_cause cause = open_error(&options).cause;
    CHECK(cause == WSMTP_CAUSE_HOST_NOT_FOUND || cause == WSMTP_CAUSE_HOST_LOOKUP_FAILED);
    options.host = NULL;
    options.unix_path = "/nonexistent/socket";
    CHECK_EQ(open_error(&options).cause, WSMTP_CAUSE_CONNECTION_REFUSED);
}

static void test_endings(void)
{
    test_message m;
    wsmtp_client_options options = test_options("SILENT_QUIT", WSMTP_TLS_NONE);
    options.timeouts[WSMTP_PHASE_QUIT] = SHORT;
    wsmtp_client *client = wsmtp_client_new(&options);
    CHECK(wsmtp_client_open(client));
    wsmtp_client_quit(client); /* returns, although nobody answers */
    CHECK(!wsmtp_client_is_open(client));
    wsmtp_client_free(client);

    options = test_options("TRUNCATED_QUIT", WSMTP_TLS_IMPLICIT);
    client = wsmtp_client_new(&options);
    test_message_init(&m, "bob@lab.test", text);
    CHECK(wsmtp_client_open(client));
    CHECK(wsmtp_client_send(client, &m.transaction, &m.request.body));
    wsmtp_client_quit(client);
    CHECK_EQ(wsmtp_client_error_get(client)->reason, WSMTP_REASON_OK);
    wsmtp_client_free(client);

    options = test_options("CLOSING", WSMTP_TLS_NONE);
    client = wsmtp_client_new(&options);
    CHECK(wsmtp_client_open(client));
    CHECK(wsmtp_client_send(client, &m.transaction, &m.request.body));
    CHECK(!wsmtp_client_send(client, &m.transaction, &m.request.body));
    CHECK_EQ(wsmtp_client_error_get(client)->code, 421);
    CHECK(wsmtp_client_error_get(client)->retryable);
    CHECK(m.recipients[0].status == WSMTP_STATUS_NOT_SENT ||
          m.recipients[0].status == WSMTP_STATUS_DEFERRED);
    wsmtp_client_free(client);
}

int main(void)
{
    for (size_t at = 0; at + 2 < sizeof large; at += 72) {
        size_t n = sizeof large - 1 - at < 72 ? sizeof large - 1 - at : 72;
        memset(large + at, 'x', n);
        memcpy(large + at + n - 2, "\r\n", 2);
    }
    test_all_at_once();
    test_options_that_do_not_fit();
    test_endings();
    return check_report();
}
