/*
 * Invariant: a message given in pieces of any size comes out as a plain reference codes it whole:
 * every line end CRLF, dots at the start of a line doubled, the final dot at its end and nowhere
 * else; or it is refused by the rule that it breaks, and then its end is never written. The scan of
 * the message agrees with both.
 */
#include <wsmtp/engine.h>

#include <string.h>

#include "require.h"

typedef struct coded {
    uint8_t *data;
    size_t len, plain_len, line_len;
    wsmtp_reason reason;
} coded;

static void put(coded *out, uint8_t octet)
{
    if (octet == '.' && (!out->len || out->data[out->len - 1] == '\n'))
        out->data[out->len++] = '.';
    out->data[out->len++] = octet;
    out->plain_len++;
}

static coded reference(const uint8_t *text, size_t text_len, uint32_t flags, bool eight_bit)
{
    coded out = {.data = malloc(2 * text_len + 4)};
    for (size_t i = 0; i < text_len; i++) {
        bool crlf = text[i] == '\r' && i + 1 < text_len && text[i + 1] == '\n';
        if (text[i] == '\r' || text[i] == '\n') {
            if (!crlf && !(flags & WSMTP_SEND_MAKE_CRLF)) {
                out.reason =
                    text[i] == '\r' ? WSMTP_REASON_BODY_BARE_CR : WSMTP_REASON_BODY_BARE_LF;
                return out;
            }
            put(&out, '\r');
            put(&out, '\n');
            out.line_len = 0;
            i += crlf;
            continue;
        }
        if (text[i] > 127 && !eight_bit)
            out.reason = WSMTP_REASON_BODY_8BIT_UNDECLARED;
        else if (++out.line_len > WSMTP_BODY_LINE_MAX && !(flags & WSMTP_SEND_LONG_LINES))
            out.reason = WSMTP_REASON_BODY_LINE_TOO_LONG;
        if (out.reason != WSMTP_REASON_OK)
            return out;
        put(&out, text[i]);
    }
    if (out.len && out.data[out.len - 1] != '\n') {
        put(&out, '\r');
        put(&out, '\n');
    }
    return out;
}

static void give(wsmtp_engine *engine, const char *text)
{
    size_t room, len = strlen(text);
    uint8_t *window = wsmtp_recv_buf(engine, &room);
    REQUIRE(room >= len);
    memcpy(window, text, len);
    wsmtp_recv_ack(engine, len);
    wsmtp_event event;
    while (wsmtp_next_event(engine, &event))
        ;
}

static size_t drain(wsmtp_engine *engine, uint8_t *out)
{
    size_t total = 0, len, secret_at;
    const uint8_t *window;
    while (window = wsmtp_send_buf(engine, &len, &secret_at), len) {
        REQUIRE(secret_at == len);
        if (out)
            memcpy(out + total, window, len);
        total += len;
        wsmtp_send_ack(engine, len);
    }
    return total;
}

static void check_scan(const uint8_t *text, size_t text_len, size_t piece)
{
    wsmtp_body_scan scan;
    wsmtp_body_scan_init(&scan);
    for (size_t at = 0; at < text_len; at += piece)
        wsmtp_body_scan_add(&scan, text + at, text_len - at < piece ? text_len - at : piece);
    wsmtp_body_scan_end(&scan);
    coded made = reference(text, text_len, WSMTP_SEND_MAKE_CRLF | WSMTP_SEND_LONG_LINES, true);
    REQUIRE(scan.octets == made.plain_len);
    free(made.data);
    made = reference(text, text_len, WSMTP_SEND_LONG_LINES, true);
    REQUIRE((scan.has_bare_cr || scan.has_bare_lf) == (made.reason != WSMTP_REASON_OK));
    free(made.data);
    made = reference(text, text_len, WSMTP_SEND_MAKE_CRLF, true);
    REQUIRE(scan.has_long_line == (made.reason != WSMTP_REASON_OK));
    free(made.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    uint32_t flags = (data[0] & 1 ? WSMTP_SEND_MAKE_CRLF : 0) |
                     (data[0] & 2 ? WSMTP_SEND_LONG_LINES : 0);
    bool eight_bit = data[0] & 4;
    size_t piece = 1 + data[1];
    data += 2;
    size -= 2;
    check_scan(data, size, piece);

    static wsmtp_engine engine;
    static uint8_t input[WSMTP_INPUT_MIN];
    wsmtp_config config;
    wsmtp_config_init(&config);
    config.input = input;
    config.input_len = sizeof input;
    config.output = malloc(WSMTP_OUTPUT_MIN);
    config.output_len = WSMTP_OUTPUT_MIN;
    config.ehlo_name = "a.example";
    config.ehlo_name_len = 9;
    REQUIRE(wsmtp_init(&engine, &config) == WSMTP_REASON_OK);
    give(&engine, "220 x\r\n");
    drain(&engine, NULL);
    give(&engine, "250-x\r\n250-8BITMIME\r\n250 PIPELINING\r\n");
    wsmtp_recipient recipient = {.address = "b@b.example", .address_len = 11};
    wsmtp_transaction transaction;
    wsmtp_transaction_init(&transaction);
    transaction.recipients = &recipient;
    transaction.recipients_len = 1;
    transaction.flags = flags;
    transaction.body = eight_bit ? WSMTP_BODY_8BIT : WSMTP_BODY_7BIT;
    REQUIRE(wsmtp_submit(&engine, &transaction) == WSMTP_REASON_OK);
    drain(&engine, NULL);
    give(&engine, "250 x\r\n250 x\r\n354 x\r\n");
    REQUIRE(wsmtp_state(&engine) & WSMTP_CAN_BODY);

    coded wanted = reference(data, size, flags, eight_bit);
    uint8_t *sent = malloc(2 * size + 4096);
    size_t sent_len = 0, at = 0;
    while (at < size && (wsmtp_state(&engine) & WSMTP_CAN_BODY)) {
        size_t count = size - at < piece ? size - at : piece;
        uint8_t *exact = require_copy(data + at, count);
        size_t taken = wsmtp_body_write(&engine, exact, count);
        free(exact);
        REQUIRE(taken <= count);
        at += taken;
        size_t written = drain(&engine, sent + sent_len);
        REQUIRE(taken || written || !(wsmtp_state(&engine) & WSMTP_CAN_BODY));
        sent_len += written;
    }
    if (wsmtp_state(&engine) & WSMTP_CAN_BODY)
        wsmtp_body_end(&engine);
    sent_len += drain(&engine, sent + sent_len);
    wsmtp_event event;
    if (wanted.reason == WSMTP_REASON_OK) {
        REQUIRE(sent_len == wanted.len + 3);
        REQUIRE(memcmp(sent, wanted.data, wanted.len) == 0);
        REQUIRE(memcmp(sent + wanted.len, ".\r\n", 3) == 0);
        REQUIRE(!wsmtp_next_event(&engine, &event));
    } else {
        REQUIRE(wsmtp_next_event(&engine, &event) && event.type == WSMTP_EVENT_DONE);
        REQUIRE(recipient.status == WSMTP_STATUS_NOT_SENT);
        REQUIRE(wsmtp_next_event(&engine, &event) && event.type == WSMTP_EVENT_FAILED);
        REQUIRE(event.error->reason == wanted.reason && !event.error->in_doubt);
        size_t common = sent_len < wanted.len ? sent_len : wanted.len;
        REQUIRE(sent_len <= wanted.len + 1 && memcmp(sent, wanted.data, common) == 0);
    }
    free(sent);
    free(wanted.data);
    wsmtp_end(&engine);
    free(config.output);
    return 0;
}
