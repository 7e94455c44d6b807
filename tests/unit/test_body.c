/*
 * Body coding against a plain reference that sees the whole message at once: every short message of
 * the octets that matter, cut at every two places, and long random ones through small buffers.
 */
#include <stdlib.h>
#include <string.h>

#include <wsmtp/engine.h>

#include "check.h"
#include "opened.h"

typedef struct coded {
    char *data; /* without the final dot */
    size_t len;
    uint64_t plain_len; /* before dot-stuffing */
    wsmtp_reason reason;
} coded;

static void put(coded *out, char octet)
{
    if (octet == '.' && (out->len == 0 || out->data[out->len - 1] == '\n'))
        out->data[out->len++] = '.';
    out->data[out->len++] = octet;
    out->plain_len++;
}

/* RFC 5321 section 4.5.2, with line ends made CRLF or bare ones refused. */
static coded reference(const char *text, size_t text_len, bool make_crlf)
{
    coded out = {.data = malloc(2 * text_len + 4)};
    for (size_t i = 0; i < text_len; i++) {
        bool crlf = text[i] == '\r' && i + 1 < text_len && text[i + 1] == '\n';
        if (text[i] != '\r' && text[i] != '\n') {
            put(&out, text[i]);
            continue;
        }
        if (!crlf && !make_crlf) {
            out.reason = text[i] == '\r' ? WSMTP_REASON_BODY_BARE_CR : WSMTP_REASON_BODY_BARE_LF;
            return out;
        }
        put(&out, '\r');
        put(&out, '\n');
        i += crlf;
    }
    if (out.len && out.data[out.len - 1] != '\n') {
        put(&out, '\r');
        put(&out, '\n');
    }
    return out;
}

static void give_piece(opened *session, const char *data, size_t data_len)
{
    while (data_len && (wsmtp_state(session->engine) & WSMTP_CAN_BODY)) {
        size_t taken = wsmtp_body_write(session->engine, data, data_len);
        CHECK(taken <= data_len);
        data += taken;
        data_len -= taken;
        if (!opened_write(session) && !taken && data_len)
            return;
    }
}

static bool contains(const char *data, size_t data_len, const char *what)
{
    size_t len = strlen(what);
    for (size_t i = 0; i + len <= data_len; i++)
        if (memcmp(data + i, what, len) == 0)
            return true;
    return false;
}

static void judge(opened *session, const coded *wanted, const char *text, size_t text_len,
                  bool make_crlf)
{
    bool good;
    wsmtp_event_type last;
    if (wanted->reason == WSMTP_REASON_OK) {
        good = session->sent_len == wanted->len + 3 &&
               memcmp(session->sent, wanted->data, wanted->len) == 0 &&
               memcmp(session->sent + wanted->len, ".\r\n", 3) == 0;
        last = opened_last(session);
        good = good && last == WSMTP_EVENT_NONE;
    } else {
        last = opened_last(session);
        good = last == WSMTP_EVENT_FAILED && session->event.error->reason == wanted->reason &&
               session->transaction.status == WSMTP_STATUS_NOT_SENT &&
               session->sent_len <= wanted->len + 1 && /* a CR may have gone before it was bare */
               memcmp(session->sent, wanted->data,
                      session->sent_len < wanted->len ? session->sent_len : wanted->len) == 0 &&
               !contains(session->sent, session->sent_len, "\r\n.\r\n") &&
               !contains(session->sent, session->sent_len < 3 ? session->sent_len : 3, ".\r\n");
    }
    if (!CHECK(good)) {
        check_print(make_crlf ? "made CRLF, body" : "strict, body", text, text_len);
        check_print("wanted", wanted->data, wanted->len);
        check_print("sent  ", session->sent, session->sent_len);
    }
}

static void code_in_three(const char *text, size_t text_len, size_t first, size_t second,
                          bool make_crlf, const coded *wanted)
{
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, WSMTP_OUTPUT_MIN);
    opened_body(&session, "250-PIPELINING\r\n", make_crlf ? WSMTP_SEND_MAKE_CRLF : 0,
                WSMTP_SIZE_UNKNOWN, WSMTP_BODY_AUTO);
    give_piece(&session, text, first);
    give_piece(&session, text + first, second - first);
    give_piece(&session, text + second, text_len - second);
    if (wsmtp_state(session.engine) & WSMTP_CAN_BODY)
        wsmtp_body_end(session.engine);
    opened_write(&session);
    judge(&session, wanted, text, text_len, make_crlf);
    opened_end(&session);
}

static void every_short_message(size_t text_len)
{
    static const char octets[] = ".\r\na";
    size_t count = (size_t)1 << 2 * text_len;
    for (size_t number = 0; number < count; number++) {
        char text[8];
        for (size_t i = 0; i < text_len; i++)
            text[i] = octets[number >> 2 * i & 3u];
        for (int make_crlf = 0; make_crlf < 2; make_crlf++) {
            coded wanted = reference(text, text_len, make_crlf);
            for (size_t first = 0; first <= text_len; first++)
                for (size_t second = first; second <= text_len; second++)
                    code_in_three(text, text_len, first, second, make_crlf, &wanted);
            free(wanted.data);
        }
    }
}

static uint32_t random_state = 2463534242u;

static uint32_t random_number(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % below;
}

/* Small pieces, small and large buffers, an output that moves only a few octets at a time. */
static void long_message(size_t text_len, size_t buffer, uint32_t piece_max, uint32_t write_max)
{
    char *text = malloc(text_len);
    for (size_t i = 0; i < text_len; i++)
        text[i] = "\r\n.\nabcdefgh.\r"[random_number(14)];
    coded wanted = reference(text, text_len, true);
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, buffer);
    opened_body(&session, "", WSMTP_SEND_MAKE_CRLF, wanted.plain_len, WSMTP_BODY_7BIT);
    char *sent = malloc(wanted.len + 64);
    size_t sent_len = 0, given = 0;
    bool ended = false;
    for (unsigned idle = 0; idle < 3;) {
        idle++;
        if (wsmtp_state(session.engine) & WSMTP_CAN_BODY) {
            size_t len = 1 + random_number(piece_max);
            if (len > text_len - given)
                len = text_len - given;
            size_t taken = wsmtp_body_write(session.engine, text + given, len);
            given += taken;
            if (taken)
                idle = 0;
            if (given == text_len && !ended) {
                CHECK(wsmtp_body_end(session.engine) == WSMTP_REASON_OK);
                ended = true;
                idle = 0;
            }
        }
        size_t len, secret_at;
        const uint8_t *octets = wsmtp_send_buf(session.engine, &len, &secret_at);
        if (len > 1 + random_number(write_max))
            len = 1 + random_number(write_max) % (uint32_t)len;
        if (len && sent_len + len <= wanted.len + 64) {
            memcpy(sent + sent_len, octets, len);
            sent_len += len;
            wsmtp_send_ack(session.engine, len);
            idle = 0;
        }
    }
    CHECK(ended);
    CHECK_EQ(sent_len, wanted.len + 3);
    CHECK(sent_len == wanted.len + 3 && memcmp(sent, wanted.data, wanted.len) == 0 &&
          memcmp(sent + wanted.len, ".\r\n", 3) == 0);
    CHECK(opened_give(&session, "250 ok\r\n", 8));
    CHECK(opened_next(&session) == WSMTP_EVENT_DONE);
    CHECK(session.transaction.status == WSMTP_STATUS_ACCEPTED);
    opened_end(&session);
    free(sent);
    free(text);
    free(wanted.data);
}

/* A line may have 998 octets, however it is cut; the doubled dot does not count. */
static void line_limit(size_t cut, size_t line_len, bool dot, bool good)
{
    char text[1100];
    memset(text, 'a', sizeof text);
    if (dot)
        text[0] = '.';
    memcpy(text + line_len, "\r\n", 2);
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, 4096);
    opened_body(&session, "", 0, WSMTP_SIZE_UNKNOWN, WSMTP_BODY_AUTO);
    give_piece(&session, text, cut);
    give_piece(&session, text + cut, line_len + 2 - cut);
    if (wsmtp_state(session.engine) & WSMTP_CAN_BODY)
        wsmtp_body_end(session.engine);
    wsmtp_event_type last = opened_last(&session);
    if (good)
        CHECK(last == WSMTP_EVENT_NONE && session.sent_len == line_len + dot + 5);
    else
        CHECK(last == WSMTP_EVENT_FAILED &&
              session.event.error->reason == WSMTP_REASON_BODY_LINE_TOO_LONG);
    opened_end(&session);
}

/* With a full output nothing is taken, and nothing is lost. */
static void full_output(void)
{
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, WSMTP_OUTPUT_MIN);
    opened_body(&session, "", WSMTP_SEND_LONG_LINES, WSMTP_SIZE_UNKNOWN, WSMTP_BODY_AUTO);
    static char text[5000];
    memset(text, 'x', sizeof text);
    size_t given = 0, taken;
    while (given < sizeof text &&
           (taken = wsmtp_body_write(session.engine, text + given, sizeof text - given)) != 0)
        given += taken;
    CHECK(given < sizeof text);
    CHECK(given > WSMTP_OUTPUT_MIN / 2);
    CHECK(opened_write(&session) == given);
    CHECK(wsmtp_state(session.engine) & WSMTP_CAN_BODY);
    CHECK(wsmtp_body_write(session.engine, text, 10) == 10);
    opened_end(&session);
}

/* Every octet passes as it is, but for the ones that the rules are about. */
static void every_octet(void)
{
    for (int octet = 0; octet < 256; octet++) {
        if (octet == '\r' || octet == '\n' || octet == 0)
            continue;
        char text[3] = {'a', (char)octet, 'b'};
        opened session;
        opened_init(&session, WSMTP_TLS_NONE, 0, 2048);
        opened_body(&session, "250-8BITMIME\r\n", 0, WSMTP_SIZE_UNKNOWN, WSMTP_BODY_8BIT);
        give_piece(&session, text, 3);
        CHECK(wsmtp_body_end(session.engine) == WSMTP_REASON_OK);
        opened_write(&session);
        CHECK(session.sent_len == 8 && memcmp(session.sent, text, 3) == 0 &&
              memcmp(session.sent + 3, "\r\n.\r\n", 5) == 0);
        opened_end(&session);

        opened_init(&session, WSMTP_TLS_NONE, 0, 2048);
        opened_body(&session, "250-8BITMIME\r\n", 0, WSMTP_SIZE_UNKNOWN, WSMTP_BODY_7BIT);
        give_piece(&session, text, 3);
        wsmtp_event_type last = opened_last(&session);
        CHECK((last == WSMTP_EVENT_FAILED) == (octet > 127));
        if (octet > 127)
            CHECK(session.event.error->reason == WSMTP_REASON_BODY_8BIT_UNDECLARED);
        opened_end(&session);
    }
}

static void declared_size(uint64_t size, const char *text, uint32_t flags, bool good)
{
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, 2048);
    opened_body(&session, "250-SIZE 100000\r\n", flags, size, WSMTP_BODY_AUTO);
    give_piece(&session, text, strlen(text));
    if (wsmtp_state(session.engine) & WSMTP_CAN_BODY)
        wsmtp_body_end(session.engine);
    wsmtp_event_type last = opened_last(&session);
    if (good)
        CHECK(last == WSMTP_EVENT_NONE);
    else
        CHECK(last == WSMTP_EVENT_FAILED &&
              session.event.error->reason == WSMTP_REASON_BODY_SIZE_EXCEEDED);
    opened_end(&session);
}

int main(void)
{
    for (size_t text_len = 0; text_len <= 5; text_len++)
        every_short_message(text_len);
    long_message(20000, WSMTP_OUTPUT_MIN, 7, 50);
    long_message(20000, WSMTP_OUTPUT_MIN, 3000, 3000);
    long_message(200000, 65536, 100000, 100000);
    long_message(3000, 1025, 1, 1);
    for (size_t cut = 0; cut <= 999; cut += cut == 3 ? 990 : 1) {
        line_limit(cut, 998, false, true);
        line_limit(cut, 998, true, true);
        line_limit(cut, 999, false, false);
        line_limit(cut, 999, true, false);
    }
    full_output();
    every_octet();
    declared_size(5, "abc\r\n", 0, true);
    declared_size(4, "abc\r\n", 0, false);
    declared_size(6, ".\r\n.\r\n", 0, true);
    declared_size(6, "a\nb\n", WSMTP_SEND_MAKE_CRLF, true);
    declared_size(5, "a\nb\n", WSMTP_SEND_MAKE_CRLF, false);
    declared_size(0, "", 0, true);
    declared_size(0, "\r\n", 0, false);
    return check_report();
}
