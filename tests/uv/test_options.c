/* Options that break a rule: each error names the option and the rule, before anything is opened. */
#include <stdlib.h>

#include "support.h"

static wsmtp_client_error error;

/* Refused, with the name of the option in the message, which holds no line end. */
static void refuse(const wsmtp_client_options *options, const char *option)
{
    wsmtp_uv_server *server = wsmtp_uv_server_new(options, &error);
    if (!CHECK(server == NULL))
        wsmtp_uv_server_free(server);
    CHECK_TEXT(error.option, strlen(error.option), option);
    CHECK(strncmp(error.message, option, strlen(option)) == 0);
    CHECK(strlen(error.message) > strlen(option) + 5);
    CHECK(!error.retryable);
}

static wsmtp_client_options valid(void)
{
    wsmtp_client_options options;
    wsmtp_client_options_init(&options);
    options.host = "mail.example";
    return options;
}

static void take(const wsmtp_client_options *options)
{
    wsmtp_uv_server *server = wsmtp_uv_server_new(options, &error);
    if (!CHECK(server != NULL))
        printf("    %s\n", error.message);
    wsmtp_uv_server_free(server);
}

#define REFUSE(option, ...)                                                                        \
    do {                                                                                           \
        wsmtp_client_options options = valid();                                                    \
        __VA_ARGS__;                                                                               \
        refuse(&options, option);                                                                  \
    } while (0)

static void test_rules(void)
{
    static const uint8_t pin[WSMTP_PIN_LEN];
    static const wsmtp_key_cache no_callbacks;
    REFUSE("size", options.size = 8);
    REFUSE("host", options.host = NULL);
    REFUSE("host", options.unix_path = "/socket");
    REFUSE("host", options.host = "");
    REFUSE("host", options.host = "mail.example\r\n");
    REFUSE("host", options.host = "b\xfc" "cher.example"); /* Latin-1 */
    REFUSE("host", options.host = "b\xc3\xbc" "ch_er.example");
    REFUSE("tls_name", options.tls_name = "b\xc3\xbc..example");
    REFUSE("keys", options.keys = &no_callbacks);
    REFUSE("host", options.host = "[::1]");
    REFUSE("protocol", options.protocol = (wsmtp_client_protocol)7);
    REFUSE("tls", options.tls = (wsmtp_tls)3);
    REFUSE("tls", options.tls = WSMTP_TLS_NONE; options.pin = pin);
    REFUSE("tls", options.tls = WSMTP_TLS_NONE; options.ca_file = test_text("CA"));
    REFUSE("tls_name", options.host = NULL; options.unix_path = "/socket");
    REFUSE("tls_name", options.tls_name = "");
    REFUSE("unix_path", options.host = NULL; options.unix_path = "");
    REFUSE("output_len", options.output_len = 10);
    REFUSE("flags", options.flags = 0x8000u);
    REFUSE("ehlo_name", options.ehlo_name = "a\r\nb"; options.ehlo_name_len = 4);
    CHECK_EQ(error.field, WSMTP_FIELD_EHLO_NAME);
    wsmtp_client_options options = valid();
    take(&options);
    options.host = "b\xc3\xbc" "cher.example";
    options.tls_name = "B\xc3\x9c" "CHER.example";
    take(&options);
    options.tls_name = NULL;
    options.host = "2001:db8::1";
    options.ca_file = test_text("CA");
    options.cert_file = test_text("CERT");
    options.key_file = test_text("KEY");
    take(&options);
}

static void test_files(void)
{
    REFUSE("ca_file", options.ca_file = "/nonexistent/ca.pem");
    CHECK_EQ(error.cause, WSMTP_CAUSE_FILE);
    CHECK(strstr(error.message, "No such file"));
    REFUSE("ca_file", options.ca_file = "/dev/null");
    REFUSE("ca_file", options.ca_file = "CMakeLists.txt");
    REFUSE("ca_file", options.ca_file = test_text("KEY"));
    REFUSE("ca_file", options.ca_file = test_text("CA"); options.ca_pem = "x"; options.ca_pem_len = 1);
    REFUSE("ca_pem", options.ca_pem = ""; options.ca_pem_len = 0);
    REFUSE("ca_pem", options.ca_pem = "-----BEGIN CERTIFICATE-----\nxx"; options.ca_pem_len = 30);
    REFUSE("key_file", options.cert_file = test_text("CERT"));
    REFUSE("cert_file", options.key_file = test_text("KEY"));
    REFUSE("key_file", options.cert_file = test_text("CERT"); options.key_file = test_text("CERT"));
    REFUSE("key_file", options.cert_file = test_text("CERT"); options.key_file = test_text("OTHER_KEY"));
    REFUSE("cert_file", options.cert_file = test_text("KEY"); options.key_file = test_text("KEY"));
}

/* The blocking client reports the same, and can still be asked everything. */
static void test_blocking(void)
{
    wsmtp_client_options options = valid();
    options.ca_file = "/nonexistent/ca.pem";
    wsmtp_client *client = wsmtp_client_new(&options);
    CHECK(client != NULL);
    CHECK(!wsmtp_client_open(client));
    CHECK_TEXT(wsmtp_client_error_get(client)->option, 7, "ca_file");
    CHECK(!wsmtp_client_noop(client));
    CHECK(!wsmtp_client_is_open(client));
    CHECK(wsmtp_client_result_get(client) == NULL);
    CHECK(wsmtp_client_facts_get(client)->address == NULL);
    wsmtp_client_cancel(client);
    wsmtp_client_quit(client);
    wsmtp_client_free(client);
    wsmtp_client_free(NULL);

    options.ca_file = NULL;
    client = wsmtp_client_new(&options);
    CHECK(!wsmtp_client_noop(client)); /* not opened */
    CHECK_EQ(wsmtp_client_error_get(client)->reason, WSMTP_REASON_STATE);
    wsmtp_client_free(client);
}

static void test_names(void)
{
    char name[WSMTP_REASON_NAME_MAX];
    for (int reason = 0; reason < WSMTP_REASON_COUNT; reason++) {
        wsmtp_reason_name((wsmtp_reason)reason, name);
        CHECK(name[0] && strlen(name) < sizeof name && !strpbrk(name, "_ ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
    }
    CHECK(strcmp(wsmtp_reason_name(WSMTP_REASON_BODY_8BIT_UNDECLARED, name), "body-8bit-undeclared") == 0);
    CHECK(strcmp(wsmtp_reason_name(WSMTP_REASON_COUNT, name), "") == 0);
    CHECK(strcmp(wsmtp_status_name(WSMTP_STATUS_IN_DOUBT), "in-doubt") == 0);
    CHECK(strcmp(wsmtp_cause_name(WSMTP_CAUSE_PIN_MISMATCH), "pin-mismatch") == 0);
    CHECK(strcmp(wsmtp_cause_name(WSMTP_CAUSE_COUNT), "") == 0);
    CHECK(strcmp(wsmtp_kind_name(WSMTP_KIND_POLICY), "policy") == 0);
    for (int cause = 1; cause < WSMTP_CAUSE_COUNT; cause++)
        CHECK(wsmtp_cause_name((wsmtp_cause)cause)[0]);
    for (int moment = 0; moment < WSMTP_MOMENT_COUNT; moment++)
        CHECK(wsmtp_moment_name((wsmtp_moment)moment)[0]);
}

int main(void)
{
    test_rules();
    test_files();
    test_blocking();
    test_names();
    return check_report();
}
