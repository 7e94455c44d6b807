/* LMTP over TCP, TLS and a Unix socket; and messages that overlap on one connection. */
#include <stdlib.h>

#include "support.h"

#define MESSAGES 40u

static void test_lmtp(const char *port, wsmtp_tls tls, const char *path, const char *subject)
{
    wsmtp_client_options options = test_options(port, tls);
    options.protocol = WSMTP_CLIENT_LMTP;
    if (path) {
        options.host = NULL;
        options.unix_path = path;
    }
    wsmtp_client *client = wsmtp_client_new(&options);
    if (!CHECK(wsmtp_client_open(client))) {
        printf("    %s\n", wsmtp_client_error_get(client)->message);
        wsmtp_client_free(client);
        return;
    }
    const wsmtp_client_facts *facts = wsmtp_client_facts_get(client);
    CHECK(facts->secure == (path || tls != WSMTP_TLS_NONE));
    if (path)
        CHECK_TEXT(facts->address, strlen(facts->address), path);
    char text[128];
    test_message m;
    size_t text_len;
    snprintf(text, sizeof text, "Subject: %s\r\n\r\ntext\r\n", subject);
    test_message_init(&m, "alice@lab.test nosuch@lab.test full@lab.test", text);
    CHECK(wsmtp_client_send(client, &m.transaction, &m.request.body));
    const wsmtp_client_result *result = wsmtp_client_result_get(client);
    CHECK_EQ(m.transaction.accepted_count, 1);
    CHECK_EQ(m.recipients[0].status, WSMTP_STATUS_ACCEPTED);
    CHECK(strstr(wsmtp_client_recipient_text(result, 0, &text_len), "Saved"));
    CHECK_EQ(m.recipients[1].code, 550);
    CHECK_EQ(m.recipients[2].status, WSMTP_STATUS_REFUSED);
    CHECK_EQ(m.recipients[2].code, 552);
    CHECK(!m.recipients[2].from_message);
    wsmtp_client_recipient_text(result, 2, &text_len);
    CHECK(text_len > 0);
    printf("sent dovecot %s\n", subject);
    wsmtp_client_quit(client);
    wsmtp_client_free(client);
}

/* All at once on one connection; returns the round trips that the messages took. */
static uint32_t overlapped(uint32_t overlap, uint32_t flags, bool pooled)
{
    static test_message messages[MESSAGES];
    static char texts[MESSAGES][96];
    uv_loop_t loop;
    uv_loop_init(&loop);
    wsmtp_client_options options = test_options("RELAXED", WSMTP_TLS_NONE);
    options.overlap = overlap;
    options.flags = flags;
    wsmtp_uv_server *server = wsmtp_uv_server_new(&options, NULL);
    wsmtp_uv_pool_limits limits;
    wsmtp_uv_pool_limits_init(&limits);
    limits.connections = 1;
    wsmtp_uv_pool *pool = pooled ? wsmtp_uv_pool_new(&loop, &limits) : NULL;
    wsmtp_uv_client *client = pooled ? NULL : wsmtp_uv_client_new(&loop, server);
    test_outcome opened, left;
    wsmtp_request open = test_request(&opened), quit = test_request(&left);
    if (client)
        wsmtp_uv_open(client, &open);
    for (size_t i = 0; i < MESSAGES; i++) {
        snprintf(texts[i], sizeof texts[i], "Subject: overlap%u-%u-%d-%zu\r\n\r\n.text\r\n", overlap,
                 flags, pooled, i);
        /* One refused in the middle must not disturb the others. */
        test_message_init(&messages[i], i == 7 ? "bad@lab.test" : "bob@lab.test", texts[i]);
        if (pool)
            wsmtp_uv_pool_send(pool, server, &messages[i].request);
        else
            wsmtp_uv_send(client, &messages[i].request);
    }
    wsmtp_uv_server_free(server);
    if (client)
        wsmtp_uv_quit(client, &quit);
    else
        while (!messages[MESSAGES - 1].outcomes && uv_run(&loop, UV_RUN_ONCE))
            ;
    if (pool)
        wsmtp_uv_pool_close(pool, false, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < MESSAGES; i++) {
        CHECK_EQ(messages[i].outcomes, 1);
        CHECK_EQ(messages[i].recipients[0].status,
                 i == 7 ? WSMTP_STATUS_REFUSED : WSMTP_STATUS_ACCEPTED);
        if (i != 7)
            printf("sent postfix %.*s\n", (int)strcspn(texts[i] + 9, "\r"), texts[i] + 9);
    }
    uint32_t round_trips = 0;
    if (client) {
        round_trips = wsmtp_uv_facts(client)->round_trips - 2; /* EHLO, QUIT */
        wsmtp_uv_close(client, NULL, NULL);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    test_loop_end(&loop);
    return round_trips;
}

int main(void)
{
    test_lmtp("LMTP", WSMTP_TLS_NONE, NULL, "lmtp");
    test_lmtp("LMTP", WSMTP_TLS_STARTTLS, NULL, "lmtp-starttls");
    test_lmtp("LMTPS", WSMTP_TLS_IMPLICIT, NULL, "lmtps");
    test_lmtp("LMTP", WSMTP_TLS_NONE, test_text("LMTP_SOCKET"), "lmtp-unix");
    uint32_t one_by_one = overlapped(0, 0, false);
    uint32_t data = overlapped(0, WSMTP_NO_CHUNKING, false);
    uint32_t together = overlapped(10, 0, false);
    printf("round trips of %u messages: %u with DATA, %u with BDAT, %u with overlap\n", MESSAGES, data,
           one_by_one, together);
    CHECK(one_by_one <= MESSAGES * 11 / 10);
    CHECK(data <= MESSAGES * 2);
    CHECK(together < one_by_one);
    overlapped(10, 0, true);
    overlapped(3, WSMTP_NO_CHUNKING, true);
    return check_report();
}
