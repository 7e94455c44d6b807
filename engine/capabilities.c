/*
 * EHLO keywords (RFC 5321 section 4.1.1.1): one line at a time, compared as whole tokens and
 * without regard to case.
 */
#include "internal.h"

/* Keywords in the order of the WSMTP_CAP_ bits, from the second on; a space ends each. */
static const char keywords[] =
    "PIPELINING SIZE STARTTLS 8BITMIME SMTPUTF8 ENHANCEDSTATUSCODES AUTH DSN CHUNKING BINARYMIME "
    "LIMITS REQUIRETLS DELIVERBY FUTURERELEASE MT-PRIORITY PRDR PIPECONNECT XCLIENT VRFY EXPN HELP "
    "ETRN ";

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts the next token off *text. */
static size_t token(const char **text, size_t *text_len, const char **start)
{
    while (*text_len && blank(**text)) {
        ++*text;
        --*text_len;
    }
    *start = *text;
    while (*text_len && !blank(**text)) {
        ++*text;
        --*text_len;
    }
    return (size_t)(*text - *start);
}

/* Whether text starts with prefix, whose letters are capitals. */
static bool starts(const char *text, size_t text_len, const char *prefix, size_t prefix_len)
{
    if (text_len < prefix_len)
        return false;
    for (size_t i = 0; i < prefix_len; i++)
        if (upper(text[i]) != prefix[i])
            return false;
    return true;
}

/* A decimal number, at most UINT64_MAX; false if it is none. */
static bool number(const char *text, size_t text_len, uint64_t *value)
{
    uint64_t v = 0;
    for (size_t i = 0; i < text_len; i++) {
        unsigned d = (unsigned)(uint8_t)text[i] - '0';
        if (d > 9)
            return false;
        v = v > (UINT64_MAX - d) / 10 ? UINT64_MAX : v * 10 + d;
    }
    *value = v;
    return text_len > 0;
}

static uint32_t keyword_flag(const char *text, size_t text_len)
{
    uint32_t flag = WSMTP_CAP_PIPELINING;
    for (const char *k = keywords; *k; flag <<= 1) {
        size_t n = 0;
        while (k[n] != ' ')
            n++;
        if (n == text_len && starts(text, text_len, k, n))
            return flag;
        k += n + 1;
    }
    return 0;
}

static void limit(wsmtp_capabilities *c, const char *text, size_t text_len)
{
    static const char names[3][16] = {"MAILMAX=", "RCPTMAX=", "RCPTDOMAINMAX="};
    uint32_t *const fields[3] = {&c->mail_max, &c->rcpt_max, &c->rcpt_domain_max};
    for (int i = 0; i < 3; i++) {
        size_t n = 0;
        while (names[i][n])
            n++;
        uint64_t value;
        if (starts(text, text_len, names[i], n) && number(text + n, text_len - n, &value))
            *fields[i] = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
    }
}

void wsmtp_capabilities_line(wsmtp_capabilities *c, const char *line, size_t line_len)
{
    const char *word;
    size_t n = token(&line, &line_len, &word);
    uint32_t flag;
    bool old_auth = starts(word, n, "AUTH=", 5);
    if (old_auth) {
        /* "AUTH=LOGIN PLAIN": the form from before RFC 2554, still sent beside the real one */
        flag = WSMTP_CAP_AUTH;
        word += 5;
        n -= 5;
    } else {
        flag = keyword_flag(word, n);
        n = token(&line, &line_len, &word);
    }
    c->flags |= flag;
    for (; n; n = token(&line, &line_len, &word)) {
        uint64_t size;
        if (flag == WSMTP_CAP_AUTH) {
            wsmtp_mechanism m = wsmtp_mechanism_find(word, n);
            if (m != WSMTP_MECHANISM_AUTO)
                c->auth |= 1u << m;
        } else if (flag == WSMTP_CAP_LIMITS) {
            limit(c, word, n);
        } else if (flag == WSMTP_CAP_SIZE && number(word, n, &size) && size &&
                   (c->size == 0 || size < c->size)) {
            c->size = size;
        }
    }
}
