/* 500 clients on one loop send 20,000 messages: none is lost, nothing stays open. */
#include "support.h"

#define CLIENTS 500u
#define MESSAGES 40u

static char text[1024];

typedef struct sender {
    wsmtp_uv_client *client;
    wsmtp_request open, quit;
    test_outcome opened, left;
    test_message message;
    unsigned sent, accepted;
    bool closed;
} sender;

static sender senders[CLIENTS];

static void on_closed(void *context)
{
    ((sender *)context)->closed = true;
}

static void on_left(wsmtp_request *request, const wsmtp_client_error *error)
{
    sender *s = (sender *)(void *)((char *)request - offsetof(sender, quit));
    test_command_done(request, error);
    wsmtp_uv_close(s->client, on_closed, s);
}

/* The same request again and again, from its own callback. */
static void on_sent(wsmtp_send_request *request, const wsmtp_client_result *result)
{
    sender *s = (sender *)(void *)((char *)request - offsetof(sender, message.request));
    s->sent++;
    s->accepted += !result->error;
    if (s->sent < MESSAGES)
        wsmtp_uv_send(s->client, request);
    else
        wsmtp_uv_quit(s->client, &s->quit);
}

int main(void)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "Subject: load\r\n\r\n", 17);
    for (size_t at = 90; at + 2 < sizeof text; at += 72)
        memcpy(text + at, "\r\n", 2);
    wsmtp_client_options options = test_options("SINK", WSMTP_TLS_NONE);
    wsmtp_uv_server *server = wsmtp_uv_server_new(&options, NULL);
    for (size_t i = 0; i < CLIENTS; i++) {
        sender *s = &senders[i];
        s->client = wsmtp_uv_client_new(&loop, server);
        s->open = test_request(&s->opened);
        s->quit = test_request(&s->left);
        s->quit.done = on_left;
        test_message_init(&s->message, "bob@lab.test", text);
        s->message.request.done = on_sent;
        wsmtp_uv_open(s->client, &s->open);
        wsmtp_uv_send(s->client, &s->message.request);
    }
    wsmtp_uv_server_free(server);
    uint64_t began = uv_hrtime();
    uv_run(&loop, UV_RUN_DEFAULT);
    uint64_t took = (uv_hrtime() - began) / 1000000;

    unsigned accepted = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        accepted += senders[i].accepted;
        CHECK_EQ(senders[i].opened.count, 1);
        CHECK_EQ(senders[i].opened.error.reason, WSMTP_REASON_OK);
        CHECK_EQ(senders[i].left.count, 1);
        CHECK(senders[i].closed);
    }
    CHECK_EQ(accepted, CLIENTS * MESSAGES);
    printf("%u messages in %llu ms\n", accepted, (unsigned long long)took);
    test_loop_end(&loop);
    return check_report();
}
