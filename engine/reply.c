/*
 * Replies (RFC 5321 section 4.2): cuts lines out of the input window, checks that the lines of one
 * reply belong together, and keeps their text cleaned and bounded. Works on what is there; a line
 * that is not complete yet stays in the window.
 */
#include "internal.h"
#include "utf8.h"

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Writes text so that it is safe to show: valid UTF-8 without control characters. */
size_t wsmtp_clean(const char *text, size_t text_len, char *out, size_t out_len)
{
    static const char hex[] = "0123456789ABCDEF";
    const uint8_t *s = (const uint8_t *)text;
    size_t written = 0;
    for (size_t i = 0; i < text_len;) {
        uint32_t codepoint;
        size_t n = wsmtp_utf8_step(s + i, text_len - i, &codepoint);
        bool safe = n > 0 && codepoint >= 0x20 && (codepoint < 0x7f || codepoint > 0x9f);
        if (n == 0)
            n = 1;
        if (written + (safe ? n : 4 * n) > out_len)
            break;
        for (size_t end = i + n; i < end; i++) {
            if (safe) {
                out[written++] = text[i];
            } else {
                out[written++] = '\\';
                out[written++] = 'x';
                out[written++] = hex[s[i] >> 4];
                out[written++] = hex[s[i] & 15];
            }
        }
    }
    return written;
}

/* One to three digits without leading zeros; advances *at. */
static bool code_part(const char *text, size_t text_len, size_t *at, uint16_t *value)
{
    size_t start = *at;
    unsigned v = 0;
    while (*at < text_len && *at - start < 3 && digit(text[*at]))
        v = v * 10 + (unsigned)(text[(*at)++] - '0');
    *value = (uint16_t)v;
    return *at == start + 1 || (*at > start && text[start] != '0');
}

/*
 * Reads an enhanced status code (RFC 3463 section 2) that agrees with the reply's class and stands
 * alone; returns how many octets it takes with the space behind it, 0 if there is none.
 */
static size_t enhanced_code(const char *text, size_t text_len, uint16_t code,
                            wsmtp_enhanced_code *enhanced)
{
    unsigned class_ = code / 100u;
    if ((class_ != 2 && class_ != 4 && class_ != 5) || text_len < 5 ||
        (unsigned)(text[0] - '0') != class_ || text[1] != '.')
        return 0;
    size_t at = 2;
    uint16_t subject, detail;
    if (!code_part(text, text_len, &at, &subject) || at >= text_len || text[at++] != '.' ||
        !code_part(text, text_len, &at, &detail))
        return 0;
    if (at < text_len && text[at++] != ' ')
        return 0;
    enhanced->class_ = (uint8_t)class_;
    enhanced->subject = subject;
    enhanced->detail = detail;
    return at;
}

static void add_text(wsmtp_engine *e, const char *text, size_t text_len)
{
    size_t at = e->reply.text_len;
    if (e->reply_lines > 1 && at < sizeof e->reply_text)
        e->reply_text[at++] = '\n';
    at += wsmtp_clean(text, text_len, e->reply_text + at, sizeof e->reply_text - at);
    e->reply.text_len = at;
}

/* Takes one line without its line end; returns whether it is the last of its reply. */
static bool take_line(wsmtp_engine *e, const char *line, size_t line_len)
{
    bool valid = line_len >= 3 && line[0] >= '2' && line[0] <= '5' && digit(line[1]) &&
                 digit(line[2]) && (line_len == 3 || line[3] == ' ' || line[3] == '-');
    if (!valid) {
        wsmtp_fail(e, WSMTP_REASON_REPLY_MALFORMED);
        return false;
    }
    uint16_t code =
        (uint16_t)((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
    if (e->reply_lines == 0) {
        e->reply.code = code;
    } else if (code != e->reply.code) {
        wsmtp_fail(e, WSMTP_REASON_REPLY_INCONSISTENT);
        return false;
    }
    if (++e->reply_lines > WSMTP_REPLY_LINES_MAX) {
        wsmtp_fail(e, WSMTP_REASON_REPLY_TOO_MANY_LINES);
        return false;
    }
    const char *text = line + (line_len > 3 ? 4 : 3);
    size_t text_len = line_len > 3 ? line_len - 4 : 0;
    if (e->state == STATE_EHLO && code == 250 && e->reply_lines > 1)
        wsmtp_capabilities_line(&e->capabilities, text, text_len);
    if (wsmtp_has(e, WSMTP_CAP_ENHANCEDSTATUSCODES) && e->state != STATE_EHLO) {
        wsmtp_enhanced_code enhanced = {0, 0, 0};
        size_t skip = enhanced_code(text, text_len, code, &enhanced);
        if (skip && e->reply_lines == 1)
            e->reply.enhanced = enhanced;
        bool same = enhanced.class_ == e->reply.enhanced.class_ &&
                    enhanced.subject == e->reply.enhanced.subject &&
                    enhanced.detail == e->reply.enhanced.detail;
        if (skip && same) {
            text += skip;
            text_len -= skip;
        }
    }
    add_text(e, text, text_len);
    return line_len == 3 || line[3] == ' ';
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
    while (!wsmtp_over(e)) {
        const char *line = (const char *)e->config->input + e->input_start;
        size_t available = e->input_end - e->input_start;
        size_t n = 0;
        while (n < available && line[n] != '\n')
            n++;
        bool whole = n < available;
        size_t line_len = n;
        if (whole && n > 0 && line[n - 1] == '\r')
            line_len--;
        else if (!whole && available == WSMTP_REPLY_LINE_MAX + 1 && line[n - 1] == '\r')
            return false;
        if (e->state == STATE_GREETING && e->reply_lines == 0 && available > 0 &&
            (line[0] == 0x15 || line[0] == 0x16)) {
            wsmtp_fail(e, WSMTP_REASON_TLS_MODE_MISMATCH);
            return false;
        }
        if (line_len > WSMTP_REPLY_LINE_MAX) {
            wsmtp_fail(e, WSMTP_REASON_REPLY_LINE_TOO_LONG);
            return false;
        }
        if (!whole)
            return false;
        if (line_len == n && !(e->config->flags & WSMTP_LENIENT_BARE_LF)) {
            wsmtp_fail(e, WSMTP_REASON_REPLY_BARE_LF);
            return false;
        }
        bool last = take_line(e, line, line_len);
        e->input_start += n + 1;
        if (last) {
            e->reply_complete = true;
            e->epoch++;
            return !wsmtp_over(e);
        }
    }
    return false;
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
