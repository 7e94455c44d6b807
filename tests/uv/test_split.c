/*
 * Messages to more recipients than the server takes at a time: the whole message to each part of them,
 * from memory or from a callback that can begin anew; one outcome and one text for each.
 */
#include <stdlib.h>

#include "support.h"

#define FIVE "a@x.test b@y.test c@x.test d@y.test e@x.test"

typedef struct source {
    const char *text;
    size_t len, at, piece;
    unsigned rewound, rewinds_max;
} source;

static ptrdiff_t read_source(void *context, uint8_t *buffer, size_t buffer_len)
{
    source *s = context;
    size_t n = s->len - s->at;
    n = n < s->piece ? n : s->piece;
    n = n < buffer_len ? n : buffer_len;
    memcpy(buffer, s->text + s->at, n);
    s->at += n;
    return (ptrdiff_t)n;
}

static bool rewind_source(void *context)
{
    source *s = context;
    s->at = 0;
    return s->rewound++ < s->rewinds_max;
}

static char *letter(const char *subject, size_t octets)
{
    char *text = malloc(octets + 128);
    size_t at = (size_t)sprintf(text, "Subject: %s\r\n\r\n", subject);
    while (at < octets)
        at += (size_t)sprintf(text + at, ".line at %zu\r\n", at);
    return text;
}

/* The texts and identifiers of those that were accepted are those of their own transaction. */
static void check_texts(const wsmtp_client_result *result, uint32_t transactions)
{
    const wsmtp_transaction *t = result->transaction;
    char seen[8][32];
    size_t different = 0;
    CHECK_EQ(result->transactions, transactions);
    for (size_t i = 0; i < t->recipients_len; i++) {
        size_t text_len, id_len;
        const char *text = wsmtp_client_recipient_text(result, i, &text_len);
        const char *id = wsmtp_client_recipient_queue_id(result, i, &id_len);
        char copy[32];
        CHECK(text_len == strlen(text));
        CHECK(id_len == 10 && strstr(text, "queued as 4SMALL"));
        snprintf(copy, sizeof copy, "%.*s", (int)id_len, id);
        size_t k = 0;
        while (k < different && strcmp(seen[k], copy) != 0)
            k++;
        if (k == different)
            memcpy(seen[different++], copy, sizeof copy);
    }
    CHECK_EQ(different, transactions);
}

static void split(const char *port, const char *subject, size_t octets, bool from_source, uint32_t flags,
                  uint32_t transactions, const char *parts)
{
    wsmtp_client_options options = test_options(port, WSMTP_TLS_NONE);
    options.flags = flags;
    wsmtp_client *client = wsmtp_client_new(&options);
    test_message m;
    char *text = letter(subject, octets);
    CHECK(wsmtp_client_open(client));
    test_message_init(&m, FIVE, text);
    m.transaction.flags = WSMTP_SEND_LONG_LINES; /* the client's own flag must not stay */
    source from = {text, strlen(text), 0, 777, 0, 9};
    wsmtp_client_body streamed = {.read = read_source, .context = &from, .rewind = rewind_source};
    bool sent = wsmtp_client_send(client, &m.transaction, from_source ? &streamed : &m.request.body);
    if (!CHECK(sent))
        printf("    %s: %s\n", subject, wsmtp_client_error_get(client)->message);
    CHECK_EQ(m.transaction.flags, WSMTP_SEND_LONG_LINES);
    CHECK_EQ(m.transaction.accepted_count, 5);
    const wsmtp_client_result *result = wsmtp_client_result_get(client);
    CHECK_EQ(result->octets, strlen(text));
    if (from_source)
        CHECK_EQ(from.rewound, transactions - 1);
    check_texts(result, transactions);
    CHECK(wsmtp_client_is_open(client));
    printf("sent %s %s: %s\n", port, subject, parts);
    wsmtp_client_quit(client);
    wsmtp_client_free(client);
    free(text);
}

/* A callback that cannot begin anew: the limits are an error, and 452 an outcome. */
static void once_only(void)
{
    for (unsigned i = 0; i < 2; i++) {
        wsmtp_client_options options = test_options(i ? "PUT_OFF" : "LIMITS", WSMTP_TLS_NONE);
        wsmtp_client *client = wsmtp_client_new(&options);
        test_message m;
        char *text = letter("once", 100);
        source from = {text, strlen(text), 0, 777, 0, 9};
        wsmtp_client_body body = {.read = read_source, .context = &from};
        CHECK(wsmtp_client_open(client));
        test_message_init(&m, FIVE, text);
        m.transaction.flags = WSMTP_SEND_SPLIT; /* is not for the caller to say */
        CHECK(wsmtp_client_send(client, &m.transaction, &body) == (i == 1));
        const wsmtp_client_error *error = wsmtp_client_error_get(client);
        if (i == 0) {
            CHECK_EQ(error->reason, WSMTP_REASON_TOO_MANY_RECIPIENTS);
            CHECK_TEXT(error->message, strlen(error->message),
                       "the recipients are more than the server takes at a time");
            CHECK_EQ(from.at, 0);
        } else {
            size_t text_len;
            const wsmtp_client_result *result = wsmtp_client_result_get(client);
            CHECK_EQ(m.transaction.accepted_count, 2);
            CHECK_EQ(m.recipients[4].status, WSMTP_STATUS_DEFERRED);
            CHECK(strstr(wsmtp_client_recipient_text(result, 4, &text_len), "too many"));
            printf("sent PUT_OFF once: a b\n");
        }
        wsmtp_client_quit(client);
        wsmtp_client_free(client);
        free(text);
    }
}

/* One that promised too much: what was sent stays sent, the rest is not. */
static void broken_promise(void)
{
    wsmtp_client_options options = test_options("LIMITS", WSMTP_TLS_NONE);
    wsmtp_client *client = wsmtp_client_new(&options);
    test_message m;
    char *text = letter("promise", 100);
    source from = {text, strlen(text), 0, 777, 0, 1};
    wsmtp_client_body body = {.read = read_source, .context = &from, .rewind = rewind_source};
    CHECK(wsmtp_client_open(client));
    test_message_init(&m, FIVE, text);
    CHECK(wsmtp_client_send(client, &m.transaction, &body));
    CHECK_EQ(m.transaction.accepted_count, 4);
    CHECK_EQ(m.recipients[4].status, WSMTP_STATUS_NOT_SENT);
    CHECK(!wsmtp_client_is_open(client));
    printf("sent LIMITS promise: a b | c d\n");
    wsmtp_client_free(client);
    free(text);
}

/* Put off behind messages that overlap it: each request gets its own end, in whatever order they come. */
static void overlapped(void)
{
    static test_message messages[4];
    static char *texts[4];
    uv_loop_t loop;
    uv_loop_init(&loop);
    wsmtp_client_options options = test_options("PUT_OFF", WSMTP_TLS_NONE);
    options.overlap = 4;
    wsmtp_uv_server *server = wsmtp_uv_server_new(&options, NULL);
    wsmtp_uv_client *client = wsmtp_uv_client_new(&loop, server);
    test_outcome opened, left;
    wsmtp_request open = test_request(&opened), quit = test_request(&left);
    wsmtp_uv_open(client, &open);
    for (size_t i = 0; i < 4; i++) {
        char subject[32];
        snprintf(subject, sizeof subject, "overlap%zu", i);
        texts[i] = letter(subject, 400);
        test_message_init(&messages[i], i % 2 ? "f@x.test" : FIVE, texts[i]);
        wsmtp_uv_send(client, &messages[i].request);
        printf("sent PUT_OFF %s: %s\n", subject, i % 2 ? "f" : "a b | c d | e");
    }
    wsmtp_uv_quit(client, &quit);
    uv_run(&loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(messages[i].outcomes, 1);
        CHECK_EQ(messages[i].transaction.accepted_count, i % 2 ? 1 : 5);
        CHECK_EQ(messages[i].transaction.flags, 0);
        free(texts[i]);
    }
    CHECK_EQ(left.count, 1);
    wsmtp_uv_server_free(server);
    wsmtp_uv_close(client, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    test_loop_end(&loop);
}

int main(void)
{
    split("LIMITS", "small", 100, false, 0, 3, "a b | c d | e");
    split("LIMITS", "large", 300000, false, 0, 3, "a b | c d | e");
    split("LIMITS", "streamed", 300000, true, 0, 3, "a b | c d | e");
    split("LIMITS", "data", 5000, true, WSMTP_NO_CHUNKING, 3, "a b | c d | e");
    split("LIMITS_DATA", "lockstep", 5000, false, 0, 3, "a b | c d | e");
    split("DOMAINS", "domains", 5000, true, 0, 5, "a | b | c | d | e");
    split("PUT_OFF", "put-off", 100, false, 0, 3, "a b | c d | e");
    split("PUT_OFF", "put-off-stream", 100000, true, 0, 3, "a b | c d | e");
    once_only();
    broken_promise();
    overlapped();
    return check_report();
}
