/*
 * SCRAM with channel binding (RFC 5802 section 6, RFC 5929, RFC 9266). The RFCs give no example:
 * these exchanges are those of RFC 7677, with the binding 00 01 ... 1f, worked out with another
 * implementation of HMAC and PBKDF2.
 */
#include "sasl_exchange.h"

#define NONCE "rOprNGfwEbeRWgbNEkqO"
#define SERVER_NONCE NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

static const struct example {
    wsmtp_mechanism pinned, mechanism;
    wsmtp_binding binding;
    const char *header, *salt, *bound, *proof, *signature;
} examples[] = {
    {WSMTP_MECHANISM_AUTO, WSMTP_MECHANISM_SCRAM_SHA_256_PLUS, WSMTP_BINDING_TLS_EXPORTER,
     "p=tls-exporter,,", "W22ZaJ0SNY7soEsUEjb6gQ==",
     "cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
     "QC6CS20quADQRb3mT99YUH+n3VJxUvzuK0K0E1Vrs2M=",
     "2GiAgapEppLVlUXbxUDksL3VgYHzuqiK5tR4mhJGgvs="},
    {WSMTP_MECHANISM_SCRAM_SHA_1_PLUS, WSMTP_MECHANISM_SCRAM_SHA_1_PLUS,
     WSMTP_BINDING_TLS_SERVER_END_POINT, "p=tls-server-end-point,,", "QSXCR+Q6sek8bf92",
     "cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
     "hrJzh97r8H01daA9znzoinPWQIM=", "GE5VlEO2Z6ovtFSX3CwnzZB42RU="},
    {WSMTP_MECHANISM_SCRAM_SHA_512_PLUS, WSMTP_MECHANISM_SCRAM_SHA_512_PLUS,
     WSMTP_BINDING_TLS_EXPORTER, "p=tls-exporter,,", "W22ZaJ0SNY7soEsUEjb6gQ==",
     "cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
     "jVaGV/PIJ7hgkpxV9a1jdpzyYkHQH9gW6fn3DbAL2oEA+5w4CCSJjoq8G37bn2Fs"
     "GaVEMsk4kiHRqMUoN/aiiA==",
     "bTvxua5nsJsvSd2bk+1WbSe84MBgjkACQPOqiN7MhTBLYxVX2QUqwET2NLcZEv2C"
     "fexR6NbAMluKltOEs5vLYw=="},
    /* We could bind, the server did not offer it: it can tell that nobody took the offer away. */
    {WSMTP_MECHANISM_AUTO, WSMTP_MECHANISM_SCRAM_SHA_256, WSMTP_BINDING_TLS_EXPORTER, "y,,",
     "W22ZaJ0SNY7soEsUEjb6gQ==", "eSws", "FoqiHTtQEDE8lz1CdaEe3tK4mS+iMDTl77SPyDS53DY=",
     "dI4KpiQJwBr1+V+K6U1dA6l6I4I9DUNXWND4pcpRU3U="},
    /* Without binding because the caller has pinned it so. */
    {WSMTP_MECHANISM_SCRAM_SHA_256, WSMTP_MECHANISM_SCRAM_SHA_256, WSMTP_BINDING_TLS_EXPORTER,
     "n,,", "W22ZaJ0SNY7soEsUEjb6gQ==", "biws", "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="}};

static wsmtp_credentials bound_credentials(wsmtp_binding binding)
{
    static uint8_t data[32];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    wsmtp_credentials c = sasl_credentials("user", "pencil");
    c.binding = binding;
    c.binding_data = data;
    c.binding_data_len = sizeof data;
    return c;
}

static void run_example(const struct example *x, wsmtp_sasl *sasl, const wsmtp_credentials *c)
{
    char text[512];
    uint8_t key[WSMTP_HASH_MAX];
    CHECK_EQ(wsmtp_sasl_begin(sasl, x->mechanism, c), WSMTP_REASON_OK);
    sasl->scram_nonce_len = strlen(NONCE);
    memcpy(sasl->scram_nonce, NONCE, strlen(NONCE));
    snprintf(text, sizeof text, "%sn=user,r=%s", x->header, NONCE);
    CHECK_RESPONSE(sasl, text, strlen(text));
    snprintf(text, sizeof text, "r=%s,s=%s,i=4096", SERVER_NONCE, x->salt);
    CHECK_EQ(sasl_challenge(sasl, text), WSMTP_SASL_NEED_KEY);
    wsmtp_derive_key(sasl->scram_hash, (const uint8_t *)"pencil", 6, sasl->scram_salt,
                     sasl->scram_salt_len, 4096, key);
    CHECK_EQ(wsmtp_sasl_key(sasl, key, wsmtp_hash_len(sasl->scram_hash)), WSMTP_SASL_RESPOND);
    snprintf(text, sizeof text, "c=%s,r=%s,p=%s", x->bound, SERVER_NONCE, x->proof);
    CHECK_RESPONSE(sasl, text, strlen(text));
    snprintf(text, sizeof text, "v=%s", x->signature);
    CHECK_EQ(sasl_success(sasl, text), WSMTP_SASL_DONE);
    CHECK_END(sasl);
}

static void test_examples(void)
{
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        wsmtp_credentials c = bound_credentials(examples[i].binding);
        wsmtp_sasl sasl;
        c.mechanism = examples[i].pinned;
        run_example(&examples[i], &sasl, &c);
    }
}

static void test_choice(void)
{
    static const wsmtp_mechanism_set all = (1u << WSMTP_MECHANISM_COUNT) - 1u;
    static const wsmtp_mechanism_set plus = 1u << WSMTP_MECHANISM_SCRAM_SHA_256_PLUS |
                                            1u << WSMTP_MECHANISM_SCRAM_SHA_512_PLUS |
                                            1u << WSMTP_MECHANISM_SCRAM_SHA_1_PLUS;
    wsmtp_credentials c = bound_credentials(WSMTP_BINDING_TLS_EXPORTER);
    wsmtp_mechanism chosen = WSMTP_MECHANISM_AUTO;
    CHECK_EQ(wsmtp_mechanism_choose(&c, all, &chosen), WSMTP_REASON_OK);
    CHECK_EQ(chosen, WSMTP_MECHANISM_SCRAM_SHA_256_PLUS);
    wsmtp_mechanism_set offered = all & ~(1u << WSMTP_MECHANISM_SCRAM_SHA_256_PLUS);
    CHECK_EQ(wsmtp_mechanism_choose(&c, offered, &chosen), WSMTP_REASON_OK);
    CHECK_EQ(chosen, WSMTP_MECHANISM_SCRAM_SHA_512_PLUS);
    offered &= ~(1u << WSMTP_MECHANISM_SCRAM_SHA_512_PLUS);
    CHECK_EQ(wsmtp_mechanism_choose(&c, offered, &chosen), WSMTP_REASON_OK);
    CHECK_EQ(chosen, WSMTP_MECHANISM_SCRAM_SHA_1_PLUS);
    CHECK_EQ(wsmtp_mechanism_choose(&c, all & ~plus, &chosen), WSMTP_REASON_OK);
    CHECK_EQ(chosen, WSMTP_MECHANISM_SCRAM_SHA_256);
    /* Without a binding -PLUS is not chosen, and pinned it is refused. */
    c.binding = WSMTP_BINDING_NONE;
    CHECK_EQ(wsmtp_mechanism_choose(&c, all, &chosen), WSMTP_REASON_OK);
    CHECK_EQ(chosen, WSMTP_MECHANISM_SCRAM_SHA_256);
    CHECK_EQ(wsmtp_mechanism_choose(&c, plus, &chosen), WSMTP_REASON_AUTH_NO_MECHANISM);
    wsmtp_sasl sasl;
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_SCRAM_SHA_256_PLUS, &c),
             WSMTP_REASON_CREDENTIAL_MISSING);
    CHECK_EQ(sasl.field, WSMTP_FIELD_BINDING);
    c = bound_credentials(WSMTP_BINDING_TLS_EXPORTER);
    c.binding_data_len = 0;
    CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_SCRAM_SHA_256_PLUS, &c),
             WSMTP_REASON_CREDENTIAL_MISSING);
}

int main(void)
{
    if (WSMTP_FEATURE_CHANNEL_BINDING) {
        test_examples();
        test_choice();
    } else {
        wsmtp_sasl sasl;
        wsmtp_credentials c = bound_credentials(WSMTP_BINDING_TLS_EXPORTER);
        CHECK_EQ(wsmtp_sasl_begin(&sasl, WSMTP_MECHANISM_SCRAM_SHA_256_PLUS, &c),
                 WSMTP_REASON_NOT_BUILT);
    }
    return check_report();
}
