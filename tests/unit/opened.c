#include "opened.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *need(void *memory)
{
    if (!memory) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

void opened_init(opened *session, wsmtp_tls tls, uint32_t flags, size_t buffer)
{
    memset(session, 0, sizeof *session);
    wsmtp_config_init(&session->config);
    session->engine = need(malloc(sizeof *session->engine));
    session->config.input = need(malloc(buffer));
    session->config.input_len = buffer;
    session->config.output = need(malloc(buffer));
    session->config.output_len = buffer;
    session->config.ehlo_name = "client.example";
    session->config.ehlo_name_len = strlen(session->config.ehlo_name);
    session->config.tls = tls;
    session->config.flags = flags;
    if (wsmtp_init(session->engine, &session->config) != WSMTP_REASON_OK) {
        fputs("wsmtp_init refused the configuration of a test\n", stderr);
        abort();
    }
}

size_t opened_write(opened *session)
{
    size_t total = 0, len, secret_at;
    for (;;) {
        const uint8_t *octets = wsmtp_send_buf(session->engine, &len, &secret_at);
        if (!len)
            return total;
        if (session->sent_len + len + 1 > session->sent_room) {
            session->sent_room = 2 * session->sent_room + len + 1;
            session->sent = need(realloc(session->sent, session->sent_room));
        }
        memcpy(session->sent + session->sent_len, octets, len);
        session->sent_len += len;
        session->sent[session->sent_len] = '\0';
        wsmtp_send_ack(session->engine, len);
        total += len;
    }
}

bool opened_give(opened *session, const void *data, size_t data_len)
{
    const unsigned char *at = data;
    while (data_len) {
        size_t room;
        uint8_t *window = wsmtp_recv_buf(session->engine, &room);
        if (!room)
            return false;
        if (room > data_len)
            room = data_len;
        memcpy(window, at, room);
        wsmtp_recv_ack(session->engine, room);
        at += room;
        data_len -= room;
    }
    return true;
}

wsmtp_event_type opened_next(opened *session)
{
    wsmtp_next_event(session->engine, &session->event);
    opened_write(session);
    return session->event.type;
}

wsmtp_event_type opened_last(opened *session)
{
    wsmtp_event last = {.type = WSMTP_EVENT_NONE};
    while (opened_next(session) != WSMTP_EVENT_NONE)
        last = session->event;
    session->event = last;
    return last.type;
}

static void give_text(opened *session, const char *text)
{
    if (!opened_give(session, text, strlen(text))) {
        fputs("the engine takes no input in the opening of a test\n", stderr);
        abort();
    }
    opened_last(session);
}

void opened_ready(opened *session, const char *extensions)
{
    if (session->config.tls == WSMTP_TLS_IMPLICIT) {
        opened_last(session);
        wsmtp_tls_done(session->engine);
    }
    give_text(session, "220 mx.example\r\n");
    if (session->config.tls == WSMTP_TLS_STARTTLS) {
        give_text(session, "250-mx.example\r\n250 STARTTLS\r\n");
        give_text(session, "220 go\r\n");
        wsmtp_tls_done(session->engine);
        opened_write(session);
    }
    give_text(session, "250-mx.example\r\n");
    give_text(session, extensions);
    give_text(session, "250 X-END\r\n");
    if (wsmtp_step_get(session->engine) != WSMTP_STEP_READY) {
        fputs("the session of a test did not open\n", stderr);
        abort();
    }
}

void opened_body(opened *session, const char *extensions, uint32_t flags, uint64_t message_size,
                 wsmtp_body body)
{
    opened_ready(session, extensions);
    session->recipient = (wsmtp_recipient){.address = "b@example.com", .address_len = 13};
    wsmtp_transaction_init(&session->transaction);
    session->transaction.recipients = &session->recipient;
    session->transaction.recipients_len = 1;
    session->transaction.flags = flags;
    session->transaction.message_size = message_size;
    session->transaction.body = body;
    if (wsmtp_submit(session->engine, &session->transaction) != WSMTP_REASON_OK) {
        fputs("the message of a test was refused\n", stderr);
        abort();
    }
    for (int i = 0; i < 3 && !(wsmtp_state(session->engine) & WSMTP_CAN_BODY); i++) {
        opened_write(session);
        give_text(session, i == 2 ? "354 go\r\n" : "250 ok\r\n");
    }
    session->sent_len = 0;
    if (!(wsmtp_state(session->engine) & WSMTP_CAN_BODY)) {
        fputs("the session of a test did not come to the message\n", stderr);
        abort();
    }
}

void opened_end(opened *session)
{
    wsmtp_end(session->engine);
    free(session->engine);
    free(session->config.input);
    free(session->config.output);
    free(session->sent);
}
