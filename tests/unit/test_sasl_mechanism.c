/* The names of the mechanisms, and the choice between them. */
#include "sasl_exchange.h"

#define BIT(mechanism) ((wsmtp_mechanism_set)1 << WSMTP_MECHANISM_##mechanism)

static const wsmtp_mechanism_set all = ((wsmtp_mechanism_set)1 << WSMTP_MECHANISM_COUNT) - 2u;

static const char *const names[WSMTP_MECHANISM_COUNT] = {
    "", "PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER",
    "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "EXTERNAL", "ANONYMOUS", "SCRAM-SHA-512",
    "SCRAM-SHA-512-PLUS"};

static void test_names(void)
{
    for (unsigned m = 0; m < WSMTP_MECHANISM_COUNT; m++) {
        size_t len;
        char text[32];
        const char *name = wsmtp_mechanism_name((wsmtp_mechanism)m, &len);
        CHECK_TEXT(name, len, names[m]);
        CHECK_EQ(name[len], 0);
        CHECK(wsmtp_mechanism_name((wsmtp_mechanism)m, NULL) == name);
        CHECK_EQ(wsmtp_mechanism_find(name, len), m);
        if (m == 0) {
            continue;
        }
        /* In lower and mixed case; neither longer nor shorter; a bit of each letter changed. */
        for (size_t i = 0; i < len; i++) {
            text[i] = (char)(name[i] >= 'A' ? name[i] | 0x20 : name[i]);
        }
        text[len] = 'x';
        CHECK_EQ(wsmtp_mechanism_find(text, len), m);
        text[0] = name[0];
        CHECK_EQ(wsmtp_mechanism_find(text, len), m);
        CHECK_EQ(wsmtp_mechanism_find(text, len + 1), WSMTP_MECHANISM_AUTO);
        CHECK_EQ(wsmtp_mechanism_find(text, len - 1), WSMTP_MECHANISM_AUTO);
        for (size_t i = 0; i < len; i++) {
            memcpy(text, name, len);
            for (unsigned bit = 0; bit < 8; bit++) {
                if (name[i] < 'A' || bit != 5) {
                    text[i] = (char)((unsigned char)name[i] ^ 1u << bit);
                    CHECK_EQ(wsmtp_mechanism_find(text, len), WSMTP_MECHANISM_AUTO);
                }
            }
        }
    }
    size_t len = 7;
    const char *name = wsmtp_mechanism_name((wsmtp_mechanism)WSMTP_MECHANISM_COUNT, &len);
    CHECK_TEXT(name, len, "");
    CHECK_EQ(wsmtp_mechanism_find("SCRAM-SHA-384-PLUS", 18), WSMTP_MECHANISM_AUTO);
    CHECK_EQ(wsmtp_mechanism_find("GSSAPI", 6), WSMTP_MECHANISM_AUTO);
}

static wsmtp_mechanism chosen(wsmtp_mechanism pinned, bool token, wsmtp_mechanism_set offered,
                              wsmtp_reason *reason)
{
    wsmtp_credentials c =
        token ? sasl_token("user", "token") : sasl_credentials("user", "password");
    wsmtp_mechanism mechanism = WSMTP_MECHANISM_AUTO;
    c.mechanism = pinned;
    *reason = wsmtp_mechanism_choose(&c, offered, &mechanism);
    return mechanism;
}

/* Every set of mechanisms that a server may offer, with a password, with a token, with each pinned.
 */
static void test_choice(void)
{
    for (wsmtp_mechanism_set offered = 0; offered <= all; offered += 2) {
        wsmtp_reason reason;
        wsmtp_mechanism wanted = offered & BIT(SCRAM_SHA_256) ? WSMTP_MECHANISM_SCRAM_SHA_256
                                 : offered & BIT(SCRAM_SHA_512) ? WSMTP_MECHANISM_SCRAM_SHA_512
                                 : offered & BIT(PLAIN)       ? WSMTP_MECHANISM_PLAIN
                                 : offered & BIT(LOGIN)       ? WSMTP_MECHANISM_LOGIN
                                                              : WSMTP_MECHANISM_AUTO;
        CHECK_EQ(chosen(WSMTP_MECHANISM_AUTO, false, offered, &reason), wanted);
        CHECK_EQ(reason, wanted ? WSMTP_REASON_OK : WSMTP_REASON_AUTH_NO_MECHANISM);

        wanted = offered & BIT(OAUTHBEARER) ? WSMTP_MECHANISM_OAUTHBEARER
                 : offered & BIT(XOAUTH2)   ? WSMTP_MECHANISM_XOAUTH2
                                            : WSMTP_MECHANISM_AUTO;
        CHECK_EQ(chosen(WSMTP_MECHANISM_AUTO, true, offered, &reason), wanted);
        CHECK_EQ(reason, wanted ? WSMTP_REASON_OK : WSMTP_REASON_AUTH_NO_MECHANISM);

        for (unsigned pinned = 1; pinned < WSMTP_MECHANISM_COUNT; pinned++) {
            bool is_offered = (offered >> pinned & 1u) != 0;
            CHECK_EQ(chosen((wsmtp_mechanism)pinned, false, offered, &reason),
                     is_offered ? pinned : 0);
            CHECK_EQ(reason, is_offered ? WSMTP_REASON_OK : WSMTP_REASON_AUTH_NOT_OFFERED);
        }
    }
    wsmtp_reason reason;
    CHECK_EQ(
        chosen((wsmtp_mechanism)WSMTP_MECHANISM_COUNT, false, ~(wsmtp_mechanism_set)0, &reason), 0);
    CHECK_EQ(reason, WSMTP_REASON_NOT_BUILT);
}

static void test_no_mechanism(void)
{
    wsmtp_credentials c = sasl_credentials("user", "password");
    wsmtp_sasl sasl;
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_AUTO, &c), WSMTP_REASON_CONFIG_VALUE);
    CHECK_EQ(sasl.field, WSMTP_FIELD_MECHANISM);
    CHECK(!wsmtp_sasl_client_first(&sasl));
    CHECK_FAILED(&sasl, WSMTP_SASL_FAILED, CONFIG_VALUE);
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_COUNT, &c), WSMTP_REASON_CONFIG_VALUE);
    CHECK_EQ(sasl.field, WSMTP_FIELD_MECHANISM);
    /* An exchange that has ended. */
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_PLAIN, &c), WSMTP_REASON_OK);
    CHECK_END(&sasl);
    CHECK_FAILED(&sasl, wsmtp_sasl_success(&sasl, NULL, 0), STATE);
}

int main(void)
{
    test_names();
    test_choice();
    test_no_mechanism();
    return check_report();
}
