/*
 * Many messages through a pool, with every way of sending that can be had at once, to a server that answers
 * anything at any time: each recipient has one outcome, and monkey.mjs knows whether it is the right one.
 */
#include "support.h"

#include <stdlib.h>

#define MESSAGES 60u
#define RECIPIENTS 4u

static uint32_t state;

static uint32_t draw(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

typedef struct letter {
    wsmtp_send_request request;
    wsmtp_transaction transaction;
    wsmtp_recipient recipients[RECIPIENTS];
    char addresses[RECIPIENTS][32];
    char text[400];
    size_t at;
    unsigned fails_at; /* asked so often; 0: never */
    unsigned asked, outcomes;
} letter;

static letter letters[MESSAGES];
static uv_loop_t loop;
static wsmtp_uv_pool *pool;
static unsigned done;

static ptrdiff_t read_letter(void *context, uint8_t *buffer, size_t buffer_len)
{
    letter *m = context;
    (void)buffer_len;
    if (++m->asked == m->fails_at)
        return WSMTP_BODY_FAILED;
    size_t n = strlen(m->text) - m->at;
    n = n < 50 ? n : 50;
    memcpy(buffer, m->text + m->at, n);
    m->at += n;
    return (ptrdiff_t)n;
}

static bool rewind_letter(void *context)
{
    letter *m = context;
    m->at = 0;
    return true;
}

static void check_code(const wsmtp_recipient *r)
{
    switch (r->status) {
    case WSMTP_STATUS_ACCEPTED: CHECK_EQ(r->code / 100, 2); break;
    case WSMTP_STATUS_DEFERRED: CHECK_EQ(r->code / 100, 4); break;
    case WSMTP_STATUS_REFUSED: CHECK_EQ(r->code / 100, 5); break;
    default: CHECK_EQ(r->code, 0); break;
    }
}

static void on_sent(wsmtp_send_request *request, const wsmtp_client_result *result)
{
    letter *m = request->context;
    size_t accepted = 0;
    m->outcomes++;
    done++;
    CHECK_EQ(m->outcomes, 1);
    CHECK_EQ(m->transaction.flags, 0);
    for (size_t i = 0; i < m->transaction.recipients_len; i++) {
        printf("%s %s\n", m->addresses[i], wsmtp_status_name(m->recipients[i].status));
        accepted += m->recipients[i].status == WSMTP_STATUS_ACCEPTED;
        check_code(&m->recipients[i]);
        CHECK(m->recipients[i].status != WSMTP_STATUS_IN_DOUBT || !result->error ||
              (result->error->in_doubt && !result->error->retryable));
    }
    CHECK(!result->error == (accepted > 0));
    CHECK(!result->error || result->error->kind != WSMTP_KIND_INPUT);
    CHECK(!result->error || result->error->cause != WSMTP_CAUSE_BODY_SOURCE || m->fails_at > 0);
}

static void write_letter(letter *m, unsigned number)
{
    memset(m, 0, sizeof *m);
    wsmtp_transaction_init(&m->transaction);
    m->transaction.reverse_path = "a@x.test";
    m->transaction.reverse_path_len = 8;
    m->transaction.recipients = m->recipients;
    m->transaction.recipients_len = 1 + draw(RECIPIENTS);
    for (size_t i = 0; i < m->transaction.recipients_len; i++) {
        snprintf(m->addresses[i], sizeof m->addresses[i], "m%u.r%zu@x.test", number, i);
        m->recipients[i].address = m->addresses[i];
        m->recipients[i].address_len = strlen(m->addresses[i]);
    }
    snprintf(m->text, sizeof m->text, "Subject: %u\r\n\r\n.%0*u\r\nlast line\r\n", number, (int)draw(300), 7u);
    m->request.transaction = &m->transaction;
    m->request.context = m;
    m->request.done = on_sent;
    m->request.body.data = m->text;
    m->request.body.data_len = strlen(m->text);
    if (draw(2)) {
        m->request.body.read = read_letter;
        m->request.body.rewind = draw(2) ? rewind_letter : NULL;
        m->request.body.context = m;
        m->fails_at = draw(10) ? 0 : 1 + draw(3);
    }
}

static ptrdiff_t give_token(void *context, bool refused, char *buffer, size_t buffer_len)
{
    (void)context, (void)refused, (void)buffer, (void)buffer_len;
    return WSMTP_TOKEN_FAILED;
}

static void run_round(unsigned round)
{
    wsmtp_client_options options = test_options("MONKEY", WSMTP_TLS_NONE);
    wsmtp_credentials credentials;
    wsmtp_credentials_init(&credentials);
    credentials.user = credentials.password = "alice";
    credentials.user_len = credentials.password_len = 5;
    credentials.allow_plaintext_auth = true;
    if (draw(2))
        options.credentials = &credentials;
    options.early = draw(2);
    options.overlap = draw(2) ? 1 + draw(5) : 0;
    options.token = draw(2) ? give_token : NULL;
    if (draw(2))
        options.eager_octets = draw(500);
    for (int i = 0; i < WSMTP_PHASE_COUNT; i++)
        options.timeouts[i] = 300;
    wsmtp_uv_pool_limits limits;
    wsmtp_uv_pool_limits_init(&limits);
    limits.connections = 1 + draw(3);
    limits.messages_per_connection = draw(10);
    limits.idle_timeout = 1 + draw(50);
    uv_loop_init(&loop);
    pool = wsmtp_uv_pool_new(&loop, &limits);
    wsmtp_uv_server *server = wsmtp_uv_server_new(&options, NULL);
    unsigned sent = 0, stop = draw(4) ? MESSAGES + 1 : draw(MESSAGES);
    done = 0;
    while (done < MESSAGES && sent < stop) {
        for (unsigned n = draw(20); n > 0 && sent < MESSAGES; n--, sent++) {
            write_letter(&letters[sent], round * MESSAGES + sent);
            wsmtp_uv_pool_send(pool, server, &letters[sent].request);
        }
        for (unsigned n = draw(30); n > 0 && done < sent; n--)
            uv_run(&loop, UV_RUN_ONCE);
    }
    wsmtp_uv_pool_close(pool, draw(2), NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(done, sent);
    wsmtp_uv_server_free(server);
    test_loop_end(&loop);
}

int main(void)
{
    state = (uint32_t)strtoul(test_text("SEED"), NULL, 10) * 2654435761u + 1;
    for (unsigned round = 0; round < 20; round++)
        run_round(round);
    return check_report();
}
