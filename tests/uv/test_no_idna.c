/*
 * A build without IDNA: its idna.c is compiled into this program, without libidn2, and stands in front
 * of the library's. What is ASCII works; what is not gives an error that says what to do.
 */
#include <wsmtp/client.h>

#include "support.h"

#define BUECHER "b\xc3\xbc" "cher.test"

static void test_names(void)
{
    char ascii[WSMTP_DOMAIN_MAX + 1], unicode[WSMTP_DOMAIN_UNICODE_MAX];
    CHECK_EQ(wsmtp_domain_to_ascii(BUECHER, strlen(BUECHER), ascii), WSMTP_REASON_NOT_BUILT);
    CHECK_EQ(wsmtp_domain_to_ascii("mail.test", 9, ascii), WSMTP_REASON_OK);
    CHECK_TEXT(ascii, strlen(ascii), "mail.test");
    CHECK_EQ(wsmtp_domain_to_unicode("mail.test", 9, unicode), WSMTP_REASON_OK);
    CHECK_EQ(wsmtp_domain_to_unicode("xn--bcher-kva.test", 18, unicode), WSMTP_REASON_NOT_BUILT);

    wsmtp_client_options options;
    wsmtp_client_error error;
    wsmtp_client_options_init(&options);
    options.host = BUECHER;
    CHECK(wsmtp_uv_server_new(&options, &error) == NULL);
    CHECK_EQ(error.reason, WSMTP_REASON_NOT_BUILT);
    CHECK_TEXT(error.option, strlen(error.option), "host");
    CHECK(strstr(error.message, "give its A-label form"));
    options.host = "127.0.0.1";
    options.tls_name = BUECHER;
    CHECK(wsmtp_uv_server_new(&options, &error) == NULL);
    CHECK_TEXT(error.option, strlen(error.option), "tls_name");
}

static void test_address(const char *port, bool offered)
{
    wsmtp_client_options options = test_options(port, WSMTP_TLS_NONE);
    wsmtp_client *client = wsmtp_client_new(&options);
    test_message m;
    CHECK(wsmtp_client_open(client));
    test_message_init(&m, "bob@" BUECHER, "Subject: x\r\n\r\n");
    m.transaction.message_size = WSMTP_SIZE_UNKNOWN;
    CHECK(wsmtp_client_send(client, &m.transaction, &m.request.body) == offered);
    const wsmtp_client_error *error = wsmtp_client_error_get(client);
    if (!offered) {
        CHECK_EQ(error->reason, WSMTP_REASON_NOT_BUILT);
        CHECK_EQ(error->field, WSMTP_FIELD_RECIPIENT);
        CHECK(strstr(error->message, "recipient 1 has a non-ASCII domain"));
        CHECK(wsmtp_client_is_open(client));
    }
    wsmtp_client_quit(client);
    wsmtp_client_free(client);
}

int main(void)
{
    test_names();
    test_address("LACKS", false);
    test_address("OFFERS", true);
    return check_report();
}
