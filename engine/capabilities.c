/*
 * EHLO keywords (RFC 5321 section 4.1.1.1): one line at a time, compared as whole tokens and
 * without regard to case.
 */
#include "internal.h"
#include "words.h"

/* Keywords in the order of the WSMTP_CAP_ bits. */
static const char keywords[] =
    "ESMTP\0" "PIPELINING\0" "SIZE\0" "STARTTLS\0" "8BITMIME\0" "SMTPUTF8\0" "ENHANCEDSTATUSCODES\0"
    "AUTH\0" "DSN\0" "CHUNKING\0" "BINARYMIME\0" "LIMITS\0" "REQUIRETLS\0" "DELIVERBY\0"
    "FUTURERELEASE\0" "MT-PRIORITY\0" "PRDR\0" "PIPECONNECT\0" "XCLIENT\0" "VRFY\0" "EXPN\0" "HELP\0"
    "ETRN\0";
static const char limits[] = "MAILMAX\0" "RCPTMAX\0" "RCPTDOMAINMAX\0";

#define KEYWORD_SIZE 2u
#define KEYWORD_AUTH 7u
#define KEYWORD_LIMITS 11u
#define KEYWORD_DELIVERBY 13u
#define KEYWORD_FUTURERELEASE 14u
#define KEYWORD_XCLIENT 18u

_Static_assert(WSMTP_CAP_SIZE == 1u << KEYWORD_SIZE && WSMTP_CAP_AUTH == 1u << KEYWORD_AUTH &&
                   WSMTP_CAP_LIMITS == 1u << KEYWORD_LIMITS && WSMTP_CAP_DELIVERBY == 1u << KEYWORD_DELIVERBY &&
                   WSMTP_CAP_FUTURERELEASE == 1u << KEYWORD_FUTURERELEASE &&
                   WSMTP_CAP_XCLIENT == 1u << KEYWORD_XCLIENT,
               "the keywords are numbered like the bits");

/* Takes in what a keyword says in numbers. */
static void set_number(wsmtp_capabilities *c, unsigned keyword, unsigned limit, uint64_t value)
{
    const uint32_t narrow = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
    if (value == 0)
        return;
    if (keyword == KEYWORD_SIZE) {
        if (c->size == 0 || value < c->size)
            c->size = value;
    } else if (keyword == KEYWORD_LIMITS) {
        if (limit != WSMTP_NO_WORD)
            *(limit == 0 ? &c->mail_max : limit == 1 ? &c->rcpt_max : &c->rcpt_domain_max) = narrow;
    } else if (WSMTP_FEATURE_DELIVERBY && keyword == KEYWORD_DELIVERBY) {
        c->deliver_by_min = narrow;
    } else if (WSMTP_FEATURE_FUTURERELEASE && keyword == KEYWORD_FUTURERELEASE) {
        if (c->hold_max == 0) /* then comes a date */
            c->hold_max = narrow;
    }
}

static void add_mechanism(wsmtp_capabilities *c, const char *name, size_t name_len)
{
    wsmtp_mechanism m = WSMTP_FEATURE_AUTH ? wsmtp_mechanism_find(name, name_len)
                                           : WSMTP_MECHANISM_AUTO;
    if (m != WSMTP_MECHANISM_AUTO)
        c->auth |= 1u << m;
}

void wsmtp_capabilities_line(wsmtp_capabilities *c, const char *line, size_t line_len)
{
    unsigned keyword = WSMTP_NO_WORD;
    bool first = true;
    for (size_t end, at = 0; at < line_len; at = end + 1) {
        end = at;
        while (end < line_len && line[end] != ' ' && line[end] != '\t')
            end++;
        if (end == at)
            continue;
        size_t equals = at;
        while (equals < end && line[equals] != '=')
            equals++;
        const size_t value_at = equals < end ? equals + 1 : end;
        const char *value = line + value_at;
        const size_t value_len = end - value_at;
        if (first) {
            first = false;
            keyword = wsmtp_words_find(keywords, line + at, equals - at);
            /* "AUTH=LOGIN PLAIN": from before RFC 2554, still sent beside the real one. No other
             * keyword has a value. */
            if (keyword == KEYWORD_AUTH)
                add_mechanism(c, value, value_len);
            else if (equals < end)
                return;
            if (keyword != WSMTP_NO_WORD)
                c->flags |= 1u << keyword;
        } else if (keyword == KEYWORD_AUTH) {
            add_mechanism(c, line + at, end - at);
        } else if (WSMTP_FEATURE_XCLIENT && keyword == KEYWORD_XCLIENT) {
            const unsigned attribute = wsmtp_keyword_find(line + at, end - at);
            if (attribute >= WSMTP_KEYWORD_NAME && attribute < WSMTP_KEYWORD_COUNT)
                c->xclient |= 1u << (attribute - WSMTP_KEYWORD_NAME);
        } else {
            const size_t number_at = keyword == KEYWORD_LIMITS ? value_at : at;
            set_number(c, keyword, wsmtp_words_find(limits, line + at, equals - at),
                       wsmtp_words_number(line + number_at, end - number_at));
        }
    }
}
