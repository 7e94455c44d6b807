/* XOAUTH2 and OAUTHBEARER (RFC 7628). */
#include "sasl_exchange.h"

#define TOKEN "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
#define JSON                                                                                       \
    "{\"status\":\"invalid_token\",\"scope\":\"example_scope\",\"openid-configuration\":"          \
    "\"https://example.com/.well-known/openid-configuration\"}"

/* RFC 7628 section 4.1 and 4.2, as they stand there in base64. */
static void test_rfc7628(void)
{
    wsmtp_credentials c = sasl_token("user@example.com", TOKEN);
    wsmtp_sasl sasl;
    c.host = "server.example.com";
    c.host_len = strlen(c.host);
    c.port = 143;
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_OAUTHBEARER, &c), WSMTP_REASON_OK);
    CHECK(wsmtp_sasl_client_first(&sasl));
    uint8_t message[256];
    char text[344];
    size_t len = wsmtp_sasl_response_len(&sasl);
    CHECK_RESPONSE_TEXT(
        &sasl,
        "n,a=user@example.com,\1host=server.example.com\1port=143\1auth=Bearer " TOKEN "\1\1");
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_OAUTHBEARER, &c), WSMTP_REASON_OK);
    CHECK_EQ(wsmtp_sasl_read(&sasl, message, sizeof message), len);
    CHECK_TEXT(text, wsmtp_base64_encode(message, len, text),
               "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9Qm"
               "VhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB");
    CHECK_EQ(wsmtp_sasl_success(&sasl, NULL, 0), WSMTP_SASL_DONE);
    CHECK_END(&sasl);
}

static void test_oauthbearer_fields(void)
{
    static const struct {
        const char *user, *authzid, *host;
        uint32_t port;
        const char *wanted;
    } rows[] = {{"", "", "", 0, "n,,\1auth=Bearer t\1\1"},
                {"u", "", "", 0, "n,a=u,\1auth=Bearer t\1\1"},
                {"", "", "h", 0, "n,,\1host=h\1auth=Bearer t\1\1"},
                {"", "", "", 1, "n,,\1port=1\1auth=Bearer t\1\1"},
                {"", "", "", 10, "n,,\1port=10\1auth=Bearer t\1\1"},
                {"u", "", "h", 465, "n,a=u,\1host=h\1port=465\1auth=Bearer t\1\1"},
                {"u", "", "[::1]", 65535, "n,a=u,\1host=[::1]\1port=65535\1auth=Bearer t\1\1"},
                {"u", "", "", 10203, "n,a=u,\1port=10203\1auth=Bearer t\1\1"},
                /* A comma and an equals sign would end the name. */
                {"a,=b", "", "", 0, "n,a=a=2C=3Db,\1auth=Bearer t\1\1"},
                {"=,", "", "a=,", 0, "n,a==3D=2C,\1host=a=,\1auth=Bearer t\1\1"},
                {"u", "shared,box", "", 0, "n,a=shared=2Cbox,\1auth=Bearer t\1\1"},
                {"", "shared", "", 0, "n,a=shared,\1auth=Bearer t\1\1"},
                {"m\xc3\xbcller", "", "", 0, "n,a=m\xc3\xbcller,\1auth=Bearer t\1\1"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wsmtp_credentials c = sasl_token(rows[i].user, "t");
        wsmtp_sasl sasl;
        c.authzid = rows[i].authzid;
        c.authzid_len = strlen(c.authzid);
        c.host = rows[i].host;
        c.host_len = strlen(c.host);
        c.port = rows[i].port;
        CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_OAUTHBEARER, &c), WSMTP_REASON_OK);
        CHECK_RESPONSE(&sasl, rows[i].wanted, strlen(rows[i].wanted));
        CHECK_END(&sasl);
    }
}

static void test_xoauth2(void)
{
    wsmtp_credentials c =
        sasl_token("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg");
    wsmtp_sasl sasl;
    c.host = "not used";
    c.host_len = 8;
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_XOAUTH2, &c), WSMTP_REASON_OK);
    CHECK(wsmtp_sasl_client_first(&sasl));
    CHECK_RESPONSE_TEXT(&sasl, "user=someuser@example.com\1auth=Bearer "
                               "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\1\1");
    CHECK_EQ(wsmtp_sasl_success(&sasl, NULL, 0), WSMTP_SASL_DONE);
    CHECK_END(&sasl);
}

/* The JSON of a refusal is kept for the caller, also when a server goes on and on. */
static void test_refusal(wsmtp_mechanism mechanism, const char *acknowledgement)
{
    wsmtp_credentials c = sasl_token("user", TOKEN);
    wsmtp_sasl sasl;
    uint8_t out[256];
    CHECK_EQ(wsmtp_sasl_begin(&sasl, mechanism, &c), WSMTP_REASON_OK);
    while (wsmtp_sasl_read(&sasl, out, sizeof out) > 0) {
    }
    CHECK_EQ(sasl_challenge(&sasl, JSON), WSMTP_SASL_RESPOND);
    CHECK_TEXT(sasl.challenge, sasl.challenge_len, JSON);
    CHECK_RESPONSE(&sasl, acknowledgement, strlen(acknowledgement));
    CHECK_TEXT(sasl.challenge, sasl.challenge_len, JSON);
    CHECK_FAILED(&sasl, sasl_challenge(&sasl, "{\"status\":\"again\"}"), AUTH_CHALLENGE);
    CHECK_TEXT(sasl.challenge, sasl.challenge_len, JSON);
    CHECK_END(&sasl);

    /* The longest there can be, and none at all. */
    static uint8_t longest[WSMTP_SASL_CHALLENGE_MAX];
    memset(longest, 'j', sizeof longest);
    CHECK_EQ(wsmtp_sasl_begin(&sasl, mechanism, &c), WSMTP_REASON_OK);
    CHECK_EQ(wsmtp_sasl_challenge(&sasl, longest, sizeof longest), WSMTP_SASL_RESPOND);
    CHECK_OCTETS(sasl.challenge, sasl.challenge_len, longest, sizeof longest);
    CHECK_EQ(wsmtp_sasl_begin(&sasl, mechanism, &c), WSMTP_REASON_OK);
    CHECK_EQ(wsmtp_sasl_challenge(&sasl, NULL, 0), WSMTP_SASL_RESPOND);
    CHECK_EQ(sasl.challenge_len, 0);
    CHECK_END(&sasl);
}

int main(void)
{
    test_rfc7628();
    test_oauthbearer_fields();
    test_xoauth2();
    test_refusal(WSMTP_MECHANISM_XOAUTH2, "");
    test_refusal(WSMTP_MECHANISM_OAUTHBEARER, "\1");
    return check_report();
}
