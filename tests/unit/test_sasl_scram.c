/* SCRAM-SHA-1 (RFC 5802), SCRAM-SHA-256 (RFC 7677) and SCRAM-SHA-512: whole exchanges. */
#include "sasl_exchange.h"

#include "algorithms.h"

/*
 * The examples of RFC 5802 section 5 and RFC 7677 section 3. Of SCRAM-SHA-512 there is none: it is
 * that of RFC 7677, worked out with another implementation of HMAC and PBKDF2.
 */
static const struct example {
    wsmtp_mechanism mechanism;
    wsmtp_hash hash;
    const char *nonce, *server_nonce, *salt, *proof, *signature;
} examples[] = {
    {WSMTP_MECHANISM_SCRAM_SHA_1, WSMTP_HASH_SHA_1, "fyko+d2lbbFgONRv9qkxdawL",
     "3rfcNHYJY1ZVvWVs7j", "QSXCR+Q6sek8bf92", "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    {WSMTP_MECHANISM_SCRAM_SHA_256, WSMTP_HASH_SHA_256, "rOprNGfwEbeRWgbNEkqO",
     "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "W22ZaJ0SNY7soEsUEjb6gQ==", "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
    {WSMTP_MECHANISM_SCRAM_SHA_512, WSMTP_HASH_SHA_512, "rOprNGfwEbeRWgbNEkqO",
     "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "W22ZaJ0SNY7soEsUEjb6gQ==",
     "gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC"
     "6wdp6dybEmDYXYTxwnYPJQ==",
     "ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4"
     "+5ZxXnJq199RVG2rR7N7Zw=="}};
#define EXAMPLES (sizeof examples / sizeof *examples)

/* Starts an exchange with an example's nonce, which RFC 7677 made shorter than we would. */
static wsmtp_credentials begin_example(const struct example *x, wsmtp_sasl *sasl,
                                       wsmtp_credentials *c)
{
    *c = sasl_credentials("user", "pencil");
    CHECK_EQ(wsmtp_sasl_begin(sasl, x->mechanism, c), WSMTP_REASON_OK);
    sasl->scram_nonce_len = strlen(x->nonce);
    memcpy(sasl->scram_nonce, x->nonce, sasl->scram_nonce_len);
    return *c;
}

static wsmtp_sasl_status derive(wsmtp_sasl *sasl)
{
    uint8_t key[WSMTP_HASH_MAX];
    wsmtp_derive_key(sasl->scram_hash, (const uint8_t *)sasl->credentials->password,
                     sasl->credentials->password_len, sasl->scram_salt, sasl->scram_salt_len,
                     sasl->scram_iterations, key);
    return wsmtp_sasl_key(sasl, key, wsmtp_hash_len(sasl->scram_hash));
}

/* An example as far as its client-final. */
static void run_example(const struct example *x, wsmtp_sasl *sasl, wsmtp_credentials *c)
{
    char text[256];
    begin_example(x, sasl, c);
    CHECK(wsmtp_sasl_client_first(sasl));
    snprintf(text, sizeof text, "n,,n=user,r=%s", x->nonce);
    CHECK_RESPONSE(sasl, text, strlen(text));
    snprintf(text, sizeof text, "r=%s%s,s=%s,i=4096", x->nonce, x->server_nonce, x->salt);
    CHECK_EQ(sasl_challenge(sasl, text), WSMTP_SASL_NEED_KEY);
    CHECK_EQ(sasl->scram_iterations, 4096);
    CHECK_EQ(sasl->scram_hash, x->hash);
    /* Nothing to read while the key is awaited. */
    uint8_t octet;
    CHECK_EQ(wsmtp_sasl_response_len(sasl), 0);
    CHECK_EQ(wsmtp_sasl_read(sasl, &octet, 1), 0);
    CHECK_EQ(derive(sasl), WSMTP_SASL_RESPOND);
    snprintf(text, sizeof text, "c=biws,r=%s%s,p=%s", x->nonce, x->server_nonce, x->proof);
    CHECK_RESPONSE(sasl, text, strlen(text));
}

static void test_examples(void)
{
    for (size_t i = 0; i < EXAMPLES; i++) {
        wsmtp_credentials c;
        wsmtp_sasl sasl;
        char final[160];
        snprintf(final, sizeof final, "v=%s", examples[i].signature);
        /* The server's final message as a challenge, which an empty response answers. */
        run_example(&examples[i], &sasl, &c);
        CHECK_EQ(sasl_challenge(&sasl, final), WSMTP_SASL_RESPOND);
        CHECK_RESPONSE_TEXT(&sasl, "");
        wsmtp_sasl copy = sasl;
        CHECK_EQ(wsmtp_sasl_success(&sasl, NULL, 0), WSMTP_SASL_DONE);
        static const uint8_t zero[sizeof sasl.scratch];
        CHECK_OCTETS(sasl.scratch, sizeof sasl.scratch, zero, sizeof zero);
        CHECK_END(&sasl);
        CHECK_FAILED(&copy, sasl_challenge(&copy, final), AUTH_CHALLENGE);
        /* As data of the success; with an extension behind it. */
        run_example(&examples[i], &sasl, &c);
        CHECK_EQ(sasl_success(&sasl, final), WSMTP_SASL_DONE);
        CHECK_END(&sasl);
        run_example(&examples[i], &sasl, &c);
        snprintf(final, sizeof final, "v=%s,x=y", examples[i].signature);
        CHECK_EQ(sasl_success(&sasl, final), WSMTP_SASL_DONE);
        CHECK_END(&sasl);
    }
}

/* Success is believed only of a server that has proven itself. */
static void test_unproven(void)
{
    static const uint8_t zero[WSMTP_HASH_MAX];
    for (size_t i = 0; i < EXAMPLES; i++) {
        wsmtp_credentials c;
        wsmtp_sasl sasl, start;
        char text[256];
        begin_example(&examples[i], &sasl, &c);
        CHECK_FAILED(&sasl, wsmtp_sasl_success(&sasl, NULL, 0), AUTH_SERVER_SIGNATURE);

        begin_example(&examples[i], &sasl, &c);
        snprintf(text, sizeof text, "v=%s", examples[i].signature);
        CHECK_FAILED(&sasl, sasl_success(&sasl, text), AUTH_SERVER_SIGNATURE);

        /* A server that knows nothing may hope that an unset signature is compared with its own. */
        begin_example(&examples[i], &sasl, &c);
        CHECK_FAILED(&sasl, sasl_success(&sasl, "v=AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
                     AUTH_SERVER_SIGNATURE);
        begin_example(&examples[i], &sasl, &c);
        snprintf(text, sizeof text, "r=%sx,s=%s,i=4096", examples[i].nonce, examples[i].salt);
        CHECK_EQ(sasl_challenge(&sasl, text), WSMTP_SASL_NEED_KEY);
        start = sasl;
        text[0] = 'v';
        size_t text_len = 2 + wsmtp_base64_encode(zero, algorithm_of(examples[i].hash)->digest_len, text + 2);
        text[1] = '=';
        CHECK_FAILED(&sasl, wsmtp_sasl_success(&sasl, (const uint8_t *)text, text_len),
                     AUTH_SERVER_SIGNATURE);
        sasl = start;
        CHECK_FAILED(&sasl, wsmtp_sasl_success(&sasl, NULL, 0), AUTH_SERVER_SIGNATURE);
        sasl = start;
        CHECK_FAILED(&sasl, sasl_challenge(&sasl, text), AUTH_CHALLENGE);

        run_example(&examples[i], &start, &c);
        sasl = start;
        CHECK_FAILED(&sasl, wsmtp_sasl_success(&sasl, NULL, 0), AUTH_SERVER_SIGNATURE);
        CHECK_OCTETS(sasl.scratch, 32, zero, 32);
        CHECK_OCTETS(sasl.scram_server_signature, 32, zero, 32);
        sasl = start;
        CHECK_FAILED(&sasl, sasl_success(&sasl, "OK"), AUTH_SERVER_SIGNATURE);
        sasl = start;
        CHECK_FAILED(&sasl, sasl_success(&sasl, "v=AAAA"), AUTH_SERVER_SIGNATURE);
        sasl = start;
        CHECK_FAILED(&sasl, sasl_success(&sasl, "e=invalid-proof"), AUTH_SERVER_ERROR);
        sasl = start;
        CHECK_FAILED(&sasl, sasl_challenge(&sasl, "e=invalid-proof"), AUTH_SERVER_ERROR);
        sasl = start;
        CHECK_FAILED(&sasl, wsmtp_sasl_challenge(&sasl, NULL, 0), AUTH_CHALLENGE);
    }
}

/* Every bit of the signature counts, on both ways that it may come. */
static void test_wrong_signature(void)
{
    for (size_t i = 0; i < EXAMPLES; i++) {
        wsmtp_credentials c;
        wsmtp_sasl start, sasl;
        uint8_t signature[WSMTP_HASH_MAX];
        size_t signature_len = sizeof signature;
        run_example(&examples[i], &start, &c);
        CHECK(wsmtp_base64_decode(examples[i].signature, strlen(examples[i].signature), signature,
                                  &signature_len));
        for (size_t bit = 0; bit < signature_len * 8; bit++) {
            uint8_t text[2 + 88] = {'v', '='};
            signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
            size_t n = 2 + wsmtp_base64_encode(signature, signature_len, (char *)text + 2);
            signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
            sasl = start;
            CHECK_FAILED(&sasl, wsmtp_sasl_challenge(&sasl, text, n), AUTH_SERVER_SIGNATURE);
            sasl = start;
            CHECK_FAILED(&sasl, wsmtp_sasl_success(&sasl, text, n), AUTH_SERVER_SIGNATURE);
        }
        /* Too short, though right as far as it goes; not canonical; something before or after it.
         */
        static const char *const malformed[] = {
            "v=%.4s", "v=%.16s", "v=",     "v",        "",         "V=%s",
            "v=%s=",  "v=%s,",   "v=%s,x", "v=%s,1=2", "v=%s,x=",  "x=y,v=%s",
            ",v=%s",  " v=%s",   "v=%s\n", "v= %s",    "r=x,v=%s", "%s"};
        for (size_t k = 0; k < sizeof malformed / sizeof malformed[0]; k++) {
            char text[160];
            snprintf(text, sizeof text, malformed[k], examples[i].signature);
            sasl = start;
            if (!CHECK_FAILED(&sasl, sasl_challenge(&sasl, text), AUTH_CHALLENGE)) {
                check_print("server-final", text, strlen(text));
            }
        }
        char text[160];
        snprintf(text, sizeof text, "v=%s,m=x", examples[i].signature);
        sasl = start;
        CHECK_FAILED(&sasl, sasl_challenge(&sasl, text), AUTH_EXTENSION);
    }
}

/*
 * A server of our own, which takes the client's messages as text: what it signs is put together
 * here from what was sent, not by the code under test.
 */
static void test_exchange(const struct example *x, const char *user, const char *authzid,
                          const char *first, const char *channel_binding)
{
    wsmtp_credentials c = sasl_credentials(user, "p\xc3\xa4ss,=word");
    wsmtp_hash_algorithm *algorithm = algorithm_of(x->hash);
    size_t digest_len = algorithm->digest_len;
    wsmtp_sasl sasl;
    char server_first[256], message[1024], wanted[256], proof_text[96] = "";
    uint8_t salted[64], key[64], stored[64], other[64];
    wsmtp_hmac hmac;
    wsmtp_hash_context hash;

    c.authzid = authzid;
    c.authzid_len = strlen(authzid);
    CHECK_EQ(wsmtp_sasl_begin(&sasl, x->mechanism, &c), WSMTP_REASON_OK);
    CHECK_EQ(sasl.scram_nonce_len, 32);
    CHECK_TEXT(sasl.scram_nonce, sasl.scram_nonce_len, "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY");
    CHECK_RESPONSE(&sasl, first, strlen(first));
    snprintf(server_first, sizeof server_first,
             "r=AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY!~=more,s=c2FsdA==,i=4097,x=an extension");
    CHECK_EQ(sasl_challenge(&sasl, server_first), WSMTP_SASL_NEED_KEY);
    CHECK_EQ(sasl.scram_iterations, 4097);
    CHECK_TEXT(sasl.scram_salt, sasl.scram_salt_len, "salt");
    CHECK_EQ(derive(&sasl), WSMTP_SASL_RESPOND);

    snprintf(wanted, sizeof wanted, "c=%s,r=AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY!~=more",
             channel_binding);
    snprintf(message, sizeof message, "%s,%s,%s", strstr(first, "n="), server_first, wanted);
    wsmtp_derive_key(x->hash, (const uint8_t *)c.password,
                     c.password_len, (const uint8_t *)"salt", 4, 4097, salted);
    wsmtp_hmac_init(&hmac, algorithm, salted, digest_len);
    wsmtp_hmac_update(&hmac, "Client Key", 10);
    wsmtp_hmac_final(&hmac, key);
    wsmtp_hash_init(&hash, algorithm);
    wsmtp_hash_update(&hash, key, digest_len);
    wsmtp_hash_final(&hash, stored);
    wsmtp_hmac_init(&hmac, algorithm, stored, digest_len);
    wsmtp_hmac_update(&hmac, message, strlen(message));
    wsmtp_hmac_final(&hmac, other);
    for (size_t i = 0; i < digest_len; i++) {
        other[i] ^= key[i];
    }
    proof_text[wsmtp_base64_encode(other, digest_len, proof_text)] = '\0';
    snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), ",p=%s", proof_text);
    CHECK_RESPONSE(&sasl, wanted, strlen(wanted));

    wsmtp_hmac_init(&hmac, algorithm, salted, digest_len);
    wsmtp_hmac_update(&hmac, "Server Key", 10);
    wsmtp_hmac_final(&hmac, key);
    wsmtp_hmac_init(&hmac, algorithm, key, digest_len);
    wsmtp_hmac_update(&hmac, message, strlen(message));
    wsmtp_hmac_final(&hmac, other);
    memcpy(message, "v=", 2);
    CHECK_EQ(wsmtp_sasl_success(&sasl, (const uint8_t *)message,
                                2 + wsmtp_base64_encode(other, digest_len, message + 2)),
             WSMTP_SASL_DONE);
    CHECK_END(&sasl);
}

#define NONCE_TEXT ",r=AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY"

static void test_names(void)
{
    for (size_t i = 0; i < EXAMPLES; i++) {
        const struct example *x = &examples[i];
        test_exchange(x, "user", "", "n,,n=user" NONCE_TEXT, "biws");
        test_exchange(x, "a,b=c", "", "n,,n=a=2Cb=3Dc" NONCE_TEXT, "biws");
        test_exchange(x, "=2C", "", "n,,n==3D2C" NONCE_TEXT, "biws");
        test_exchange(x, "m\xc3\xbcller", "", "n,,n=m\xc3\xbcller" NONCE_TEXT, "biws");
        /* The header in base64, with each of the three paddings, and escaped before that. */
        test_exchange(x, "user", "x", "n,a=x,n=user" NONCE_TEXT, "bixhPXgs");
        test_exchange(x, "user", "xy", "n,a=xy,n=user" NONCE_TEXT, "bixhPXh5LA==");
        test_exchange(x, "user", "xyz", "n,a=xyz,n=user" NONCE_TEXT, "bixhPXh5eiw=");
        test_exchange(x, ",", "=,", "n,a==3D=2C,n==2C" NONCE_TEXT, "bixhPT0zRD0yQyw=");
    }
}

static void test_key(void)
{
    static const uint8_t key[65];
    for (size_t i = 0; i < EXAMPLES; i++) {
        wsmtp_credentials c;
        wsmtp_sasl sasl;
        char text[256];
        size_t right = algorithm_of(examples[i].hash)->digest_len;
        static const size_t wrong[] = {0, 19, 21, 31, 33, 63, 65, 20, 32, 64};
        for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
            begin_example(&examples[i], &sasl, &c);
            snprintf(text, sizeof text, "r=%sx,s=%s,i=4096", examples[i].nonce, examples[i].salt);
            CHECK_EQ(sasl_challenge(&sasl, text), WSMTP_SASL_NEED_KEY);
            if (wrong[k] != right) {
                CHECK_FAILED(&sasl, wsmtp_sasl_key(&sasl, key, wrong[k]), AUTH_KEY);
            } else {
                CHECK_EQ(wsmtp_sasl_key(&sasl, key, wrong[k]), WSMTP_SASL_RESPOND);
                CHECK_FAILED(&sasl, wsmtp_sasl_key(&sasl, key, wrong[k]), STATE);
            }
        }
        begin_example(&examples[i], &sasl, &c);
        CHECK_FAILED(&sasl, wsmtp_sasl_key(&sasl, key, right), STATE);
    }
}

int main(void)
{
    test_examples();
    test_unproven();
    test_wrong_signature();
    test_names();
    test_key();
    return check_report();
}
