/* SCRAM's server-first message: what is accepted, and each way in which it may be wrong. */
#include "sasl_exchange.h"

#define OURS "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY"

static wsmtp_sasl_status first(wsmtp_sasl *sasl, wsmtp_credentials *c, const void *text,
                               size_t text_len)
{
    *c = sasl_credentials("user", "pencil");
    CHECK_EQ(wsmtp_sasl_begin(sasl, WSMTP_MECHANISM_SCRAM_SHA_256, c), WSMTP_REASON_OK);
    return wsmtp_sasl_challenge(sasl, text, text_len);
}

static void test_accepted(void)
{
    static const struct {
        const char *text;
        const char *nonce;
        const char *salt;
        uint32_t iterations;
    } rows[] = {{"r=" OURS "x,s=c2FsdA==,i=4096", OURS "x", "salt", 4096},
                {"r=" OURS "!\"#$%&'()*+-./09:;<=>?@AZ[]^_`az{|}~,s=eA==,i=600000",
                 OURS "!\"#$%&'()*+-./09:;<=>?@AZ[]^_`az{|}~", "x", 600000},
                {"r=" OURS OURS ",s=c2FsdA==,i=12345,x=ignored,Y==,z=\xc3\xa4 \x01", OURS OURS,
                 "salt", 12345},
                {"r=" OURS "x,s=c2FsdA==,i=4096,e=late", OURS "x", "salt", 4096}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wsmtp_credentials c;
        wsmtp_sasl sasl;
        CHECK_EQ(first(&sasl, &c, rows[i].text, strlen(rows[i].text)), WSMTP_SASL_NEED_KEY);
        CHECK_TEXT(sasl.challenge + 2, sasl.scram_server_nonce_len, rows[i].nonce);
        CHECK_TEXT(sasl.scram_salt, sasl.scram_salt_len, rows[i].salt);
        CHECK_EQ(sasl.scram_iterations, rows[i].iterations);
        CHECK_EQ(sasl.scram_hash, WSMTP_HASH_SHA_256);
    }
}

static void test_refused(void)
{
    static const struct {
        const char *text;
        wsmtp_reason reason;
    } rows[] = {
        /* an extension that must be understood */
        {"m=x,r=" OURS "x,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_EXTENSION},
        {"r=" OURS "x,s=c2FsdA==,i=4096,m=x", WSMTP_REASON_AUTH_EXTENSION},
        /* an error instead of the message */
        {"e=unknown-user", WSMTP_REASON_AUTH_SERVER_ERROR},
        {"e=other-error,x=y", WSMTP_REASON_AUTH_SERVER_ERROR},
        /* a nonce that is not ours, or nothing but ours */
        {"r=" OURS ",s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_NONCE},
        {"r=AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcX,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_NONCE},
        {"r=BQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYx,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_NONCE},
        {"r=AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcyx,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_NONCE},
        {"r=x" OURS ",s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_NONCE},
        {"r=x,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_NONCE},
        {"r=aqidbaugbwgjcgsmdq4pebesexqvfhcyx,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_NONCE},
        /* a nonce with characters that it may not have */
        {"r=" OURS " ,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x y,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "\x7f,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "\t,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "\r\n,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "\xc3\xa4,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        /* attributes missing, out of order, twice, or in the wrong case */
        {"", WSMTP_REASON_AUTH_CHALLENGE},
        {"r", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"s=c2FsdA==,r=" OURS "x,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,i=4096,s=c2FsdA==", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,r=" OURS "x,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,x=y,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"R=" OURS "x,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,S=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,I=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {" r=" OURS "x,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r:" OURS "x,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x, s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {",r=" OURS "x,s=c2FsdA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        /* salts */
        {"r=" OURS "x,s=,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s====,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA=,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdB==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA== ,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2Fs dA=,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2F-dA==,i=4096", WSMTP_REASON_AUTH_CHALLENGE},
        /* iteration counts that are no numbers */
        {"r=" OURS "x,s=c2FsdA==,i=", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=0", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=04096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=+4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=-4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i= 4096", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=4096 ", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=4096\n", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=0x1000", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=4096.0", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=40:6", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=40/6", WSMTP_REASON_AUTH_CHALLENGE},
        /* iteration counts outside of the limits, and those that would run over */
        {"r=" OURS "x,s=c2FsdA==,i=1", WSMTP_REASON_AUTH_ITERATIONS},
        {"r=" OURS "x,s=c2FsdA==,i=4095", WSMTP_REASON_AUTH_ITERATIONS},
        {"r=" OURS "x,s=c2FsdA==,i=600001", WSMTP_REASON_AUTH_ITERATIONS},
        {"r=" OURS "x,s=c2FsdA==,i=4294967296", WSMTP_REASON_AUTH_ITERATIONS},
        {"r=" OURS "x,s=c2FsdA==,i=4294971392", WSMTP_REASON_AUTH_ITERATIONS},
        {"r=" OURS "x,s=c2FsdA==,i=18446744073709551616", WSMTP_REASON_AUTH_ITERATIONS},
        {"r=" OURS "x,s=c2FsdA==,i=18446744073709555712", WSMTP_REASON_AUTH_ITERATIONS},
        {"r=" OURS "x,s=c2FsdA==,i=99999999999999999999999999999999999999999999999999999999999999",
         WSMTP_REASON_AUTH_ITERATIONS},
        /* extensions that are none */
        {"r=" OURS "x,s=c2FsdA==,i=4096,", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=4096,x", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=4096,x=", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=4096,x=,y=z", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=4096,1=2", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=4096,@=2", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=4096,[=2", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=4096,xy=z", WSMTP_REASON_AUTH_CHALLENGE},
        {"r=" OURS "x,s=c2FsdA==,i=4096,x=y,", WSMTP_REASON_AUTH_CHALLENGE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wsmtp_credentials c;
        wsmtp_sasl sasl;
        wsmtp_sasl_status status = first(&sasl, &c, rows[i].text, strlen(rows[i].text));
        if (!check_failed_for(&sasl, status, rows[i].reason, __FILE__, __LINE__)) {
            check_print("server-first", rows[i].text, strlen(rows[i].text));
        }
    }
}

/* A NUL is permitted nowhere; a message that stops early is never accepted. */
static void test_every_position(void)
{
    static const char good[] = "r=" OURS "xyz,s=c2FsdA==,i=4096,x=extension";
    size_t complete = strlen("r=" OURS "xyz,s=c2FsdA==,i=4096");
    for (size_t at = 0; at < sizeof good - 1; at++) {
        wsmtp_credentials c;
        wsmtp_sasl sasl;
        char text[sizeof good];
        memcpy(text, good, sizeof good);
        text[at] = '\0';
        CHECK_EQ(first(&sasl, &c, text, sizeof good - 1), WSMTP_SASL_FAILED);
        bool whole = at == complete || at > complete + 3;
        CHECK_EQ(first(&sasl, &c, good, at), whole ? WSMTP_SASL_NEED_KEY : WSMTP_SASL_FAILED);
    }
}

static void test_limits(void)
{
    static const struct {
        uint32_t min, max;
        const char *count;
        bool good;
    } rows[] = {{0, 0, "4096", true},
                {0, 0, "600000", true},
                {1, 10, "1", true},
                {1, 10, "10", true},
                {1, 10, "11", false},
                {10000, 0, "9999", false},
                {10000, 0, "10000", true},
                {0, 4096, "4097", false},
                {0, 4294967295u, "4294967295", true},
                {0, 4294967295u, "4294967296", false},
                {4294967295u, 4294967295u, "4294967294", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wsmtp_credentials c = sasl_credentials("user", "pencil");
        wsmtp_sasl sasl;
        char text[128];
        c.scram_iterations_min = rows[i].min;
        c.scram_iterations_max = rows[i].max;
        CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_SCRAM_SHA_1, &c), WSMTP_REASON_OK);
        snprintf(text, sizeof text, "r=" OURS "x,s=c2FsdA==,i=%s", rows[i].count);
        if (rows[i].good) {
            CHECK_EQ(sasl_challenge(&sasl, text), WSMTP_SASL_NEED_KEY);
        } else {
            CHECK_FAILED(&sasl, sasl_challenge(&sasl, text), AUTH_ITERATIONS);
        }
    }
}

/* The salt's limit is 128 bytes; the message's that of a challenge. */
static void test_lengths(void)
{
    static uint8_t salt[129];
    for (size_t salt_len = 127; salt_len <= sizeof salt; salt_len++) {
        wsmtp_credentials c;
        wsmtp_sasl sasl;
        char text[256], encoded[176];
        memset(salt, 's', sizeof salt);
        int encoded_len = (int)wsmtp_base64_encode(salt, salt_len, encoded);
        snprintf(text, sizeof text, "r=" OURS "x,s=%.*s,i=4096", encoded_len, encoded);
        if (salt_len <= 128) {
            CHECK_EQ(first(&sasl, &c, text, strlen(text)), WSMTP_SASL_NEED_KEY);
            CHECK_OCTETS(sasl.scram_salt, sasl.scram_salt_len, salt, salt_len);
        } else {
            CHECK_FAILED(&sasl, first(&sasl, &c, text, strlen(text)), AUTH_CHALLENGE);
        }
    }
    char longest[WSMTP_SASL_CHALLENGE_MAX + 2];
    int nonce_len = (int)WSMTP_SASL_CHALLENGE_MAX - (int)strlen("r=,s=c2FsdA==,i=4096");
    char nonce[WSMTP_SASL_CHALLENGE_MAX];
    memset(nonce, 'n', sizeof nonce);
    memcpy(nonce, OURS, strlen(OURS));
    snprintf(longest, sizeof longest, "r=%.*s,s=c2FsdA==,i=4096", nonce_len, nonce);
    wsmtp_credentials c;
    wsmtp_sasl sasl;
    CHECK_EQ(strlen(longest), WSMTP_SASL_CHALLENGE_MAX);
    CHECK_EQ(first(&sasl, &c, longest, strlen(longest)), WSMTP_SASL_NEED_KEY);
    CHECK_OCTETS(sasl.challenge + 2, sasl.scram_server_nonce_len, nonce, (size_t)nonce_len);
    snprintf(longest, sizeof longest, "r=%.*s,s=c2FsdA==,i=4096", nonce_len + 1, nonce);
    CHECK_FAILED(&sasl, first(&sasl, &c, longest, strlen(longest)), AUTH_CHALLENGE);
}

/* The shortest entropy gives 24 characters of nonce, with padding; more than 24 bytes are ignored.
 */
static void test_nonce(void)
{
    static const uint8_t entropy[40] = {0xff, 0xfe, 0xfd};
    static const struct {
        size_t entropy_len;
        const char *nonce;
    } rows[] = {{16, "//79AAAAAAAAAAAAAAAAAA=="},
                {24, "//79AAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
                {40, "//79AAAAAAAAAAAAAAAAAAAAAAAAAAAA"}};
    for (size_t i = 0; i < 3; i++) {
        wsmtp_credentials c = sasl_credentials("u", "p");
        wsmtp_sasl sasl;
        char text[64];
        c.nonce = entropy;
        c.nonce_len = rows[i].entropy_len;
        CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_SCRAM_SHA_256, &c), WSMTP_REASON_OK);
        snprintf(text, sizeof text, "n,,n=u,r=%s", rows[i].nonce);
        CHECK_RESPONSE(&sasl, text, strlen(text));
        CHECK_END(&sasl);
    }
}

int main(void)
{
    test_accepted();
    test_refused();
    test_every_position();
    test_limits();
    test_lengths();
    test_nonce();
    return check_report();
}
