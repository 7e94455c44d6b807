/* What each mechanism needs and permits: every field, every octet, before anything is sent. */
#include "sasl_exchange.h"

#include <stdlib.h>

static wsmtp_reason begun(wsmtp_mechanism mechanism, const wsmtp_credentials *c, wsmtp_field *field)
{
    wsmtp_sasl sasl;
    wsmtp_reason reason = wsmtp_sasl_begin(&sasl, mechanism, c);
    CHECK_EQ(sasl.reason, reason);
    *field = sasl.field;
    if (reason != WSMTP_REASON_OK) {
        CHECK_EQ(wsmtp_sasl_response_len(&sasl), 0);
    }
    wsmtp_sasl_end(&sasl);
    return reason;
}

#define CHECK_BEGIN(mechanism, c, wanted_reason, wanted_field)                                     \
    do {                                                                                           \
        wsmtp_field field;                                                                         \
        CHECK_EQ(begun(mechanism, c, &field), WSMTP_REASON_##wanted_reason);                       \
        CHECK_EQ(field, WSMTP_FIELD_##wanted_field);                                               \
    } while (0)

static bool by_token(wsmtp_mechanism m)
{
    return m == WSMTP_MECHANISM_XOAUTH2 || m == WSMTP_MECHANISM_OAUTHBEARER;
}

static bool has_authzid(wsmtp_mechanism m)
{
    return m != WSMTP_MECHANISM_LOGIN && m != WSMTP_MECHANISM_CRAM_MD5 &&
           m != WSMTP_MECHANISM_XOAUTH2 && m != WSMTP_MECHANISM_ANONYMOUS;
}

/* EXTERNAL knows no user; to ANONYMOUS it is a trace, to OAUTHBEARER a hint. */
static bool needs_user(wsmtp_mechanism m)
{
    return m != WSMTP_MECHANISM_OAUTHBEARER && m != WSMTP_MECHANISM_EXTERNAL &&
           m != WSMTP_MECHANISM_ANONYMOUS;
}

static bool has_password(wsmtp_mechanism m)
{
    return needs_user(m) && !by_token(m);
}

/* All that a mechanism may use is given and good. */
static wsmtp_credentials complete(void)
{
    wsmtp_credentials c = sasl_credentials("user", "password");
    c.token = "token";
    c.token_len = 5;
    sasl_bind(&c);
    return c;
}

static void test_needed(void)
{
    for (wsmtp_mechanism m = WSMTP_MECHANISM_PLAIN; m < WSMTP_MECHANISM_COUNT; m++) {
        wsmtp_credentials c = complete();
        CHECK_BEGIN(m, &c, OK, NONE);
        c.user_len = 0;
        if (!needs_user(m)) {
            CHECK_BEGIN(m, &c, OK, NONE);
            c.user = NULL;
            CHECK_BEGIN(m, &c, OK, NONE);
        } else {
            CHECK_BEGIN(m, &c, CREDENTIAL_EMPTY, USER);
            c.user = NULL;
            CHECK_BEGIN(m, &c, CREDENTIAL_MISSING, USER);
        }
        c = complete();
        c.password_len = 0;
        if (!has_password(m)) {
            CHECK_BEGIN(m, &c, OK, NONE);
        } else {
            CHECK_BEGIN(m, &c, CREDENTIAL_EMPTY, PASSWORD);
            c.password = NULL;
            CHECK_BEGIN(m, &c, CREDENTIAL_MISSING, PASSWORD);
        }
        c = complete();
        c.token_len = 0;
        if (by_token(m)) {
            CHECK_BEGIN(m, &c, CREDENTIAL_EMPTY, TOKEN);
            c.token = NULL;
            CHECK_BEGIN(m, &c, CREDENTIAL_MISSING, TOKEN);
        } else {
            CHECK_BEGIN(m, &c, OK, NONE);
        }
        c = complete();
        c.authzid = "";
        CHECK_BEGIN(m, &c, OK, NONE);
        c.authzid = "other";
        c.authzid_len = 5;
        if (has_authzid(m)) {
            CHECK_BEGIN(m, &c, OK, NONE);
        } else {
            CHECK_BEGIN(m, &c, CREDENTIAL_UNSUPPORTED, AUTHZID);
        }
    }
}

static bool permitted(wsmtp_mechanism m, wsmtp_field field, unsigned octet)
{
    if (field == WSMTP_FIELD_TOKEN) {
        return octet > 0x20 && octet < 0x7f;
    }
    if (by_token(m) || m == WSMTP_MECHANISM_ANONYMOUS) {
        return octet >= 0x20 && octet != 0x7f;
    }
    return octet != 0;
}

/* Each octet at the start, in the middle and at the end of each field. */
static void test_every_octet(void)
{
    for (wsmtp_mechanism m = WSMTP_MECHANISM_PLAIN; m < WSMTP_MECHANISM_COUNT; m++) {
        for (unsigned f = WSMTP_FIELD_USER; f <= WSMTP_FIELD_HOST; f++) {
            if ((m == WSMTP_MECHANISM_EXTERNAL && f == WSMTP_FIELD_USER) ||
                (!has_password(m) && f == WSMTP_FIELD_PASSWORD) ||
                (!by_token(m) && f == WSMTP_FIELD_TOKEN) ||
                (f == WSMTP_FIELD_AUTHZID && !has_authzid(m)) ||
                (f == WSMTP_FIELD_HOST && m != WSMTP_MECHANISM_OAUTHBEARER)) {
                continue;
            }
            for (unsigned octet = 0; octet < 256; octet++) {
                for (size_t at = 0; at < 3; at++) {
                    wsmtp_credentials c = complete();
                    wsmtp_field field;
                    char text[3] = {'a', 'b', 'c'};
                    text[at] = (char)octet;
                    const char **texts[] = {&c.user, &c.password, &c.token, &c.authzid, &c.host};
                    size_t *lens[] = {&c.user_len, &c.password_len, &c.token_len, &c.authzid_len,
                                      &c.host_len};
                    *texts[f - WSMTP_FIELD_USER] = text;
                    *lens[f - WSMTP_FIELD_USER] = sizeof text;
                    bool good = permitted(m, (wsmtp_field)f, octet);
                    CHECK_EQ(begun(m, &c, &field),
                             good ? WSMTP_REASON_OK : WSMTP_REASON_CREDENTIAL_CHARACTER);
                    CHECK_EQ(field, good ? WSMTP_FIELD_NONE : f);
                }
            }
        }
    }
}

static void test_too_long(void)
{
    char *text = malloc(9001);
    if (!CHECK(text != NULL)) {
        return;
    }
    memset(text, 'x', 9001);
    for (wsmtp_mechanism m = WSMTP_MECHANISM_PLAIN; m < WSMTP_MECHANISM_COUNT; m++) {
        wsmtp_credentials c = complete();
        c.user = text;
        c.user_len = 9000;
        CHECK_BEGIN(m, &c, OK, NONE);
        c.user_len = 9001;
        if (m == WSMTP_MECHANISM_EXTERNAL) {
            CHECK_BEGIN(m, &c, OK, NONE);
            c.authzid = text;
            c.authzid_len = 9000;
            CHECK_BEGIN(m, &c, OK, NONE);
            c.authzid_len = 9001;
            CHECK_BEGIN(m, &c, CREDENTIAL_TOO_LONG, AUTHZID);
        } else {
            CHECK_BEGIN(m, &c, CREDENTIAL_TOO_LONG, USER);
        }
        c = complete();
        c.password = c.token = text;
        c.password_len = c.token_len = 9001;
        if (by_token(m)) {
            CHECK_BEGIN(m, &c, CREDENTIAL_TOO_LONG, TOKEN);
        } else if (!has_password(m)) {
            CHECK_BEGIN(m, &c, OK, NONE);
        } else {
            CHECK_BEGIN(m, &c, CREDENTIAL_TOO_LONG, PASSWORD);
        }
    }
    free(text);
}

static void test_scram_settings(void)
{
    static const wsmtp_mechanism all[] = {WSMTP_MECHANISM_SCRAM_SHA_1, WSMTP_MECHANISM_SCRAM_SHA_256,
                                          WSMTP_MECHANISM_SCRAM_SHA_512};
    for (size_t i = 0; i < 3; i++) {
        wsmtp_credentials c = complete();
        c.nonce_len = WSMTP_NONCE_MIN;
        CHECK_BEGIN(all[i], &c, OK, NONE);
        c.nonce_len = WSMTP_NONCE_MIN - 1;
        CHECK_BEGIN(all[i], &c, NONCE_TOO_SHORT, NONCE);
        c.nonce_len = WSMTP_NONCE_MAX;
        c.nonce = NULL;
        CHECK_BEGIN(all[i], &c, NONCE_TOO_SHORT, NONCE);
        c = complete();
        c.scram_iterations_min = c.scram_iterations_max = 10000;
        CHECK_BEGIN(all[i], &c, OK, NONE);
        c.scram_iterations_min++;
        CHECK_BEGIN(all[i], &c, ITERATION_LIMITS, ITERATIONS);
        /* The default of the other limit counts as well. */
        c.scram_iterations_min = 0;
        c.scram_iterations_max = 4095;
        CHECK_BEGIN(all[i], &c, ITERATION_LIMITS, ITERATIONS);
        c.scram_iterations_min = 600001;
        c.scram_iterations_max = 0;
        CHECK_BEGIN(all[i], &c, ITERATION_LIMITS, ITERATIONS);
        c.scram_iterations_min = 600000;
        CHECK_BEGIN(all[i], &c, OK, NONE);
    }
    /* Other mechanisms do without. */
    wsmtp_credentials c = complete();
    c.nonce = NULL;
    c.nonce_len = 0;
    c.scram_iterations_min = 2;
    c.scram_iterations_max = 1;
    CHECK_BEGIN(WSMTP_MECHANISM_PLAIN, &c, OK, NONE);
}

static void test_port(void)
{
    wsmtp_credentials c = complete();
    c.port = 65535;
    CHECK_BEGIN(WSMTP_MECHANISM_OAUTHBEARER, &c, OK, NONE);
    c.port = 65536;
    CHECK_BEGIN(WSMTP_MECHANISM_OAUTHBEARER, &c, CONFIG_VALUE, CONFIG);
    CHECK_BEGIN(WSMTP_MECHANISM_PLAIN, &c, OK, NONE);
}

int main(void)
{
    wsmtp_credentials c;
    memset(&c, 0xa5, sizeof c);
    wsmtp_credentials_init(&c);
    CHECK_EQ(c.size, sizeof c);
    CHECK(c.mechanism == WSMTP_MECHANISM_AUTO && c.user == NULL && !c.allow_plaintext_auth);
    test_needed();
    test_every_octet();
    test_too_long();
    test_scram_settings();
    test_port();
    return check_report();
}
