/* EHLO lines: every keyword whole, in any case, and nothing that only looks like one. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <wsmtp/engine.h>

#include "check.h"
#include "opened.h"

static const struct { const char *keyword; uint32_t flag; } keywords[] = {
    {"PIPELINING", WSMTP_CAP_PIPELINING},
    {"SIZE", WSMTP_CAP_SIZE},
    {"STARTTLS", WSMTP_CAP_STARTTLS},
    {"8BITMIME", WSMTP_CAP_8BITMIME},
    {"SMTPUTF8", WSMTP_CAP_SMTPUTF8},
    {"ENHANCEDSTATUSCODES", WSMTP_CAP_ENHANCEDSTATUSCODES},
    {"AUTH", WSMTP_CAP_AUTH},
    {"DSN", WSMTP_CAP_DSN},
    {"CHUNKING", WSMTP_CAP_CHUNKING},
    {"BINARYMIME", WSMTP_CAP_BINARYMIME},
    {"LIMITS", WSMTP_CAP_LIMITS},
    {"REQUIRETLS", WSMTP_CAP_REQUIRETLS},
    {"DELIVERBY", WSMTP_CAP_DELIVERBY},
    {"FUTURERELEASE", WSMTP_CAP_FUTURERELEASE},
    {"MT-PRIORITY", WSMTP_CAP_MT_PRIORITY},
    {"PRDR", WSMTP_CAP_PRDR},
    {"PIPECONNECT", WSMTP_CAP_PIPECONNECT},
    {"XCLIENT", WSMTP_CAP_XCLIENT},
    {"VRFY", WSMTP_CAP_VRFY},
    {"EXPN", WSMTP_CAP_EXPN},
    {"HELP", WSMTP_CAP_HELP},
    {"ETRN", WSMTP_CAP_ETRN},
};
#define KEYWORDS (sizeof keywords / sizeof *keywords)

static wsmtp_capabilities offered(const char *line)
{
    opened session;
    char lines[1100];
    snprintf(lines, sizeof lines, "250-%s\r\n", line);
    opened_init(&session, WSMTP_TLS_NONE, 0, 1024);
    opened_ready(&session, lines);
    wsmtp_capabilities capabilities = *wsmtp_capabilities_get(session.engine);
    opened_end(&session);
    return capabilities;
}

static void flags_are(const char *line, uint32_t flags)
{
    wsmtp_capabilities capabilities = offered(line);
    if (!CHECK(capabilities.flags == (flags | WSMTP_CAP_ESMTP)))
        printf("    \"%s\" gave %08lx\n", line, (unsigned long)capabilities.flags);
}

static void every_keyword(size_t index)
{
    const char *keyword = keywords[index].keyword;
    uint32_t flag = keywords[index].flag;
    size_t len = strlen(keyword);
    char line[80];

    flags_are(keyword, flag);
    snprintf(line, sizeof line, "%s 1", keyword);
    flags_are(line, flag);
    snprintf(line, sizeof line, "%s ", keyword);
    flags_are(line, flag);
    for (size_t i = 0; i < len; i++) {
        strcpy(line, keyword);
        line[i] = (char)tolower((unsigned char)line[i]);
        flags_are(line, flag);
        line[i] = '_';
        flags_are(line, 0);
        strcpy(line, keyword);
        line[i] ^= (char)0x80;
        flags_are(line, 0);
    }
    for (size_t i = 1; i < len; i++) {
        snprintf(line, sizeof line, "%.*s", (int)i, keyword);
        flags_are(line, 0);
        flags_are(keyword + i, 0);
    }
    for (const char *suffix = "X-:.,;_"; *suffix; suffix++) {
        snprintf(line, sizeof line, "%s%c", keyword, *suffix);
        flags_are(line, 0);
        snprintf(line, sizeof line, "%c%s", *suffix, keyword);
        flags_are(line, 0);
    }
    snprintf(line, sizeof line, "X-OTHER %s", keyword);
    flags_are(line, 0);
    if (flag != WSMTP_CAP_AUTH) {
        snprintf(line, sizeof line, "%s=1", keyword);
        flags_are(line, 0);
    }
}

static void size_is(const char *line, uint64_t size)
{
    wsmtp_capabilities capabilities = offered(line);
    if (!CHECK(capabilities.size == size))
        printf("    \"%s\" gave %llu\n", line, (unsigned long long)capabilities.size);
    CHECK(capabilities.flags == (WSMTP_CAP_ESMTP | WSMTP_CAP_SIZE));
}

static void sizes(void)
{
    size_is("SIZE", 0);
    size_is("SIZE 0", 0);
    size_is("SIZE 1", 1);
    size_is("SIZE 0001000", 1000);
    size_is("SIZE 4294967295", UINT64_C(4294967295));
    size_is("SIZE 4294967296", UINT64_C(4294967296));
    size_is("SIZE 18446744073709551614", UINT64_MAX - 1);
    size_is("SIZE 1000 extra", 1000);
    size_is("SIZE -1", 0);
    size_is("SIZE +1", 0);
    size_is("SIZE 0x10", 0);
    size_is("SIZE 10M", 0);
}

static void mechanisms_are(const char *line, wsmtp_mechanism_set set)
{
    wsmtp_capabilities capabilities = offered(line);
    if (!CHECK(capabilities.auth == set))
        printf("    \"%s\" gave %08lx\n", line, (unsigned long)capabilities.auth);
}

static void mechanisms(void)
{
    wsmtp_mechanism_set all = 0;
    char line[200];
    for (int i = 1; i < WSMTP_MECHANISM_COUNT; i++) {
        size_t name_len;
        const char *name = wsmtp_mechanism_name((wsmtp_mechanism)i, &name_len);
        wsmtp_mechanism_set one = UINT32_C(1) << i;
        all |= one;
        CHECK(strlen(name) == name_len && name_len > 0);
        snprintf(line, sizeof line, "AUTH %s", name);
        mechanisms_are(line, one);
        snprintf(line, sizeof line, "auth X-ONE %s X-TWO", name);
        mechanisms_are(line, one);
        snprintf(line, sizeof line, "AUTH=%s", name);
        mechanisms_are(line, one);
        snprintf(line, sizeof line, "AUTH %sX X%s %s-PLUSX", name, name, name);
        mechanisms_are(line, 0);
        snprintf(line, sizeof line, "XAUTH %s", name);
        mechanisms_are(line, 0);
        snprintf(line, sizeof line, "AUTH %.*s", (int)name_len - 1, name);
        mechanisms_are(line, 0);
    }
    mechanisms_are("AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER "
                   "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS EXTERNAL ANONYMOUS SCRAM-SHA-512 "
                   "SCRAM-SHA-512-PLUS",
                   all);
    mechanisms_are("AUTH", 0);
    mechanisms_are("AUTH =PLAIN", 0);
}

static void limits_are(const char *line, uint32_t mail, uint32_t rcpt, uint32_t rcpt_domain)
{
    wsmtp_capabilities capabilities = offered(line);
    if (!CHECK(capabilities.mail_max == mail && capabilities.rcpt_max == rcpt &&
               capabilities.rcpt_domain_max == rcpt_domain))
        printf("    \"%s\"\n", line);
}

static void limits(void)
{
    limits_are("LIMITS RCPTMAX=20 MAILMAX=5 RCPTDOMAINMAX=1", 5, 20, 1);
    limits_are("LIMITS rcptmax=20", 0, 20, 0);
    limits_are("LIMITS MAILMAX=999999", 999999, 0, 0);
    limits_are("LIMITS", 0, 0, 0);
    limits_are("LIMITS RCPTMAX", 0, 0, 0);
    limits_are("LIMITS RCPTMAX=", 0, 0, 0);
    limits_are("LIMITS RCPTMAX=1x", 0, 0, 0);
    limits_are("LIMITS RCPTMAX=-1", 0, 0, 0);
    limits_are("LIMITS RCPTMAXX=1 XRCPTMAX=2", 0, 0, 0);
    limits_are("XLIMITS RCPTMAX=20", 0, 0, 0);
}

static void deliver_by_is(const char *line, uint32_t seconds)
{
    wsmtp_capabilities capabilities = offered(line);
    if (!CHECK(capabilities.deliver_by_min == seconds))
        printf("    \"%s\" gave %lu\n", line, (unsigned long)capabilities.deliver_by_min);
    CHECK(capabilities.flags == (WSMTP_CAP_ESMTP | WSMTP_CAP_DELIVERBY));
}

static void hold_is(const char *line, uint32_t seconds)
{
    wsmtp_capabilities capabilities = offered(line);
    if (!CHECK(capabilities.hold_max == seconds))
        printf("    \"%s\" gave %lu\n", line, (unsigned long)capabilities.hold_max);
    CHECK(capabilities.flags == (WSMTP_CAP_ESMTP | WSMTP_CAP_FUTURERELEASE));
}

static void delays(void)
{
    deliver_by_is("DELIVERBY", 0);
    deliver_by_is("DELIVERBY 60", 60);
    deliver_by_is("deliverby 999999999", 999999999);
    deliver_by_is("DELIVERBY 4294967296", UINT32_MAX);
    deliver_by_is("DELIVERBY -60", 0);
    deliver_by_is("DELIVERBY 1h", 0);
    hold_is("FUTURERELEASE", 0);
    hold_is("FUTURERELEASE 86400 2026-12-31T08:00:00Z", 86400);
    hold_is("FUTURERELEASE 86400", 86400);
    hold_is("FUTURERELEASE 99999999999 2026-12-31T08:00:00Z", UINT32_MAX);
    hold_is("FUTURERELEASE soon 2026-12-31T08:00:00Z", 0);
}

#define ATTRIBUTE(name) (1u << (WSMTP_KEYWORD_##name - WSMTP_KEYWORD_NAME))

static void attributes_are(const char *line, uint32_t set)
{
    wsmtp_capabilities capabilities = offered(line);
    if (!CHECK(capabilities.xclient == set))
        printf("    \"%s\" gave %08lx\n", line, (unsigned long)capabilities.xclient);
}

static void attributes(void)
{
    attributes_are("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT", 0xff);
    attributes_are("XCLIENT name Addr", ATTRIBUTE(NAME) | ATTRIBUTE(ADDR));
    attributes_are("XCLIENT HELO LOGIN HELO", ATTRIBUTE(HELO) | ATTRIBUTE(LOGIN));
    attributes_are("XCLIENT", 0);
    /* Parameters of MAIL and RCPT are no attributes; nor are words that only begin so. */
    attributes_are("XCLIENT RET AUTH ORCPT NAMES ADD X-NAME", 0);
    attributes_are("XCLIENTS NAME", 0);
    attributes_are("LIMITS NAME", 0);
}

/* Everything at once, in the longest reply that is allowed. */
static void all_at_once(void)
{
    static char lines[140000];
    uint32_t flags = WSMTP_CAP_ESMTP;
    size_t len = 0;
    for (size_t i = 0; i < 126; i++) {
        bool known = i >= 126 - KEYWORDS;
        if (known)
            flags |= keywords[i - (126 - KEYWORDS)].flag;
        len += (size_t)sprintf(lines + len, "250-%s",
                               known ? keywords[i - (126 - KEYWORDS)].keyword : "X-FILLER");
        if (!known)
            for (int j = 0; j < 980; j++)
                lines[len++] = 'x';
        len += (size_t)sprintf(lines + len, "\r\n");
    }
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, 1024);
    /* In lines: opened_ready would give all of it before it takes an event. */
    opened_give(&session, "220 x\r\n", 7);
    opened_last(&session);
    opened_give(&session, "250-x\r\n", 7);
    for (char *at = lines, *end; at < lines + len; at = end + 2) {
        end = strstr(at, "\r\n");
        opened_last(&session);
        CHECK(opened_give(&session, at, (size_t)(end + 2 - at)));
    }
    opened_last(&session);
    opened_give(&session, "250 X-END\r\n", 11);
    CHECK(opened_last(&session) == WSMTP_EVENT_READY);
    CHECK_EQ(wsmtp_capabilities_get(session.engine)->flags, flags);
    opened_end(&session);
}

int main(void)
{
    for (size_t i = 0; i < KEYWORDS; i++)
        every_keyword(i);
    sizes();
    mechanisms();
    limits();
    delays();
    attributes();
    all_at_once();
    return check_report();
}
