/*
 * Replies (RFC 5321 section 4.2): cuts lines out of the input window, checks that the lines of one
 * reply belong together, and keeps their text cleaned and bounded. Works on what is there; a line
 * that is not complete yet stays in the window.
 */
#include "internal.h"
#include "utf8.h"
#include "words.h"

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Writes text so that it is safe to show: valid UTF-8 without control characters. */
size_t wsmtp_clean(const char *text, size_t text_len, char *out, size_t out_len)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t written = 0;
    for (size_t i = 0; i < text_len;) {
        const wsmtp_character c = wsmtp_utf8_step(s + i, text_len - i);
        size_t n = WSMTP_SEQUENCE_LEN(c);
        bool safe = n > 0 && !wsmtp_is_control(WSMTP_CODEPOINT(c));
        n += n == 0;
        if (out_len - written < (safe ? n : 4 * n))
            break;
        for (; n > 0; n--, i++) {
            if (safe) {
                out[written++] = text[i];
            } else {
                out[written++] = '\\';
                out[written++] = 'x';
                out[written++] = WSMTP_DIGITS[s[i] >> 4];
                out[written++] = WSMTP_DIGITS[s[i] & 15];
            }
        }
    }
    return written;
}

/*
 * Reads an enhanced status code (RFC 3463 section 2): three numbers of one to three digits without
 * leading zeros, of which the first is the reply's class; then a space or the end. Returns how many
 * octets it takes with the space, 0 if there is none.
 */
static size_t read_enhanced(const char *text, size_t text_len, unsigned class_,
                            wsmtp_enhanced_code *enhanced)
{
    uint32_t all = 0; /* of the three numbers, three digits each */
    unsigned number = 0, part = 0, digits = 0;
    for (size_t i = 0;; i++) {
        const char c = i < text_len ? text[i] : ' ';
        if (digit(c) && digits < 3 && (digits == 0 || number > 0)) {
            number = number * 10 + (unsigned)(c - '0');
            digits++;
            continue;
        }
        all = all * 1000 + number;
        if (digits == 0 || c != (part < 2 ? '.' : ' '))
            return 0;
        if (part == 2) {
            if (all / 1000000 != class_)
                return 0;
            enhanced->class_ = (uint8_t)class_;
            enhanced->subject = (uint16_t)(all / 1000 % 1000);
            enhanced->detail = (uint16_t)(all % 1000);
            return i < text_len ? i + 1 : i;
        }
        part++;
        number = digits = 0;
    }
}

static bool same(wsmtp_enhanced_code one, wsmtp_enhanced_code other)
{
    return one.class_ == other.class_ && one.subject == other.subject &&
           one.detail == other.detail;
}

static void add_text(wsmtp_engine *e, const char *text, size_t text_len)
{
    size_t at = e->reply.text_len;
    if (e->reply_lines > 1 && at < sizeof e->reply_text)
        e->reply_text[at++] = '\n';
    at += wsmtp_clean(text, text_len, e->reply_text + at, sizeof e->reply_text - at);
    e->reply.text_len = at;
}

/* Takes one line without its line end; the last of its reply completes it. */
static wsmtp_reason take_line(wsmtp_engine *e, const char *line, size_t line_len)
{
    unsigned code = 0;
    size_t at = 0;
    while (at < 3 && at < line_len && digit(line[at]))
        code = code * 10 + (unsigned)(line[at++] - '0');
    const char separator = at < line_len ? line[at] : ' ';
    if (at < 3 || code < 200 || code > 599 || (separator != ' ' && separator != '-'))
        return WSMTP_REASON_REPLY_MALFORMED;
    if (e->reply_lines == 0)
        e->reply.code = (uint16_t)code;
    else if (code != e->reply.code)
        return WSMTP_REASON_REPLY_INCONSISTENT;
    if (++e->reply_lines > WSMTP_REPLY_LINES_MAX)
        return WSMTP_REASON_REPLY_TOO_MANY_LINES;
    if (at < line_len)
        at++;
    const uint8_t ahead = wsmtp_ahead(e);
    if (ahead ? (ahead & (AHEAD_GREETING | AHEAD_EHLO)) == AHEAD_EHLO : e->state == STATE_EHLO) {
        if (code == 250 && e->reply_lines > 1)
            wsmtp_capabilities_line(&e->offered, line + at, line_len - at);
    } else if (wsmtp_has(e, WSMTP_CAP_ENHANCEDSTATUSCODES) && code / 100 != 3) {
        wsmtp_enhanced_code enhanced;
        size_t skip = read_enhanced(line + at, line_len - at, code / 100, &enhanced);
        if (skip && e->reply_lines == 1)
            e->reply.enhanced = enhanced;
        if (skip && same(enhanced, e->reply.enhanced))
            at += skip;
    }
    add_text(e, line + at, line_len - at);
    if (separator == ' ') {
        e->reply_complete = true;
        e->epoch++;
    }
    return WSMTP_REASON_OK;
}

/* Whether a greeting starts like a TLS record instead: an alert or a handshake. */
static bool tls_record(char first)
{
    return first == 0x15 || first == 0x16;
}

static void begin_reply(wsmtp_engine *e)
{
    memset(&e->reply, 0, sizeof e->reply);
    e->reply.text = e->reply_text;
    e->reply_lines = 0;
    e->reply_complete = false;
}

bool wsmtp_reply_parse(wsmtp_engine *e)
{
    if (e->reply_complete)
        begin_reply(e);
    while (!e->reply_complete) {
        const char *line = (const char *)e->config->input + e->input_start;
        const size_t available = e->input_end - e->input_start;
        size_t n = 0;
        while (n < available && line[n] != '\n')
            n++;
        /* A CR at the end may belong to the line end, also where the LF is still to come. */
        const size_t line_len = n > 0 && line[n - 1] == '\r' ? n - 1 : n;
        wsmtp_reason reason;
        if ((e->state == STATE_GREETING || (wsmtp_ahead(e) & AHEAD_GREETING)) && e->reply_lines == 0 && available > 0 && tls_record(*line))
            reason = WSMTP_REASON_TLS_MODE_MISMATCH;
        else if (line_len > WSMTP_REPLY_LINE_MAX)
            reason = WSMTP_REASON_REPLY_LINE_TOO_LONG;
        else if (n == available)
            return false;
        else if (line_len == n && !(e->config->flags & WSMTP_LENIENT_BARE_LF))
            reason = WSMTP_REASON_REPLY_BARE_LF;
        else
            reason = take_line(e, line, line_len);
        if (reason != WSMTP_REASON_OK) {
            wsmtp_fail(e, reason);
            return false;
        }
        e->input_start += n + 1;
    }
    return true;
}

unsigned wsmtp_reply_class(const wsmtp_engine *e)
{
    return e->reply.code / 100u;
}

void wsmtp_reply_keep(wsmtp_engine *e)
{
    e->kept = e->reply;
    size_t n = e->reply.text_len;
    if (n > sizeof e->kept_text) {
        n = sizeof e->kept_text;
        while (n > 0 && ((uint8_t)e->reply_text[n] & 0xc0) == 0x80)
            n--;
    }
    memcpy(e->kept_text, e->reply_text, n);
    e->kept.text = e->kept_text;
    e->kept.text_len = n;
}
