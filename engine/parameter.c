/*
 * Parameters of MAIL and RCPT, and attributes of XCLIENT: one table of what each needs, one place that
 * checks values and one that writes them.
 */
#include "internal.h"
#include "utf8.h"
#include "words.h"

static const char keyword_names[] =
    "RET\0" "ENVID\0" "BY\0" "HOLDFOR\0" "HOLDUNTIL\0" "MT-PRIORITY\0" "REQUIRETLS\0" "AUTH\0" "PRDR\0"
    "NOTIFY\0" "ORCPT\0" "NAME\0" "ADDR\0" "PORT\0" "PROTO\0" "HELO\0" "LOGIN\0" "DESTADDR\0" "DESTPORT\0";

const char *wsmtp_keyword_name(wsmtp_keyword keyword, size_t *name_len)
{
    const unsigned end = WSMTP_KEYWORD_COUNT; /* where the list has its empty word */
    return wsmtp_words_get(keyword_names, (unsigned)keyword < end ? (unsigned)keyword : end, name_len);
}

wsmtp_keyword wsmtp_keyword_find(const char *name, size_t name_len)
{
    const unsigned number = wsmtp_words_find(keyword_names, name, name_len);
    return number == WSMTP_NO_WORD ? WSMTP_KEYWORD_COUNT : (wsmtp_keyword)number;
}

#if WSMTP_FEATURE_PARAMETERS

typedef enum value_rule {
    VALUE_NOT_BUILT = 0,
    VALUE_NONE,
    VALUE_RET,
    VALUE_XTEXT,
    VALUE_BY,
    VALUE_SECONDS,
    VALUE_DATE,
    VALUE_PRIORITY,
    VALUE_MAILBOX,
    VALUE_NOTIFY,
    VALUE_ADDRESS, /* type and address */
    VALUE_ATTRIBUTE
} value_rule;

/* Longest values, as they are written: RFC 3461 section 4.4 and 4.2; the others leave room for all. */
#define ENVID_MAX 100u
#define MAILBOX_MAX 300u
#define ADDRESS_MAX 500u
#define ATTRIBUTE_MAX 255u

/* What each keyword needs: a capability, by the number of its bit, and a rule for its value. */
#define BIT(capability)                                                                            \
    (((capability) & 0xaaaaaaaau ? 1 : 0) | ((capability) & 0xccccccccu ? 2 : 0) |                 \
     ((capability) & 0xf0f0f0f0u ? 4 : 0) | ((capability) & 0xff00ff00u ? 8 : 0) |                 \
     ((capability) & 0xffff0000u ? 16 : 0))
#define NEVER 31 /* no capability has that bit */
#define IF(feature, capability, rule)                                                              \
    {                                                                                              \
        (feature) ? BIT(capability) : NEVER, (uint8_t)((feature) ? (rule) : VALUE_NOT_BUILT)       \
    }
static const struct {
    uint8_t bit;
    uint8_t rule;
} definitions[WSMTP_KEYWORD_NAME + 1] = {
    IF(WSMTP_FEATURE_DSN, WSMTP_CAP_DSN, VALUE_RET),
    IF(WSMTP_FEATURE_DSN, WSMTP_CAP_DSN, VALUE_XTEXT),
    IF(WSMTP_FEATURE_DELIVERBY, WSMTP_CAP_DELIVERBY, VALUE_BY),
    IF(WSMTP_FEATURE_FUTURERELEASE, WSMTP_CAP_FUTURERELEASE, VALUE_SECONDS),
    IF(WSMTP_FEATURE_FUTURERELEASE, WSMTP_CAP_FUTURERELEASE, VALUE_DATE),
    IF(WSMTP_FEATURE_MT_PRIORITY, WSMTP_CAP_MT_PRIORITY, VALUE_PRIORITY),
    IF(WSMTP_FEATURE_REQUIRETLS, WSMTP_CAP_REQUIRETLS, VALUE_NONE),
    IF(WSMTP_FEATURE_SUBMITTER, WSMTP_CAP_AUTH, VALUE_MAILBOX),
    IF(WSMTP_FEATURE_PRDR, WSMTP_CAP_PRDR, VALUE_NONE),
    IF(WSMTP_FEATURE_DSN, WSMTP_CAP_DSN, VALUE_NOTIFY),
    IF(WSMTP_FEATURE_DSN, WSMTP_CAP_DSN, VALUE_ADDRESS),
    IF(WSMTP_FEATURE_XCLIENT, WSMTP_CAP_XCLIENT, VALUE_ATTRIBUTE),
};

/* The row of a keyword: attributes of XCLIENT share the last one. */
static unsigned row(wsmtp_keyword keyword)
{
    return keyword < WSMTP_KEYWORD_NAME ? keyword : WSMTP_KEYWORD_NAME;
}

static bool offered(const wsmtp_engine *e, wsmtp_keyword keyword)
{
    if (WSMTP_FEATURE_XCLIENT && keyword >= WSMTP_KEYWORD_NAME)
        return e->capabilities.xclient >> (keyword - WSMTP_KEYWORD_NAME) & 1u;
    if (WSMTP_FEATURE_REQUIRETLS && keyword == WSMTP_KEYWORD_REQUIRETLS && !e->tls_done)
        return false;
    return wsmtp_has(e, 1u << definitions[row(keyword)].bit);
}

/* by-time ";" ("R" / "N") ["T"] (RFC 2852 section 4), or seconds alone. */
static wsmtp_reason check_time(const wsmtp_engine *e, const char *text, size_t text_len, bool by)
{
    const size_t start = by && (*text == '-' || *text == '+');
    size_t at = start;
    while (at < text_len && text[at] >= '0' && text[at] <= '9')
        at++;
    if (at == start || at - start > 9)
        return WSMTP_REASON_PARAMETER_VALUE;
    const uint32_t seconds = (uint32_t)wsmtp_words_number(text + start, at - start);
    const char *mode = text + at;
    const size_t mode_len = text_len - at;
    if (by) {
        if (mode_len < 2 || mode_len > 3 || mode[0] != ';' || (mode_len == 3 && mode[2] != 'T'))
            return WSMTP_REASON_PARAMETER_VALUE;
        if (mode[1] == 'N')
            return WSMTP_REASON_OK;
        if (mode[1] != 'R' || *text == '-')
            return WSMTP_REASON_PARAMETER_VALUE;
    } else if (mode_len > 0) {
        return WSMTP_REASON_PARAMETER_VALUE;
    }
    if (seconds == 0)
        return WSMTP_REASON_PARAMETER_VALUE;
    if (by ? seconds < e->capabilities.deliver_by_min
           : e->capabilities.hold_max && seconds > e->capabilities.hold_max)
        return WSMTP_REASON_PARAMETER_LIMIT;
    return WSMTP_REASON_OK;
}

static bool is_date(const char *text, size_t text_len)
{
    static const char highest[] = "9999-19-39T29:59:69Z"; /* of digits: the highest that can be there */
    bool good = text_len == sizeof highest - 1;
    for (size_t i = 0; good && i < text_len; i++) {
        const unsigned most = (unsigned)highest[i] - '0';
        good = most <= 9 ? (unsigned)text[i] - '0' <= most : text[i] == highest[i];
    }
    return good;
}

static bool is_priority(const char *text, size_t text_len)
{
    const size_t sign = *text == '-';
    return text_len == sign + 1 && text[sign] >= (sign ? '1' : '0') && text[sign] <= '9';
}

/* "NEVER", or a list of the others, each at most once (RFC 3461 section 4.1). */
static bool is_notify(const char *text, size_t text_len)
{
    unsigned seen = 0;
    for (size_t end, at = 0; at <= text_len; at = end + 1) {
        for (end = at; end < text_len && text[end] != ','; end++)
            ;
        const unsigned word = wsmtp_words_find("NEVER\0SUCCESS\0FAILURE\0DELAY\0", text + at, end - at);
        if (word == WSMTP_NO_WORD || seen >> word & 1u || seen & 1u || (word == 0 && seen))
            return false;
        seen |= 1u << word;
    }
    return true;
}

/* Where the address begins, behind its type and ";"; 0 if there is none (RFC 3461 section 4.2). */
static size_t address_at(const char *text, size_t text_len)
{
    size_t at = 0;
    while (at < text_len && text[at] != ';') {
        const char c = text[at] | 0x20;
        if (!((c >= 'a' && c <= 'z') || (text[at] >= '0' && text[at] <= '9') || text[at] == '-'))
            return 0;
        at++;
    }
    return at > 0 && at + 1 < text_len ? at + 1 : 0;
}

/* Writes octets; with e NULL only counts them. */
static size_t put(wsmtp_engine *e, const char *octets, size_t n)
{
    if (e)
        wsmtp_put(e, octets, n);
    return n;
}

static size_t put_hexadecimal(wsmtp_engine *e, uint32_t value)
{
    return put(e, &WSMTP_DIGITS[value & 15u], 1);
}

/*
 * Writes text as xtext (RFC 3461 section 4), or, if utf8, as utf-8-addr-xtext (RFC 6533 section 3);
 * returns how many octets that takes. With e NULL nothing is written. SIZE_MAX: it cannot be.
 */
static size_t put_encoded(wsmtp_engine *e, const char *text, size_t text_len, bool utf8)
{
    size_t written = 0;
    for (size_t step, i = 0; i < text_len; i += step) {
        const wsmtp_character character = wsmtp_utf8_step((const uint8_t *)text + i, text_len - i);
        const uint32_t c = WSMTP_CODEPOINT(character);
        step = WSMTP_SEQUENCE_LEN(character);
        if (step == 0 || c < ' ' || c == 0x7f || (c > 0x7f && (!utf8 || wsmtp_is_control(c))))
            return SIZE_MAX;
        if (c > ' ' && c < 0x7f && c != '+' && c != '=' && !(utf8 && c == '\\')) {
            written += put(e, text + i, 1);
        } else if (utf8) {
            unsigned digits = 2;
            while (c >> 4 * digits)
                digits++;
            written += put(e, "\\x{", 3);
            while (digits > 0)
                written += put_hexadecimal(e, c >> 4 * --digits);
            written += put(e, "}", 1);
        } else {
            written += put(e, "+", 1);
            written += put_hexadecimal(e, c >> 4);
            written += put_hexadecimal(e, c);
        }
    }
    return written;
}

static bool is_utf8_address(const char *text, size_t at)
{
    return at > 0 && wsmtp_words_find("UTF-8\0", text, at - 1) == 0;
}

/* No value comes to a rule that was left out: WSMTP_FEATURE_ here says so to the compiler. */
static wsmtp_reason check_value(const wsmtp_engine *e, const wsmtp_parameter *p)
{
    const uint8_t rule = definitions[row(p->keyword)].rule;
    const char *text = p->value;
    const size_t n = p->value_len;
    bool good = true;
    size_t at = 0;
    if (rule == VALUE_NOT_BUILT)
        return WSMTP_REASON_NOT_BUILT;
    if ((n == 0) != (rule == VALUE_NONE))
        return WSMTP_REASON_PARAMETER_VALUE;
    switch (rule) {
    case VALUE_RET:
        good = WSMTP_FEATURE_DSN && wsmtp_words_find("FULL\0HDRS\0", text, n) != WSMTP_NO_WORD;
        break;
    case VALUE_BY:
    case VALUE_SECONDS:
        return WSMTP_FEATURE_DELIVERBY || WSMTP_FEATURE_FUTURERELEASE ? check_time(e, text, n, rule == VALUE_BY)
                                                                      : WSMTP_REASON_NOT_BUILT;
    case VALUE_DATE:
        good = WSMTP_FEATURE_FUTURERELEASE && is_date(text, n);
        break;
    case VALUE_PRIORITY:
        good = WSMTP_FEATURE_MT_PRIORITY && is_priority(text, n);
        break;
    case VALUE_MAILBOX:
        if (n == 2 && text[0] == '<' && text[1] == '>')
            break;
        good = wsmtp_mailbox_check(text, n, 0, NULL) == WSMTP_REASON_OK;
        /* fallthrough */
    case VALUE_XTEXT:
    case VALUE_ATTRIBUTE:
        good = good && put_encoded(NULL, text, n, false) <= (rule == VALUE_MAILBOX ? MAILBOX_MAX
                                                             : rule == VALUE_XTEXT ? ENVID_MAX
                                                                                   : ATTRIBUTE_MAX);
        break;
    case VALUE_NOTIFY:
        good = WSMTP_FEATURE_DSN && is_notify(text, n);
        break;
    case VALUE_ADDRESS:
        at = WSMTP_FEATURE_DSN ? address_at(text, n) : 0;
        good = at > 0 && n <= ADDRESS_MAX &&
               put_encoded(NULL, text + at, n - at, is_utf8_address(text, at)) <= ADDRESS_MAX - at;
        break;
    default:
        break;
    }
    return good ? WSMTP_REASON_OK : WSMTP_REASON_PARAMETER_VALUE;
}

/* HOLDFOR and HOLDUNTIL exclude each other: for the search for duplicates they are the same. */
static uint32_t mark(wsmtp_keyword keyword)
{
    return 1u << (keyword == WSMTP_KEYWORD_HOLDUNTIL ? WSMTP_KEYWORD_HOLDFOR : keyword);
}

static wsmtp_reason check_parameter(const wsmtp_engine *e, const wsmtp_parameter *p,
                                    wsmtp_keyword first, uint32_t seen)
{
    const wsmtp_keyword end = first == WSMTP_KEYWORD_RET      ? WSMTP_KEYWORD_NOTIFY
                              : first == WSMTP_KEYWORD_NOTIFY ? WSMTP_KEYWORD_NAME
                                                              : WSMTP_KEYWORD_COUNT;
    if (p->keyword < first || p->keyword >= end || seen & mark(p->keyword))
        return WSMTP_REASON_PARAMETER_MISPLACED;
    const wsmtp_reason reason = check_value(e, p);
    if (reason == WSMTP_REASON_OK || reason == WSMTP_REASON_PARAMETER_LIMIT)
        return offered(e, p->keyword) ? reason
               : p->optional          ? WSMTP_REASON_OK
                                      : WSMTP_REASON_PARAMETER_NOT_OFFERED;
    return reason == WSMTP_REASON_NOT_BUILT && p->optional ? WSMTP_REASON_OK : reason;
}

wsmtp_reason wsmtp_check_parameters(wsmtp_engine *e, const wsmtp_parameter *list, size_t count,
                                    wsmtp_keyword first)
{
    uint32_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        const wsmtp_reason reason = check_parameter(e, &list[i], first, seen);
        if (reason != WSMTP_REASON_OK) {
            e->bad_keyword = (uint8_t)(list[i].keyword < WSMTP_KEYWORD_COUNT ? list[i].keyword : WSMTP_KEYWORD_COUNT);
            return reason;
        }
        seen |= mark(list[i].keyword);
    }
    return WSMTP_REASON_OK;
}

void wsmtp_name_keyword(wsmtp_engine *e)
{
    e->error.detail = wsmtp_keyword_name((wsmtp_keyword)e->bad_keyword, NULL);
    e->error.detail_len = wsmtp_word_len(e->error.detail);
}

void wsmtp_put_parameters(wsmtp_engine *e, const wsmtp_parameter *list, size_t count)
{
    for (const wsmtp_parameter *p = list; count > 0; p++, count--) { /* list may be NULL if empty */
        const uint8_t rule = definitions[row(p->keyword)].rule;
        size_t at = p->value_len; /* what follows is encoded */
        if (!offered(e, p->keyword))
            continue;
        wsmtp_put_text(e, " ");
        wsmtp_put_text(e, wsmtp_keyword_name(p->keyword, NULL));
        if (rule == VALUE_NONE)
            continue;
        wsmtp_put_text(e, "=");
        if (WSMTP_FEATURE_DSN && rule == VALUE_ADDRESS)
            at = address_at(p->value, at);
        else if (rule == VALUE_XTEXT || rule == VALUE_ATTRIBUTE || (rule == VALUE_MAILBOX && *p->value != '<'))
            at = 0;
        wsmtp_put(e, p->value, at);
        put_encoded(e, p->value + at, p->value_len - at, WSMTP_FEATURE_DSN && is_utf8_address(p->value, at));
    }
}

bool wsmtp_sends_parameter(const wsmtp_engine *e, const wsmtp_transaction *t, wsmtp_keyword keyword)
{
    for (size_t i = 0; i < t->parameters_len; i++)
        if (t->parameters[i].keyword == keyword)
            return offered(e, keyword);
    return false;
}

#endif
