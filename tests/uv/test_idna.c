/*
 * Names and addresses beyond ASCII: the conversion, the name that a certificate is for, and what is
 * sent to servers with and without SMTPUTF8.
 */
#include <wsmtp/client.h>

#include "support.h"

#define BUECHER "b\xc3\xbc" "cher.test"
#define JUERGEN "j\xc3\xbcrgen@lab.test"
#define STRASSE "\"a b\"@fa\xc3\x9f.test"

static const char text[] = "Subject: idna\r\n\r\ntext\r\n";

static void converts(const char *domain, const char *ascii, const char *unicode)
{
    char to[WSMTP_DOMAIN_MAX + 1], back[WSMTP_DOMAIN_UNICODE_MAX];
    CHECK_EQ(wsmtp_domain_to_ascii(domain, strlen(domain), to), WSMTP_REASON_OK);
    CHECK_TEXT(to, strlen(to), ascii);
    CHECK_EQ(wsmtp_domain_to_unicode(domain, strlen(domain), back), WSMTP_REASON_OK);
    CHECK_TEXT(back, strlen(back), unicode);
    CHECK_EQ(wsmtp_domain_to_unicode(ascii, strlen(ascii), back), WSMTP_REASON_OK);
    CHECK_TEXT(back, strlen(back), unicode);
}

static void refuses(const char *domain, size_t domain_len, wsmtp_reason reason)
{
    char to[WSMTP_DOMAIN_MAX + 1], back[WSMTP_DOMAIN_UNICODE_MAX];
    CHECK_EQ(wsmtp_domain_to_ascii(domain, domain_len, to), reason);
    CHECK_EQ(wsmtp_domain_to_unicode(domain, domain_len, back), reason);
}

static void test_conversion(void)
{
    char longest[300];
    converts("mail.example", "mail.example", "mail.example");
    converts(BUECHER, "xn--bcher-kva.test", BUECHER);
    converts("B\xc3\x9c" "CHER.test", "xn--bcher-kva.test", BUECHER);
    converts("bu\xcc\x88" "cher.test", "xn--bcher-kva.test", BUECHER); /* decomposed */
    converts("fa\xc3\x9f.test", "xn--fa-hia.test", "fa\xc3\x9f.test");
    converts("\xe4\xbe\x8b\xe3\x80\x82\xe6\xb5\x8b\xe8\xaf\x95", "xn--fsq.xn--0zwm56d",
             "\xe4\xbe\x8b.\xe6\xb5\x8b\xe8\xaf\x95");
    refuses("b\xfc" "cher.test", 10, WSMTP_REASON_ADDRESS_UTF8_INVALID);
    refuses("b\xc3\xbc_cher.test", 13, WSMTP_REASON_DOMAIN_CHARACTER);
    refuses("b\xc3\xbc" "cher\0.test", 13, WSMTP_REASON_DOMAIN_CHARACTER);
    refuses("xn--b\xc3\xbc.test", 12, WSMTP_REASON_DOMAIN_CHARACTER);
    for (size_t i = 0; i < sizeof longest; i += 2)
        memcpy(longest + i, "\xc3\xbc", 2);
    refuses(longest, 160, WSMTP_REASON_DOMAIN_LABEL_TOO_LONG);
    memset(longest, 'a', sizeof longest);
    refuses(longest, sizeof longest, WSMTP_REASON_DOMAIN_TOO_LONG);
}

static wsmtp_client *open_client(const char *port)
{
    wsmtp_client_options options = test_options(port, WSMTP_TLS_NONE);
    wsmtp_client *client = wsmtp_client_new(&options);
    if (!CHECK(wsmtp_client_open(client)))
        printf("    %s\n", wsmtp_client_error_get(client)->message);
    return client;
}

/* Sends, and checks that the transaction is then as it was given. */
static bool deliver(wsmtp_client *client, const char *from, const char *to, const char *second,
                    uint32_t flags)
{
    test_message m;
    test_message_init(&m, to, text);
    m.transaction.reverse_path = from;
    m.transaction.reverse_path_len = strlen(from);
    m.transaction.flags = flags;
    if (second) {
        m.transaction.recipients_len = 2;
        m.recipients[1].address = second;
        m.recipients[1].address_len = strlen(second);
    }
    bool sent = wsmtp_client_send(client, &m.transaction, &m.request.body);
    CHECK(m.transaction.reverse_path == from && m.transaction.reverse_path_len == strlen(from));
    CHECK(m.recipients[0].address == to && m.recipients[0].address_len == strlen(to));
    CHECK(!second || (m.recipients[1].address == second &&
                      m.recipients[1].address_len == strlen(second)));
    CHECK_EQ(m.transaction.flags, flags);
    CHECK_EQ(m.recipients[0].status, sent ? WSMTP_STATUS_ACCEPTED : WSMTP_STATUS_NOT_SENT);
    return sent;
}

static void refused(wsmtp_client *client, wsmtp_reason reason, wsmtp_field field, size_t index)
{
    const wsmtp_client_error *error = wsmtp_client_error_get(client);
    CHECK_EQ(error->reason, reason);
    CHECK_EQ(error->field, field);
    CHECK_EQ(error->index, index);
    CHECK(wsmtp_client_is_open(client));
}

static void test_addresses(void)
{
    wsmtp_client *client = open_client("LACKS");
    CHECK(!deliver(client, "bob@" BUECHER, JUERGEN, NULL, 0));
    refused(client, WSMTP_REASON_SMTPUTF8_MISSING, WSMTP_FIELD_RECIPIENT, 0);
    CHECK(!deliver(client, "bob@" BUECHER, "alice@lab.test", JUERGEN, 0));
    refused(client, WSMTP_REASON_SMTPUTF8_MISSING, WSMTP_FIELD_RECIPIENT, 1);
    CHECK(!deliver(client, JUERGEN, "alice@lab.test", NULL, 0));
    refused(client, WSMTP_REASON_SMTPUTF8_MISSING, WSMTP_FIELD_REVERSE_PATH, 0);
    /* Who asks for SMTPUTF8 gets it or nothing. */
    CHECK(!deliver(client, "bob@" BUECHER, "alice@lab.test", NULL, WSMTP_SEND_SMTPUTF8));
    CHECK_EQ(wsmtp_client_error_get(client)->reason, WSMTP_REASON_SMTPUTF8_MISSING);
    CHECK(!deliver(client, "bob@lab.test", "alice@lab.test", "a@xn--b\xc3\xbc.test", 0));
    refused(client, WSMTP_REASON_DOMAIN_CHARACTER, WSMTP_FIELD_RECIPIENT, 1);
    CHECK(!deliver(client, "bob@lab.test", "alice@lab.test", "j\xc3\xbc rgen@lab.test", 0));
    refused(client, WSMTP_REASON_LOCAL_PART_CHARACTER, WSMTP_FIELD_RECIPIENT, 1);
    CHECK(deliver(client, "bob@" BUECHER, "alice@lab.test", STRASSE, 0));
    wsmtp_client_quit(client);
    wsmtp_client_free(client);

    client = open_client("OFFERS");
    CHECK(deliver(client, "bob@" BUECHER, "alice@lab.test", STRASSE, 0));
    CHECK(deliver(client, "bob@" BUECHER, JUERGEN, NULL, 0));
    CHECK(deliver(client, "bob@" BUECHER, "alice@lab.test", NULL, WSMTP_SEND_SMTPUTF8));
    wsmtp_client_quit(client);
    wsmtp_client_free(client);
}

static void test_certificate(void)
{
    wsmtp_client_options options = test_options("SECURE", WSMTP_TLS_IMPLICIT);
    options.tls_name = BUECHER;
    wsmtp_client *client = wsmtp_client_new(&options);
    if (!CHECK(wsmtp_client_open(client)))
        printf("    %s\n", wsmtp_client_error_get(client)->message);
    CHECK(strstr(wsmtp_client_facts_get(client)->certificate.names, "xn--bcher-kva.test"));
    wsmtp_client_quit(client);
    wsmtp_client_free(client);
    options.tls_name = "b\xc3\xb6" "cher.test";
    client = wsmtp_client_new(&options);
    CHECK(!wsmtp_client_open(client));
    CHECK_EQ(wsmtp_client_error_get(client)->cause, WSMTP_CAUSE_CERTIFICATE_NAME);
    wsmtp_client_free(client);
}

int main(void)
{
    test_conversion();
    test_addresses();
    test_certificate();
    return check_report();
}
