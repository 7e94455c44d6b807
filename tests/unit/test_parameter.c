/*
 * Parameters of MAIL and RCPT, and attributes of XCLIENT: their names, what no script of the golden
 * dialogues can write (keywords that are none, no text at all), and every octet of the values.
 */
#include <stdlib.h>

#include <wsmtp/engine.h>

#include "check.h"
#include "opened.h"

#define ALL                                                                                        \
    "250-DSN\r\n250-DELIVERBY\r\n250-FUTURERELEASE\r\n250-MT-PRIORITY\r\n250-REQUIRETLS\r\n"       \
    "250-AUTH PLAIN\r\n250-PRDR\r\n250-PIPELINING\r\n250-XCLIENT NAME\r\n"

static void names(void)
{
    static const char *const wanted[WSMTP_KEYWORD_COUNT] = {
        "RET", "ENVID", "BY", "HOLDFOR", "HOLDUNTIL", "MT-PRIORITY", "REQUIRETLS", "AUTH", "PRDR",
        "NOTIFY", "ORCPT", "NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT"};
    size_t len;
    for (unsigned i = 0; i < WSMTP_KEYWORD_COUNT; i++) {
        const char *name = wsmtp_keyword_name((wsmtp_keyword)i, &len);
        CHECK_TEXT(name, len, wanted[i]);
        CHECK_EQ(name[len], 0);
        CHECK(wsmtp_keyword_name((wsmtp_keyword)i, NULL) == name);
        CHECK_EQ(wsmtp_keyword_find(name, len), i);
        CHECK_EQ(wsmtp_keyword_find(name, len - 1), WSMTP_KEYWORD_COUNT);
        CHECK_EQ(wsmtp_keyword_find(name, len + 1), WSMTP_KEYWORD_COUNT);
        char lower[16];
        for (size_t j = 0; j < len; j++)
            lower[j] = (char)(name[j] >= 'A' ? name[j] | 0x20 : name[j]);
        CHECK_EQ(wsmtp_keyword_find(lower, len), i);
    }
    static const unsigned none[] = {WSMTP_KEYWORD_COUNT, 1000};
    for (size_t i = 0; i < 2; i++) {
        const char *name = wsmtp_keyword_name((wsmtp_keyword)none[i], &len);
        CHECK_TEXT(name, len, "");
    }
    CHECK_EQ(wsmtp_keyword_find("", 0), WSMTP_KEYWORD_COUNT);
    CHECK_EQ(wsmtp_keyword_find(NULL, 0), WSMTP_KEYWORD_COUNT);
}

/* What becomes of one parameter, of MAIL or RCPT. The value lies on the heap, in its size. */
static wsmtp_reason result(opened *session, wsmtp_keyword keyword, const void *value, size_t value_len)
{
    char *copy = value ? malloc(value_len ? value_len : 1) : NULL;
    if (copy)
        memcpy(copy, value, value_len);
    const wsmtp_parameter parameter = {.keyword = keyword, .value = copy, .value_len = value_len};
    const bool of_rcpt = keyword == WSMTP_KEYWORD_NOTIFY || keyword == WSMTP_KEYWORD_ORCPT;
    wsmtp_recipient recipient = {.address = "b@example.com", .address_len = 13};
    wsmtp_transaction transaction;
    wsmtp_transaction_init(&transaction);
    transaction.recipients = &recipient;
    transaction.recipients_len = 1;
    if (of_rcpt) {
        recipient.parameters = &parameter;
        recipient.parameters_len = 1;
    } else {
        transaction.parameters = &parameter;
        transaction.parameters_len = 1;
    }
    opened_init(session, WSMTP_TLS_IMPLICIT, 0, WSMTP_OUTPUT_MIN);
    opened_ready(session, ALL);
    session->sent_len = 0;
    const wsmtp_reason reason = wsmtp_submit(session->engine, &transaction);
    opened_write(session);
    if (reason != WSMTP_REASON_OK) {
        const wsmtp_error *error = wsmtp_error_get(session->engine);
        size_t name_len;
        const char *name = wsmtp_keyword_name(keyword, &name_len);
        CHECK_EQ(session->sent_len, 0);
        CHECK_EQ(error->reason, reason);
        CHECK_EQ(error->field, of_rcpt ? WSMTP_FIELD_RECIPIENT_PARAMETER : WSMTP_FIELD_PARAMETER);
        CHECK_OCTETS(error->detail, error->detail_len, name, name_len);
        CHECK_EQ(wsmtp_step_get(session->engine), WSMTP_STEP_READY);
    }
    free(copy);
    return reason;
}

static void no_text(void)
{
    for (unsigned i = 0; i < WSMTP_KEYWORD_NAME; i++) {
        opened session;
        const bool bare = i == WSMTP_KEYWORD_REQUIRETLS || i == WSMTP_KEYWORD_PRDR;
        CHECK_EQ(result(&session, (wsmtp_keyword)i, NULL, 0),
                 bare ? WSMTP_REASON_OK : WSMTP_REASON_PARAMETER_VALUE);
        opened_end(&session);
    }
}

static void no_keyword(void)
{
    static const unsigned none[] = {WSMTP_KEYWORD_COUNT, WSMTP_KEYWORD_COUNT + 1u, 31, 32, 33, 64, 255, 1000,
                                    0x80000000u};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        opened session;
        CHECK_EQ(result(&session, (wsmtp_keyword)none[i], "x", 1), WSMTP_REASON_PARAMETER_MISPLACED);
        opened_end(&session);
    }
}

/* Each octet in ENVID: as it is, as +XX, or refused; what goes out is one line. */
static void every_octet(void)
{
    for (unsigned octet = 0; octet < 256; octet++) {
        opened session;
        const char value[3] = {'a', (char)octet, 'b'};
        const bool good = octet >= 0x20 && octet < 0x7f;
        const bool encoded = octet == ' ' || octet == '+' || octet == '=';
        char wanted[80];
        CHECK_EQ(result(&session, WSMTP_KEYWORD_ENVID, value, sizeof value),
                 good ? WSMTP_REASON_OK : WSMTP_REASON_PARAMETER_VALUE);
        if (good) {
            snprintf(wanted, sizeof wanted,
                     encoded ? "MAIL FROM:<> ENVID=a+%02Xb\r\n" : "MAIL FROM:<> ENVID=a%cb\r\n", octet);
            CHECK(strncmp(session.sent, wanted, strlen(wanted)) == 0);
        }
        opened_end(&session);
    }
}

/* The same in the address of ORCPT, where the type utf-8 says so in braces. */
static void every_character(void)
{
    for (uint32_t c = 0; c < 0x2000; c++) {
        opened session;
        char value[20] = "utf-8;a", wanted[80];
        size_t len = 7;
        if (c < 0x80) {
            value[len++] = (char)c;
        } else if (c < 0x800) {
            value[len++] = (char)(0xc0 | c >> 6);
            value[len++] = (char)(0x80 | (c & 0x3f));
        } else {
            value[len++] = (char)(0xe0 | c >> 12);
            value[len++] = (char)(0x80 | (c >> 6 & 0x3f));
            value[len++] = (char)(0x80 | (c & 0x3f));
        }
        value[len++] = 'b';
        const bool good = c >= 0x20 && (c < 0x7f || c > 0x9f);
        const bool plain = c > 0x20 && c < 0x7f && c != '+' && c != '=' && c != '\\';
        if (!CHECK_EQ(result(&session, WSMTP_KEYWORD_ORCPT, value, len),
                      good ? WSMTP_REASON_OK : WSMTP_REASON_PARAMETER_VALUE))
            printf("    U+%04lX\n", (unsigned long)c);
        if (good) {
            if (plain)
                snprintf(wanted, sizeof wanted, " ORCPT=utf-8;a%cb\r\n", (char)c);
            else
                snprintf(wanted, sizeof wanted, " ORCPT=utf-8;a\\x{%02lX}b\r\n", (unsigned long)c);
            CHECK(strstr(session.sent, wanted) != NULL);
        }
        opened_end(&session);
    }
}

/* Neither a count without a list nor a list without a count is looked at beyond its end. */
static void empty_lists(void)
{
    opened session;
    static const wsmtp_parameter parameter = {.keyword = WSMTP_KEYWORD_RET, .value = "?", .value_len = 1};
    wsmtp_recipient recipient = {.address = "b@example.com", .address_len = 13, .parameters = &parameter};
    wsmtp_transaction transaction;
    wsmtp_transaction_init(&transaction);
    transaction.recipients = &recipient;
    transaction.recipients_len = 1;
    transaction.parameters = &parameter;
    opened_init(&session, WSMTP_TLS_NONE, 0, WSMTP_OUTPUT_MIN);
    opened_ready(&session, ALL);
    CHECK_EQ(wsmtp_submit(session.engine, &transaction), WSMTP_REASON_OK);
    opened_write(&session);
    CHECK(strstr(session.sent, "MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\n") != NULL);
    opened_end(&session);
    opened_init(&session, WSMTP_TLS_NONE, 0, WSMTP_OUTPUT_MIN);
    opened_ready(&session, ALL);
    CHECK_EQ(wsmtp_xclient(session.engine, NULL, 0), WSMTP_REASON_OK);
    opened_end(&session);
}

int main(void)
{
    names();
    no_text();
    no_keyword();
    every_octet();
    every_character();
    empty_lists();
    return check_report();
}
