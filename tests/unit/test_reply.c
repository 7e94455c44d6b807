/*
 * Replies over the public API: cleaning of text against a plain reference for every octet and every
 * pair of octets, limits, enhanced status codes, and replies cut at every octet.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wsmtp/engine.h>

#include "check.h"
#include "opened.h"

/* Length of the valid UTF-8 sequence at text, as the table of RFC 3629 section 4 has it; else 0. */
static size_t utf8_len(const unsigned char *text, size_t text_len)
{
    static const struct { unsigned char from, to, second_from, second_to; size_t len; } rows[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (text[0] < rows[i].from || text[0] > rows[i].to)
            continue;
        if (rows[i].len > text_len)
            return 0;
        if (rows[i].len > 1 && (text[1] < rows[i].second_from || text[1] > rows[i].second_to))
            return 0;
        for (size_t j = 2; j < rows[i].len; j++)
            if (text[j] < 0x80 || text[j] > 0xbf)
                return 0;
        return rows[i].len;
    }
    return 0;
}

static size_t clean(const unsigned char *text, size_t text_len, char *out)
{
    size_t out_len = 0;
    for (size_t i = 0; i < text_len;) {
        size_t len = utf8_len(text + i, text_len - i);
        bool control = len == 1 && (text[i] < 0x20 || text[i] == 0x7f);
        bool c1 = len == 2 && text[i] == 0xc2 && text[i + 1] < 0xa0;
        if (len && !control && !c1) {
            memcpy(out + out_len, text + i, len);
            out_len += len;
        } else {
            for (size_t j = 0; j < (len ? len : 1); j++)
                out_len += (size_t)sprintf(out + out_len, "\\x%02X", text[i + j]);
        }
        i += len ? len : 1;
    }
    return out_len;
}

static void noop_reply(opened *session, const void *octets, size_t octets_len)
{
    if (wsmtp_noop(session->engine) != WSMTP_REASON_OK)
        abort();
    opened_write(session);
    opened_give(session, octets, octets_len);
    opened_next(session);
}

static void cleaned(opened *session, const unsigned char *text, size_t text_len)
{
    char line[64] = "250 ", wanted[64];
    memcpy(line + 4, text, text_len);
    memcpy(line + 4 + text_len, "\r\n", 2);
    noop_reply(session, line, text_len + 6);
    size_t wanted_len = clean(text, text_len, wanted);
    CHECK(session->event.type == WSMTP_EVENT_COMPLETED);
    CHECK_OCTETS(session->event.reply.text, session->event.reply.text_len, wanted, wanted_len);
}

static void every_pair(void)
{
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, 2048);
    opened_ready(&session, "");
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            unsigned char text[2] = {(unsigned char)first, (unsigned char)second};
            if (first == '\n' || second == '\n')
                continue; /* ends a line */
            cleaned(&session, text, 2);
        }
    }
    opened_end(&session);
}

/* Longer sequences, at the borders of every row of the table. */
static void longer_sequences(void)
{
    static const unsigned char edges[] = {0x41, 0x7f, 0x80, 0x8f, 0x90,
                                          0x9f, 0xa0, 0xbf, 0xc0, 0xc2};
    static const unsigned char leads[] = {0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
                                          0xf0, 0xf1, 0xf3, 0xf4, 0xf5};
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, 2048);
    opened_ready(&session, "");
    for (size_t lead = 0; lead < sizeof leads; lead++)
        for (size_t i = 0; i < sizeof edges; i++)
            for (size_t j = 0; j < sizeof edges; j++)
                for (size_t k = 0; k < sizeof edges; k++) {
                    unsigned char text[4] = {leads[lead], edges[i], edges[j], edges[k]};
                    for (size_t len = 1; len <= 4; len++)
                        if (len == 4 || !k)
                            cleaned(&session, text, len);
                }
    opened_end(&session);
}

static bool is_clean(const char *text, size_t text_len)
{
    const unsigned char *octets = (const unsigned char *)text;
    for (size_t i = 0; i < text_len;) {
        size_t len = utf8_len(octets + i, text_len - i);
        if (!len || (len == 1 && ((octets[i] < 0x20 && octets[i] != '\n') || octets[i] == 0x7f)) ||
            (len == 2 && octets[i] == 0xc2 && octets[i + 1] < 0xa0))
            return false;
        i += len;
    }
    return true;
}

/* Where the kept text ends, no character and no escape is cut in two. */
static void cut_off(const char *unit)
{
    size_t unit_len = strlen(unit);
    for (size_t shift = 0; shift < 8; shift++) {
        opened session;
        opened_init(&session, WSMTP_TLS_NONE, 0, 2048);
        opened_ready(&session, "");
        if (wsmtp_noop(session.engine) != WSMTP_REASON_OK)
            abort();
        opened_write(&session);
        for (int i = 0; i < 12; i++) {
            char line[1000] = "250-";
            size_t len = 4;
            if (!i)
                while (len < 4 + shift)
                    line[len++] = 's';
            while (len + unit_len <= WSMTP_REPLY_LINE_MAX) {
                memcpy(line + len, unit, unit_len);
                len += unit_len;
            }
            if (i == 11)
                line[3] = ' ';
            opened_give(&session, line, len);
            opened_give(&session, "\r\n", 2);
            opened_next(&session);
        }
        const wsmtp_reply *reply = &session.event.reply;
        CHECK(session.event.type == WSMTP_EVENT_COMPLETED);
        CHECK(reply->text_len <= WSMTP_REPLY_TEXT_MAX);
        CHECK(reply->text_len > WSMTP_REPLY_TEXT_MAX - 16);
        CHECK(is_clean(reply->text, reply->text_len));
        const char *last = reply->text + reply->text_len;
        for (size_t i = 1; i < 4; i++)
            CHECK(last[-(ptrdiff_t)i] != '\\');
        opened_end(&session);
    }
}

/* Random octets never get through uncleaned, and never make the engine do anything but fail. */
static void random_octets(void)
{
    uint32_t state = 88172645u;
    for (int round = 0; round < 3000; round++) {
        opened session;
        opened_init(&session, WSMTP_TLS_NONE, round & 1 ? WSMTP_LENIENT_BARE_LF : 0, 1024);
        for (int i = 0; i < 40; i++) {
            char line[40] = "220-";
            if (i == 39)
                line[3] = ' ';
            size_t len = 4;
            for (; len < 30; len++) {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                line[len] = state % 20 ? (char)(state >> 8) : '\r';
                if (line[len] == '\n')
                    line[len] = '\r';
            }
            memcpy(line + 30, "\r\n", 2);
            opened_give(&session, line, 32);
            opened_next(&session);
        }
        CHECK(session.event.type == WSMTP_EVENT_GREETING);
        CHECK(is_clean(session.event.reply.text, session.event.reply.text_len));
        opened_end(&session);
    }
}

/* Enhanced status codes by a plain reading of RFC 3463 section 2 and RFC 2034 section 3. */
static void enhanced(opened *session, const char *text, unsigned code, int class_, int subject,
                     int detail)
{
    char line[100];
    int len = snprintf(line, sizeof line, "%u %s\r\n", code, text);
    noop_reply(session, line, (size_t)len);
    const wsmtp_reply *reply =
        session->event.error ? &session->event.error->reply : &session->event.reply;
    bool same = reply->enhanced.class_ == class_ && reply->enhanced.subject == subject &&
                reply->enhanced.detail == detail;
    if (!CHECK(same))
        printf("    %s -> %u.%u.%u\n", line, reply->enhanced.class_, reply->enhanced.subject,
               reply->enhanced.detail);
    if (class_)
        CHECK_TEXT(reply->text, reply->text_len, "x");
    else
        CHECK_TEXT(reply->text, reply->text_len, text);
}

static void enhanced_codes(void)
{
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, 2048);
    opened_ready(&session, "250-ENHANCEDSTATUSCODES\r\n");
    enhanced(&session, "2.0.0 x", 250, 2, 0, 0);
    enhanced(&session, "2.1.5 x", 250, 2, 1, 5);
    enhanced(&session, "4.123.456 x", 450, 4, 123, 456);
    enhanced(&session, "5.999.999 x", 550, 5, 999, 999);
    enhanced(&session, "5.10.100 x", 550, 5, 10, 100);
    static const char *const texts[] = {
        "x", "", "5", "5.", "5.1", "5.1.", "5..1 x", ".1.1 x", "5.1.x x", "5.x.1 x", "1.1.1 x",
        "3.1.1 x", "6.1.1 x", "55.1.1 x", "5.1.1x x", "5.1.1.1 x", "5.1.1: x", "5.1.1000 x",
        "5.1000.1 x", "5.001.1 x", "5.1.01 x", "5.00.0 x", "5 .1.1 x", " 5.1.1 x", "5,1,1 x",
        "2.1.1 x", "4.1.1 x", "5.-1.1 x", "5.+1.1 x", "0.1.1 x", "05.1.1 x", "5.1.1\\ x",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        enhanced(&session, texts[i], 550, 0, 0, 0);
    opened_end(&session);
}

/* A reply of several lines, cut at every two places, gives one event, and the same. */
static void cut_everywhere(void)
{
    static const char octets[] = "550-5.7.1 a\x1b\xc3\xbc\r\n550-5.7.1 \xff\r\n550 5.7.1 end\r\n";
    static const char wanted[] = "a\\x1B\xc3\xbc\n\\xFF\nend";
    size_t len = sizeof octets - 1;
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, 2048);
    opened_ready(&session, "250-ENHANCEDSTATUSCODES\r\n");
    for (size_t first = 0; first <= len; first++) {
        for (size_t second = first; second <= len; second++) {
            if (wsmtp_noop(session.engine) != WSMTP_REASON_OK)
                abort();
            opened_write(&session);
            wsmtp_event_type early = WSMTP_EVENT_NONE;
            opened_give(&session, octets, first);
            if (first < len)
                early = opened_next(&session);
            opened_give(&session, octets + first, second - first);
            if (first < len && second < len && early == WSMTP_EVENT_NONE)
                early = opened_next(&session);
            CHECK(early == WSMTP_EVENT_NONE);
            opened_give(&session, octets + second, len - second);
            CHECK(opened_next(&session) == WSMTP_EVENT_REFUSED);
            const wsmtp_reply *reply = &session.event.error->reply;
            CHECK(reply->code == 550);
            CHECK(reply->enhanced.class_ == 5 && reply->enhanced.subject == 7);
            CHECK_TEXT(reply->text, reply->text_len, wanted);
        }
    }
    opened_end(&session);
}

/* Every code of three digits, as the answer to NOOP: accepted, refused, or out of place. */
static void every_code(void)
{
    for (unsigned code = 0; code < 1000; code++) {
        opened session;
        opened_init(&session, WSMTP_TLS_NONE, 0, 2048);
        opened_ready(&session, "");
        char line[20];
        int len = snprintf(line, sizeof line, "%03u x\r\n", code);
        noop_reply(&session, line, (size_t)len);
        wsmtp_event_type type = session.event.type;
        if (code / 100 == 2)
            CHECK(type == WSMTP_EVENT_COMPLETED && session.event.reply.code == code);
        else if (code == 421)
            CHECK(type == WSMTP_EVENT_FAILED);
        else if (code / 100 == 4 || code / 100 == 5)
            CHECK(type == WSMTP_EVENT_REFUSED && session.event.error->reply.code == code &&
                  session.event.error->retryable == (code / 100 == 4));
        else
            CHECK(type == WSMTP_EVENT_FAILED &&
                  session.event.error->kind == WSMTP_KIND_PROTOCOL);
        opened_end(&session);
    }
}

int main(void)
{
    every_pair();
    longer_sequences();
    cut_off("a");
    cut_off("\xc3\xbc");
    cut_off("\xe2\x82\xac");
    cut_off("\xf0\x9f\x93\xa7");
    cut_off("\x1b");
    cut_off("\x1b" "ab");
    cut_off("\xc2\x9b");
    random_octets();
    enhanced_codes();
    cut_everywhere();
    every_code();
    return check_report();
}
