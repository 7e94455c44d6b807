#include "parameters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit_code.h"

#define ENVELOPE_ID_MAX 100u /* octets as they are sent (RFC 3461 section 4.4) */
#define ORIGINAL_MAX 500u    /* what the engine takes */
#define SUBMITTER_MAX 300u
#define ATTRIBUTE_MAX 255u
#define ATTRIBUTES_MAX 300u /* all of them, as they are given */

static const char *const options[WSMTP_KEYWORD_NAME] = {
    [WSMTP_KEYWORD_RET] = "dsn-return",
    [WSMTP_KEYWORD_ENVID] = "envelope-id",
    [WSMTP_KEYWORD_BY] = "deliver-by",
    [WSMTP_KEYWORD_HOLDFOR] = "hold-for",
    [WSMTP_KEYWORD_HOLDUNTIL] = "hold-until",
    [WSMTP_KEYWORD_MT_PRIORITY] = "priority",
    [WSMTP_KEYWORD_REQUIRETLS] = "require-tls",
    [WSMTP_KEYWORD_AUTH] = "submitter",
    [WSMTP_KEYWORD_PRDR] = "per-recipient-replies",
    [WSMTP_KEYWORD_NOTIFY] = "notify",
    [WSMTP_KEYWORD_ORCPT] = "original-recipient",
};

const char *parameters_option(wsmtp_keyword keyword)
{
    return keyword < WSMTP_KEYWORD_NAME ? options[keyword] : NULL;
}

/* Octets that a text takes as xtext (RFC 3461 section 4); 0 if it is empty or not printable ASCII. */
static size_t xtext_len(const char *text)
{
    size_t n = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < ' ' || c > '~')
            return 0;
        n += c == ' ' || c == '+' || c == '=' ? 3 : 1;
    }
    return n;
}

/* Digits at the beginning of a text: how many there are, up to nine. */
static size_t digits(const char *text, unsigned long *value)
{
    size_t n = 0;
    for (*value = 0; n < 9 && text[n] >= '0' && text[n] <= '9'; n++)
        *value = *value * 10 + (unsigned long)(text[n] - '0');
    return n;
}

/* "120", "120;R", "-60;NT": the mode is N unless it is given. */
static bool take_deliver_by(parameters *p, const char *value, const char *origin, failure *f)
{
    unsigned long seconds;
    size_t sign = *value == '-' || *value == '+';
    size_t n = digits(value + sign, &seconds);
    const char *mode = value + sign + n;
    bool returns = strcmp(mode, ";R") == 0 || strcmp(mode, ";RT") == 0;
    bool notifies = !*mode || strcmp(mode, ";N") == 0 || strcmp(mode, ";NT") == 0;
    if (n == 0 || (!returns && !notifies))
        return failure_usage(f, "%s: must be a whole number of seconds, then nothing, ;N or ;R, and T behind that",
                             origin);
    if (returns && (*value == '-' || seconds == 0))
        return failure_usage(f, "%s: with R the seconds must be more than 0", origin);
    snprintf(p->deliver_by, sizeof p->deliver_by, "%.*s%s", (int)(sign + n), value, *mode ? mode : ";N");
    p->values[WSMTP_KEYWORD_BY] = p->deliver_by;
    return true;
}

/* "never", or a list of the others, each at most once. */
static bool take_notify(parameters *p, const char *value, const char *origin, failure *f)
{
    static const char *const words[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
    unsigned seen = 0;
    char *to = p->notify;
    for (const char *at = value;; at++) {
        size_t n = strcspn(at, ","), i, word = 0;
        for (; word < 4; word++) {
            for (i = 0; i < n && (at[i] & ~0x20) == words[word][i]; i++)
                ;
            if (i == n && n > 0 && !words[word][n])
                break;
        }
        if (word == 4 || seen & 1u << word || seen & 1u || (word == 0 && seen))
            return failure_usage(f, "%s: must be never, or one or more of success,failure,delay", origin);
        seen |= 1u << word;
        if (to > p->notify)
            *to++ = ',';
        to += sprintf(to, "%s", words[word]);
        at += n;
        if (!*at)
            break;
    }
    p->values[WSMTP_KEYWORD_NOTIFY] = p->notify;
    return true;
}

static bool is_date(const char *text)
{
    unsigned long part[6];
    static const char separators[] = "--T::Z";
    static const size_t lengths[] = {4, 2, 2, 2, 2, 2};
    for (size_t i = 0; i < 6; i++) {
        if (digits(text, &part[i]) != lengths[i] || text[lengths[i]] != separators[i])
            return false;
        text += lengths[i] + 1;
    }
    return !*text && part[1] >= 1 && part[1] <= 12 && part[2] >= 1 && part[2] <= 31 && part[3] <= 23 &&
           part[4] <= 59 && part[5] <= 60;
}

static bool is_priority(const char *text)
{
    size_t sign = *text == '-';
    return text[sign] >= (sign ? '1' : '0') && text[sign] <= '9' && !text[sign + 1];
}

/* The rule that a value breaks; NULL if it breaks none. */
static const char *broken_rule(wsmtp_keyword keyword, const char *value)
{
    unsigned long seconds;
    size_t n;
    switch (keyword) {
    case WSMTP_KEYWORD_ENVID:
        n = xtext_len(value);
        return n > 0 && n <= ENVELOPE_ID_MAX ? NULL
            : "must be printable ASCII of at most 100 octets, where space, + and = count three";
    case WSMTP_KEYWORD_HOLDFOR:
        n = digits(value, &seconds);
        return n > 0 && !value[n] && seconds > 0 ? NULL : "must be a whole number of seconds from 1 to 999999999";
    case WSMTP_KEYWORD_HOLDUNTIL:
        return is_date(value) ? NULL : "must be a time in UTC such as 2026-12-31T08:00:00Z";
    case WSMTP_KEYWORD_MT_PRIORITY:
        return is_priority(value) ? NULL : "must be a whole number from -9 to 9";
    case WSMTP_KEYWORD_AUTH:
        return strcmp(value, "<>") == 0 || (xtext_len(value) <= SUBMITTER_MAX &&
                   wsmtp_mailbox_check(value, strlen(value), 0, NULL) == WSMTP_REASON_OK)
            ? NULL : "must be the ASCII address of a mailbox, or <>";
    default: return NULL;
    }
}

bool parameters_take(parameters *p, wsmtp_keyword keyword, const char *value, const char *origin, failure *f)
{
    if (keyword == WSMTP_KEYWORD_BY)
        return take_deliver_by(p, value, origin, f);
    if (keyword == WSMTP_KEYWORD_NOTIFY)
        return take_notify(p, value, origin, f);
    if (keyword == WSMTP_KEYWORD_RET) {
        bool full = strcmp(value, "full") == 0;
        if (!full && strcmp(value, "headers") != 0)
            return failure_usage(f, "%s: must be full or headers", origin);
        value = full ? "FULL" : "HDRS";
    }
    const char *rule = broken_rule(keyword, value);
    if (rule)
        return failure_usage(f, "%s: %s", origin, rule);
    p->values[keyword] = value;
    return true;
}

bool parameters_take_optional(parameters *p, const char *names, const char *origin, failure *f)
{
    for (const char *at = names;; at++) {
        size_t n = strcspn(at, ",");
        unsigned keyword = 0;
        while (keyword < WSMTP_KEYWORD_NAME && (strncmp(options[keyword], at, n) != 0 || options[keyword][n]))
            keyword++;
        if (keyword == WSMTP_KEYWORD_NAME)
            return failure_usage(f, "%s: must name options such as notify or priority: those that ask the server "
                                    "for an extension, but binary, with commas between", origin);
        p->optional |= 1u << keyword;
        at += n;
        if (!*at)
            return true;
    }
}

bool parameters_take_attribute(parameters *p, const char *value, const char *origin, failure *f)
{
    size_t n = strcspn(value, "="), all = 0;
    wsmtp_keyword keyword = wsmtp_keyword_find(value, n);
    if (!value[n] || keyword < WSMTP_KEYWORD_NAME || keyword >= WSMTP_KEYWORD_COUNT)
        return failure_usage(f, "%s: must be NAME=, ADDR=, PORT=, PROTO=, HELO=, LOGIN=, DESTADDR= or DESTPORT= "
                                "and a value", origin);
    if (p->values[keyword])
        return failure_usage(f, "%s: %s is given twice", origin, wsmtp_keyword_name(keyword, &n));
    p->values[keyword] = value + n + 1;
    n = xtext_len(p->values[keyword]);
    if (n == 0 || n > ATTRIBUTE_MAX)
        return failure_usage(f, "%s: the value must be printable ASCII of at most %u octets", origin, ATTRIBUTE_MAX);
    for (unsigned i = WSMTP_KEYWORD_NAME; i < WSMTP_KEYWORD_COUNT; i++)
        all += p->values[i] ? strlen(p->values[i]) : 0;
    return all <= ATTRIBUTES_MAX ||
           failure_usage(f, "%s: all values together must have at most %u octets", origin, ATTRIBUTES_MAX);
}

static bool is_type(char c)
{
    return c == '-' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

bool parameters_original_recipient(const char *value, const char *origin, text_list *to, failure *f)
{
    char text[ORIGINAL_MAX + 1];
    const char *type = "";
    size_t n = 0;
    bool ascii = true;
    while (is_type(value[n]))
        n++;
    for (const char *c = value; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return failure_usage(f, "%s: has a control character", origin);
        ascii &= (unsigned char)*c < 0x80;
    }
    bool is_utf8 = n == 5 && (value[0] | 0x20) == 'u' && (value[1] | 0x20) == 't' && (value[2] | 0x20) == 'f' &&
                   value[3] == '-' && value[4] == '8';
    if (n == 0 || value[n] != ';') {
        wsmtp_reason reason = wsmtp_mailbox_check(value, strlen(value), WSMTP_MAILBOX_UTF8, NULL);
        if (reason != WSMTP_REASON_OK)
            return failure_usage(f, "%s: the address %s", origin, wsmtp_reason_message(reason, &(size_t){0}));
        type = ascii ? "rfc822;" : "utf-8;";
    } else if (!value[n + 1] || (!ascii && !is_utf8)) {
        return failure_usage(f, "%s: behind the type there must be an address, in ASCII unless the type is utf-8",
                             origin);
    }
    int len = snprintf(text, sizeof text, "%s%s", type, value);
    if ((size_t)len > ORIGINAL_MAX || xtext_len(text) > ORIGINAL_MAX)
        return failure_usage(f, "%s: is longer than %u octets", origin, ORIGINAL_MAX);
    text_list_add(to, text, (size_t)len);
    return true;
}

static size_t add(const parameters *p, wsmtp_parameter *list, size_t n, unsigned keyword, const char *value)
{
    if (!value)
        return n;
    list[n] = (wsmtp_parameter){.keyword = (wsmtp_keyword)keyword, .optional = p->optional >> keyword & 1u,
                                .value = value, .value_len = strlen(value)};
    return n + 1;
}

size_t parameters_of_mail(const parameters *p, wsmtp_parameter list[PARAMETERS_OF_MAIL_MAX])
{
    size_t n = 0;
    for (unsigned i = WSMTP_KEYWORD_RET; i < WSMTP_KEYWORD_NOTIFY; i++)
        n = add(p, list, n, i, p->values[i]);
    return n;
}

size_t parameters_of_recipient(const parameters *p, const char *original,
                               wsmtp_parameter list[PARAMETERS_OF_RECIPIENT_MAX])
{
    size_t n = add(p, list, 0, WSMTP_KEYWORD_NOTIFY, p->values[WSMTP_KEYWORD_NOTIFY]);
    return add(p, list, n, WSMTP_KEYWORD_ORCPT, *original ? original : NULL);
}

size_t parameters_attributes(const parameters *p, wsmtp_parameter list[PARAMETERS_ATTRIBUTES_MAX])
{
    size_t n = 0;
    for (unsigned i = WSMTP_KEYWORD_NAME; i < WSMTP_KEYWORD_COUNT; i++)
        n = add(p, list, n, i, p->values[i]);
    return n;
}
