/* PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195), EXTERNAL (RFC 4422), ANONYMOUS (RFC 4505). */
#include "sasl_exchange.h"

static void test_plain(void)
{
    wsmtp_credentials c = sasl_credentials("tim", "tanstaaftanstaaf");
    wsmtp_sasl sasl;
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_PLAIN, &c), WSMTP_REASON_OK);
    CHECK(wsmtp_sasl_client_first(&sasl));
    CHECK_RESPONSE_TEXT(&sasl, "\0tim\0tanstaaftanstaaf");
    CHECK_EQ(wsmtp_sasl_success(&sasl, NULL, 0), WSMTP_SASL_DONE);
    CHECK_END(&sasl);

    /* With an authorization identity; nothing is escaped; UTF-8 passes. */
    c = sasl_credentials("Kurt=,\xc3\xa4", "xipj3plmq\r\n");
    c.authzid = "Ursel";
    c.authzid_len = 5;
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_PLAIN, &c), WSMTP_REASON_OK);
    CHECK_RESPONSE_TEXT(&sasl, "Ursel\0Kurt=,\xc3\xa4\0xipj3plmq\r\n");
    CHECK_FAILED(&sasl, wsmtp_sasl_challenge(&sasl, NULL, 0), AUTH_CHALLENGE);
    CHECK_END(&sasl);
}

static void test_login(void)
{
    static const char *const prompts[][2] = {{"Username:", "Password:"},
                                             {"User Name", "Password"},
                                             {"", ""},
                                             {"Password:", "Username:"}};
    wsmtp_credentials c = sasl_credentials("user@example.com", "a secret");
    for (size_t i = 0; i < sizeof prompts / sizeof prompts[0]; i++) {
        wsmtp_sasl sasl;
        CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_LOGIN, &c), WSMTP_REASON_OK);
        CHECK(!wsmtp_sasl_client_first(&sasl));
        CHECK_RESPONSE_TEXT(&sasl, "");
        CHECK_EQ(sasl_challenge(&sasl, prompts[i][0]), WSMTP_SASL_RESPOND);
        CHECK_RESPONSE_TEXT(&sasl, "user@example.com");
        CHECK_EQ(sasl_challenge(&sasl, prompts[i][1]), WSMTP_SASL_RESPOND);
        CHECK_RESPONSE_TEXT(&sasl, "a secret");
        if (i == 0) {
            CHECK_FAILED(&sasl, sasl_challenge(&sasl, "Realm:"), AUTH_CHALLENGE);
        } else {
            CHECK_EQ(wsmtp_sasl_success(&sasl, NULL, 0), WSMTP_SASL_DONE);
        }
        CHECK_END(&sasl);
    }
}

/* Stopped in the middle, a response does not run into the next. */
static void test_half_read(void)
{
    wsmtp_credentials c = sasl_credentials("user", "password");
    wsmtp_sasl sasl;
    uint8_t out[2];
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_LOGIN, &c), WSMTP_REASON_OK);
    CHECK_EQ(sasl_challenge(&sasl, "Username:"), WSMTP_SASL_RESPOND);
    CHECK_EQ(wsmtp_sasl_read(&sasl, out, sizeof out), 2);
    CHECK_EQ(wsmtp_sasl_response_len(&sasl), 4);
    CHECK_EQ(sasl_challenge(&sasl, "Password:"), WSMTP_SASL_RESPOND);
    CHECK_RESPONSE_TEXT(&sasl, "password");
    CHECK_END(&sasl);
}

static void test_cram_md5(void)
{
    wsmtp_credentials c = sasl_credentials("tim", "tanstaaftanstaaf");
    wsmtp_sasl sasl;
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_CRAM_MD5, &c), WSMTP_REASON_OK);
    CHECK(!wsmtp_sasl_client_first(&sasl));
    CHECK_RESPONSE_TEXT(&sasl, "");
    CHECK_EQ(sasl_challenge(&sasl, "<1896.697170952@postoffice.reston.mci.net>"),
             WSMTP_SASL_RESPOND);
    CHECK_RESPONSE_TEXT(&sasl, "tim b913a602c7eda7a495b4e6e7334d3890");
    CHECK_EQ(wsmtp_sasl_success(&sasl, NULL, 0), WSMTP_SASL_DONE);
    CHECK_END(&sasl);

    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_CRAM_MD5, &c), WSMTP_REASON_OK);
    CHECK_FAILED(&sasl, sasl_challenge(&sasl, ""), AUTH_CHALLENGE);
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_CRAM_MD5, &c), WSMTP_REASON_OK);
    CHECK_EQ(sasl_challenge(&sasl, "<1@x>"), WSMTP_SASL_RESPOND);
    CHECK_FAILED(&sasl, sasl_challenge(&sasl, "<2@x>"), AUTH_CHALLENGE);
    static const uint8_t zero[sizeof sasl.scratch];
    CHECK_OCTETS(sasl.scratch, sizeof sasl.scratch, zero, sizeof zero);
}

/* Who we are is known from the channel: at most an authorization identity is said. */
static void test_external(void)
{
    wsmtp_credentials c;
    wsmtp_sasl sasl;
    wsmtp_credentials_init(&c);
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_EXTERNAL, &c), WSMTP_REASON_OK);
    CHECK(wsmtp_sasl_client_first(&sasl));
    CHECK_RESPONSE_TEXT(&sasl, "");
    CHECK_EQ(wsmtp_sasl_success(&sasl, NULL, 0), WSMTP_SASL_DONE);
    CHECK_END(&sasl);

    /* A user and a password are never sent. */
    c = sasl_credentials("user", "password");
    c.authzid = "fred@\xc3\xa4.example";
    c.authzid_len = strlen(c.authzid);
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_EXTERNAL, &c), WSMTP_REASON_OK);
    CHECK_RESPONSE_TEXT(&sasl, "fred@\xc3\xa4.example");
    CHECK_FAILED(&sasl, wsmtp_sasl_challenge(&sasl, NULL, 0), AUTH_CHALLENGE);
    CHECK_END(&sasl);

    c.authzid = "a\0b";
    c.authzid_len = 3;
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_EXTERNAL, &c), WSMTP_REASON_CREDENTIAL_CHARACTER);
    CHECK_EQ(sasl.field, WSMTP_FIELD_AUTHZID);
}

static void test_anonymous(void)
{
    wsmtp_credentials c;
    wsmtp_sasl sasl;
    wsmtp_credentials_init(&c);
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_ANONYMOUS, &c), WSMTP_REASON_OK);
    CHECK(wsmtp_sasl_client_first(&sasl));
    CHECK_RESPONSE_TEXT(&sasl, "");
    CHECK_EQ(wsmtp_sasl_success(&sasl, NULL, 0), WSMTP_SASL_DONE);
    CHECK_END(&sasl);

    /* The trace of RFC 4505 section 4; a password is never sent. */
    c = sasl_credentials("sirhc", "password");
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_ANONYMOUS, &c), WSMTP_REASON_OK);
    CHECK_RESPONSE_TEXT(&sasl, "sirhc");
    CHECK_FAILED(&sasl, wsmtp_sasl_challenge(&sasl, NULL, 0), AUTH_CHALLENGE);
    CHECK_END(&sasl);
}

/* The same for every mechanism: no challenge is longer than what a reply line can carry. */
static void test_challenge_length(void)
{
    static uint8_t challenge[WSMTP_SASL_CHALLENGE_MAX + 1];
    memset(challenge, 'c', sizeof challenge);
    for (wsmtp_mechanism m = WSMTP_MECHANISM_PLAIN; m < WSMTP_MECHANISM_COUNT; m++) {
        wsmtp_credentials c = sasl_credentials("user", "password");
        wsmtp_sasl sasl;
        c.token = "t";
        c.token_len = 1;
        sasl_bind(&c);
        CHECK_EQ(wsmtp_sasl_begin(&sasl, m, &c), WSMTP_REASON_OK);
        CHECK_FAILED(&sasl, wsmtp_sasl_challenge(&sasl, challenge, sizeof challenge),
                     AUTH_CHALLENGE);
        CHECK_EQ(sasl.challenge_len, 0);
        /* Only SCRAM asks for a key. */
        CHECK_EQ(wsmtp_sasl_begin(&sasl, m, &c), WSMTP_REASON_OK);
        CHECK_FAILED(&sasl, wsmtp_sasl_key(&sasl, challenge, 32), STATE);
        CHECK_END(&sasl);
    }
    wsmtp_credentials c = sasl_credentials("user", "password");
    wsmtp_sasl sasl;
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_CRAM_MD5, &c), WSMTP_REASON_OK);
    CHECK_EQ(wsmtp_sasl_challenge(&sasl, challenge, WSMTP_SASL_CHALLENGE_MAX), WSMTP_SASL_RESPOND);
    CHECK_END(&sasl);
}

int main(void)
{
    test_plain();
    test_login();
    test_half_read();
    test_cram_md5();
    test_external();
    test_anonymous();
    test_challenge_length();
    return check_report();
}
