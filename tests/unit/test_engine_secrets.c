/* Secrets: marked in the output, and gone from memory when they have been used. */
#include <string.h>

#include <wsmtp/engine.h>

#include "check.h"
#include "opened.h"

static bool holds(const void *memory, size_t memory_len, const char *what)
{
    size_t len = strlen(what);
    for (size_t i = 0; i + len <= memory_len; i++)
        if (memcmp((const char *)memory + i, what, len) == 0)
            return true;
    return false;
}

static void give(opened *session, const char *text)
{
    CHECK(opened_give(session, text, strlen(text)));
    opened_last(session);
}

/* The mark is on the credentials and on nothing else, also when octets are taken one by one. */
static void secret_mark(size_t step)
{
    opened session;
    opened_init(&session, WSMTP_TLS_IMPLICIT, 0, 1024);
    opened_ready(&session, "250-AUTH PLAIN\r\n");
    wsmtp_credentials credentials;
    wsmtp_credentials_init(&credentials);
    credentials.user = "alice";
    credentials.user_len = 5;
    credentials.password = "hunter2hunter2hunter2";
    credentials.password_len = 21;
    CHECK(wsmtp_login(session.engine, &credentials) == WSMTP_REASON_OK);
    char octets[200], open[200];
    size_t octets_len = 0, open_len = 0;
    for (;;) {
        size_t len, secret_at;
        const uint8_t *window = wsmtp_send_buf(session.engine, &len, &secret_at);
        if (!len)
            break;
        CHECK(secret_at <= len);
        if (len > step)
            len = step;
        memcpy(octets + octets_len, window, len);
        octets_len += len;
        size_t shown = len < secret_at ? len : secret_at;
        memcpy(open + open_len, window, shown);
        open_len += shown;
        wsmtp_send_ack(session.engine, len);
    }
    CHECK_TEXT(octets, octets_len, "AUTH PLAIN AGFsaWNlAGh1bnRlcjJodW50ZXIyaHVudGVyMg==\r\n");
    CHECK(!holds(open, open_len, "AGFs"));
    CHECK(!holds(open, open_len, "aHVu"));
    /* What was handed over is no longer in the engine's memory. */
    CHECK(!holds(session.config.output, session.config.output_len, "h1bnRlcjJodW50ZXIyaHVudGVyMg"));
    CHECK(!holds(session.engine, sizeof *session.engine, "hunter2"));
    give(&session, "235 ok\r\n");
    CHECK(session.event.type == WSMTP_EVENT_AUTHENTICATED);
    CHECK(!holds(session.engine, sizeof *session.engine, "hunter2"));
    CHECK(wsmtp_noop(session.engine) == WSMTP_REASON_OK);
    size_t len, secret_at;
    (void)wsmtp_send_buf(session.engine, &len, &secret_at);
    CHECK(len == 6 && secret_at == len);
    opened_end(&session);
}

/* Unsent credentials are wiped when the session ends. */
static void secrets_wiped_at_the_end(void)
{
    opened session;
    opened_init(&session, WSMTP_TLS_IMPLICIT, 0, 1024);
    opened_ready(&session, "250-AUTH LOGIN\r\n");
    wsmtp_credentials credentials;
    wsmtp_credentials_init(&credentials);
    credentials.user = "alice";
    credentials.user_len = 5;
    credentials.password = "hunter2hunter2hunter2";
    credentials.password_len = 21;
    CHECK(wsmtp_login(session.engine, &credentials) == WSMTP_REASON_OK);
    opened_write(&session);
    give(&session, "334\r\n");
    opened_give(&session, "334\r\n", 5);
    wsmtp_event event;
    (void)wsmtp_next_event(session.engine, &event);
    size_t len, secret_at;
    (void)wsmtp_send_buf(session.engine, &len, &secret_at);
    CHECK(len == 30 && secret_at == 0);
    CHECK(holds(session.config.output, session.config.output_len, "aHVudGVyMmh1bnRlcjJodW50ZXIy"));
    wsmtp_end(session.engine);
    CHECK(!holds(session.config.output, session.config.output_len, "aHVudGVyMmh1bnRlcjJodW50ZXIy"));
    CHECK(!holds(session.engine, sizeof *session.engine, "hunter2"));
    opened_end(&session);
}

int main(void)
{
    for (size_t step = 1; step < 60; step += 7)
        secret_mark(step);
    secrets_wiped_at_the_end();
    return check_report();
}
