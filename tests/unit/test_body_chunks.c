/* The message in chunks: whatever the sizes of pieces, writes and buffers, the chunks are of the sizes
 * that their commands say, none is tiny but the last, and together they are the message. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wsmtp/engine.h>

#include "check.h"
#include "opened.h"

static uint32_t random_state = 2463534242u;

static uint32_t random_number(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % below;
}

/* Takes the chunks of sent apart; returns how many there are, 0 if they are not well formed. */
static unsigned join(const char *sent, size_t sent_len, char *out, size_t *out_len, size_t least)
{
    unsigned count = 0;
    const char *at = sent, *end = sent + sent_len;
    *out_len = 0;
    for (bool last = false; !last; count++) {
        char *rest;
        if (end - at < 8 || strncmp(at, "BDAT ", 5) != 0)
            return 0;
        size_t size = strtoul(at + 5, &rest, 10);
        last = strncmp(rest, " LAST\r\n", 7) == 0;
        if (!last && strncmp(rest, "\r\n", 2) != 0)
            return 0;
        at = rest + (last ? 7 : 2);
        if ((size_t)(end - at) < size || (!last && size < least))
            return 0;
        memcpy(out + *out_len, at, size);
        *out_len += size;
        at += size;
    }
    return at == end ? count : 0;
}

static void chunks(size_t text_len, size_t buffer, uint32_t piece_max, uint32_t write_max,
                   bool pipelining)
{
    char *text = malloc(text_len + 1), *joined = malloc(text_len + buffer);
    for (size_t i = 0; i < text_len; i++)
        text[i] = i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : i % 64 == 0 ? '.' : (char)('a' + i % 26);
    text_len -= text_len % 64 == 63; /* ends with a line end, or lacks one */
    bool complete = text_len % 64 == 0;
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, buffer);
    session.config.eager_octets = 0;
    opened_body(&session, pipelining ? "250-CHUNKING\r\n250-PIPELINING\r\n" : "250-CHUNKING\r\n", 0,
                text_len + (complete ? 0 : 2), WSMTP_BODY_7BIT);
    char *sent = malloc(4 * text_len + 4096);
    size_t sent_len = 0, given = 0;
    unsigned answered = 0, idle = 0;
    bool ended = false, done = false;
    while (!done && idle < 3) {
        idle++;
        if (wsmtp_state(session.engine) & WSMTP_CAN_BODY) {
            size_t len = 1 + random_number(piece_max);
            if (len > text_len - given)
                len = text_len - given;
            size_t taken = wsmtp_body_write(session.engine, text + given, len);
            given += taken;
            idle = taken ? 0 : idle;
            if (given == text_len && !ended) {
                CHECK(wsmtp_body_end(session.engine) == WSMTP_REASON_OK);
                ended = true;
            }
        }
        size_t len, secret_at;
        const uint8_t *octets = wsmtp_send_buf(session.engine, &len, &secret_at);
        if (len > write_max)
            len = 1 + random_number(write_max);
        if (len) {
            memcpy(sent + sent_len, octets, len);
            sent_len += len;
            wsmtp_send_ack(session.engine, len);
            idle = 0;
        } else if (idle == 2) { /* nothing moves without a reply */
            CHECK(opened_give(&session, "250 ok\r\n", 8));
            wsmtp_event event;
            while (wsmtp_next_event(session.engine, &event))
                done = done || event.type == WSMTP_EVENT_DONE || event.type == WSMTP_EVENT_FAILED;
            answered++;
            idle = 0;
        }
    }
    size_t joined_len;
    unsigned count = join(sent, sent_len, joined, &joined_len, buffer / 4 - 30);
    CHECK(done && ended && count > 0);
    CHECK_EQ(answered, count);
    CHECK_EQ(joined_len, text_len + (complete ? 0 : 2));
    CHECK(joined_len >= text_len && memcmp(joined, text, text_len) == 0);
    CHECK(complete || memcmp(joined + text_len, "\r\n", 2) == 0);
    CHECK(session.transaction.status == WSMTP_STATUS_ACCEPTED);
    CHECK(count <= 1 + text_len / (buffer / 4 - 30));
    if (text_len + 100 < buffer)
        CHECK_EQ(count, 1);
    opened_end(&session);
    free(text);
    free(joined);
    free(sent);
}

int main(void)
{
    for (int pipelining = 0; pipelining < 2; pipelining++) {
        for (size_t text_len = 1; text_len < 200; text_len += 1 + text_len / 40)
            chunks(text_len, WSMTP_OUTPUT_MIN, 1 + (uint32_t)text_len, 100, pipelining);
        for (size_t text_len = 930; text_len < 1080; text_len++)
            chunks(text_len, WSMTP_OUTPUT_MIN, 4000, 4000, pipelining);
        chunks(20000, WSMTP_OUTPUT_MIN, 1, 1, pipelining);
        chunks(20000, WSMTP_OUTPUT_MIN, 7, 50, pipelining);
        chunks(20000, 1025, 3000, 3000, pipelining);
        chunks(20000, 4096, 3000, 700, pipelining);
        chunks(200000, 65536, 100000, 100000, pipelining);
        chunks(200000, 65536, 100, 9000, pipelining);
    }
    return check_report();
}
