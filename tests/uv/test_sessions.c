/*
 * The blocking client against Postfix and Dovecot: every TLS mode with every mechanism, what the
 * facts say, messages from memory and from a callback, and what stays usable after a refusal.
 */
#include <wsmtp/client.h>

#include <openssl/sha.h>
#include <stdlib.h>

#include "support.h"

static const char dots[] = "Subject: dots\r\n\r\n.dots\r\n..\r\n\xc3\xbcmlaut\r\n";

/* For launch.mjs, which compares with what was delivered. */
static void print_sent(const char *queue_id, const void *content, size_t content_len)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(content, content_len, digest);
    printf("sent %s %zu ", queue_id, content_len);
    for (size_t i = 0; i < sizeof digest; i++)
        printf("%02x", digest[i]);
    printf("\n");
}

typedef struct shown {
    char text[65536];
    size_t len;
    size_t secret;
} shown;

static void keep_shown(void *context, const wsmtp_trace *trace)
{
    shown *s = context;
    size_t n = trace->secret_at;
    if (n > sizeof s->text - s->len)
        n = sizeof s->text - s->len;
    memcpy(s->text + s->len, trace->bytes, n);
    s->len += n;
    s->secret += trace->bytes_len - trace->secret_at;
}

static bool send_text(wsmtp_client *client, const char *recipients, const char *text, test_message *m)
{
    test_message_init(m, recipients, text);
    return wsmtp_client_send(client, &m->transaction, &m->request.body);
}

/* Opens, sends a message, quits; returns the facts in *facts as far as they are plain values. */
static void session(wsmtp_client_options *options, const char *what)
{
    static shown s;
    memset(&s, 0, sizeof s);
    options->trace = keep_shown;
    options->trace_context = &s;
    wsmtp_client *client = wsmtp_client_new(options);
    if (!CHECK(wsmtp_client_open(client))) {
        printf("%s: %s\n", what, wsmtp_client_error_get(client)->message);
        wsmtp_client_free(client);
        return;
    }
    const wsmtp_client_facts *facts = wsmtp_client_facts_get(client);
    bool tls = options->tls != WSMTP_TLS_NONE;
    CHECK(facts->secure == tls);
    CHECK(!facts->tls_version == !tls);
    CHECK(!facts->certificate.subject == !tls);
    CHECK(!facts->ehlo_before_tls == (options->tls != WSMTP_TLS_STARTTLS));
    CHECK(facts->ehlo && strstr(facts->ehlo, "\nPIPELINING\n"));
    CHECK(facts->capabilities.flags & WSMTP_CAP_8BITMIME);
    CHECK(facts->logged_in == (options->credentials != NULL));
    if (options->credentials && options->credentials->mechanism)
        CHECK_EQ(facts->mechanism, options->credentials->mechanism);
    test_message m;
    if (CHECK(send_text(client, "bob@lab.test", dots, &m))) {
        const wsmtp_client_result *result = wsmtp_client_result_get(client);
        size_t text_len;
        CHECK_EQ(m.recipients[0].status, WSMTP_STATUS_ACCEPTED);
        char declared[64];
        snprintf(declared, sizeof declared, " SIZE=%zu BODY=8BITMIME\r\n", strlen(dots));
        CHECK(strstr(s.text, declared));
        CHECK(result->queue_id_len > 5);
        CHECK(strstr(wsmtp_client_recipient_text(result, 0, &text_len), "queued as"));
        char queue_id[64];
        snprintf(queue_id, sizeof queue_id, "%.*s", (int)result->queue_id_len, result->queue_id);
        print_sent(queue_id, dots, strlen(dots));
    }
    wsmtp_client_quit(client);
    CHECK(!wsmtp_client_is_open(client));
    s.text[sizeof s.text - 1] = '\0';
    CHECK(!options->credentials == (s.secret == 0));
    CHECK(!strstr(s.text, "AGFsaWNlAHNlY3JldA==") && !strstr(s.text, "c2VjcmV0"));
    wsmtp_client_free(client);
}

static void test_mechanisms(void)
{
    static const struct {
        const char *port;
        wsmtp_tls tls;
    } modes[] = {{"RELAXED", WSMTP_TLS_NONE},
                 {"RELAXED", WSMTP_TLS_STARTTLS},
                 {"IMPLICIT", WSMTP_TLS_IMPLICIT}};
    for (size_t mode = 0; mode < 3; mode++) {
        wsmtp_client_options options = test_options(modes[mode].port, modes[mode].tls);
        session(&options, "no login");
        for (int m = WSMTP_MECHANISM_AUTO; m <= WSMTP_MECHANISM_OAUTHBEARER; m++) {
            wsmtp_credentials credentials = test_credentials((wsmtp_mechanism)m);
            size_t name_len;
            credentials.allow_plaintext_auth = modes[mode].tls == WSMTP_TLS_NONE;
            options.credentials = &credentials;
            session(&options, wsmtp_mechanism_name((wsmtp_mechanism)m, &name_len));
        }
    }
}

static void test_tls(void)
{
    static const char *const ports[] = {"RSA12", "RSA13", "ECDSA12", "ECDSA13"};
    for (size_t i = 0; i < 4; i++) {
        wsmtp_client_options options = test_options(ports[i], WSMTP_TLS_IMPLICIT);
        options.host = "localhost";
        session(&options, ports[i]);
        wsmtp_client *client = wsmtp_client_new(&options);
        CHECK(wsmtp_client_open(client));
        const wsmtp_client_facts *facts = wsmtp_client_facts_get(client);
        CHECK(strcmp(facts->tls_version, i % 2 ? "TLSv1.3" : "TLSv1.2") == 0);
        CHECK(strstr(facts->certificate.names, "localhost") != NULL);
        CHECK(strcmp(facts->certificate.subject, "CN=localhost") == 0);
        CHECK(facts->certificate.not_before < facts->certificate.not_after);
        CHECK(facts->certificate.not_after > 1700000000);
        uint8_t pin[WSMTP_PIN_LEN];
        memcpy(pin, facts->certificate.pin, sizeof pin);
        wsmtp_client_free(client);
        options.pin = pin;
        session(&options, "pinned");
    }
    wsmtp_client_options options = test_options("CLIENT_CERTIFICATE", WSMTP_TLS_IMPLICIT);
    options.cert_file = test_text("CLIENT_CERT_FILE");
    options.key_file = test_text("CLIENT_KEY_FILE");
    session(&options, "client certificate");
}

static void test_refused_logins(void)
{
    wsmtp_client_options options = test_options("RELAXED", WSMTP_TLS_STARTTLS);
    wsmtp_credentials wrong = test_credentials(WSMTP_MECHANISM_PLAIN);
    wrong.password = "Secret";
    wsmtp_client *client = wsmtp_client_new(&options);
    CHECK(wsmtp_client_open(client));
    CHECK(!wsmtp_client_login(client, &wrong));
    const wsmtp_client_error *error = wsmtp_client_error_get(client);
    CHECK_EQ(error->reason, WSMTP_REASON_AUTH_REFUSED);
    CHECK_EQ(error->code, 535);
    CHECK_EQ(error->enhanced.class_, 5);
    CHECK(!strstr(error->message, "Secret"));
    CHECK(wsmtp_client_is_open(client));
    wsmtp_credentials expired = test_credentials(WSMTP_MECHANISM_OAUTHBEARER);
    expired.token = test_text("EXPIRED_TOKEN");
    expired.token_len = strlen(expired.token);
    CHECK(!wsmtp_client_login(client, &expired));
    CHECK(wsmtp_client_error_get(client)->detail_len > 0);
    wsmtp_credentials right = test_credentials(WSMTP_MECHANISM_SCRAM_SHA_256);
    CHECK(wsmtp_client_login(client, &right));
    CHECK(wsmtp_client_facts_get(client)->logged_in);
    wsmtp_client_free(client);

    options.credentials = &wrong;
    client = wsmtp_client_new(&options);
    CHECK(!wsmtp_client_open(client));
    CHECK_EQ(wsmtp_client_error_get(client)->kind, WSMTP_KIND_AUTH);
    CHECK(!wsmtp_client_is_open(client));
    wsmtp_client_free(client);
}

typedef struct source {
    const char *text;
    size_t text_len, at, piece;
} source;

/* Gives pieces of ever other sizes. */
static ptrdiff_t read_source(void *context, uint8_t *buffer, size_t buffer_len)
{
    source *s = context;
    size_t n = s->piece = s->piece * 7 % 40009 + 1;
    if (n > buffer_len)
        n = buffer_len;
    if (n > s->text_len - s->at)
        n = s->text_len - s->at;
    memcpy(buffer, s->text + s->at, n);
    s->at += n;
    return (ptrdiff_t)n;
}

static void test_messages(void)
{
    wsmtp_client_options options = test_options("UNLIMITED", WSMTP_TLS_IMPLICIT);
    wsmtp_client *client = wsmtp_client_new(&options);
    CHECK(wsmtp_client_open(client));
    test_message m;
    size_t text_len;

    CHECK(send_text(client, "bob@lab.test bad@lab.test grey@lab.test multi@lab.test", dots, &m));
    const wsmtp_client_result *result = wsmtp_client_result_get(client);
    CHECK_EQ(m.transaction.accepted_count, 1);
    CHECK_EQ(m.recipients[1].status, WSMTP_STATUS_REFUSED);
    CHECK_EQ(m.recipients[1].code, 550);
    CHECK(strstr(wsmtp_client_recipient_text(result, 1, &text_len), "no such user"));
    CHECK_EQ(m.recipients[2].status, WSMTP_STATUS_DEFERRED);
    CHECK(strchr(wsmtp_client_recipient_text(result, 3, &text_len), '\n'));
    char queue_id[64];
    snprintf(queue_id, sizeof queue_id, "%.*s", (int)result->queue_id_len, result->queue_id);
    print_sent(queue_id, dots, strlen(dots));

    CHECK(!send_text(client, "bad@lab.test", dots, &m));
    CHECK_EQ(wsmtp_client_error_get(client)->reason, WSMTP_REASON_ALL_RECIPIENTS_REFUSED);
    CHECK(!strchr(wsmtp_client_error_get(client)->message, '\n'));
    CHECK(!send_text(client, "bob@lab.test", "Subject: x\n\nbare\n", &m));
    CHECK_EQ(wsmtp_client_error_get(client)->reason, WSMTP_REASON_BODY_BARE_LF);
    CHECK_EQ(m.recipients[0].status, WSMTP_STATUS_NOT_SENT);
    CHECK(!send_text(client, "bob@lab.test al..ice@lab.test", dots, &m));
    CHECK_EQ(wsmtp_client_error_get(client)->field, WSMTP_FIELD_RECIPIENT);
    CHECK_EQ(wsmtp_client_error_get(client)->index, 1);
    CHECK(wsmtp_client_is_open(client));
    CHECK(wsmtp_client_noop(client));
    CHECK(wsmtp_client_reset(client));

    size_t head_len = strlen(dots), big_len = head_len + 78 * 40000;
    char *big = malloc(big_len);
    memcpy(big, dots, head_len);
    for (size_t at = head_len; at < big_len; at += 78) {
        memset(big + at, '.', 76);
        memcpy(big + at + 76, "\r\n", 2);
    }
    source from = {big, big_len, 0, 1};
    test_message_init(&m, "bob@lab.test", "");
    wsmtp_client_body body = {.read = read_source, .context = &from};
    CHECK(wsmtp_client_send(client, &m.transaction, &body));
    CHECK_EQ(wsmtp_client_result_get(client)->octets, big_len);
    print_sent("streamed", big, big_len);
    free(big);

    wsmtp_client_quit(client);
    CHECK(!send_text(client, "bob@lab.test", dots, &m));
    CHECK_EQ(m.recipients[0].status, WSMTP_STATUS_NOT_SENT);
    wsmtp_client_free(client);
}

/* A rule that a streamed message breaks ends the session at once, and not by a timeout. */
static void test_broken_stream(void)
{
    static char long_line[1200];
    memset(long_line, 'x', sizeof long_line);
    source from = {long_line, sizeof long_line, 0, 40000};
    wsmtp_client_options options = test_options("UNLIMITED", WSMTP_TLS_IMPLICIT);
    options.total_timeout = 10000;
    wsmtp_client *client = wsmtp_client_new(&options);
    CHECK(wsmtp_client_open(client));
    test_message m;
    test_message_init(&m, "bob@lab.test", "");
    wsmtp_client_body body = {.read = read_source, .context = &from};
    CHECK(!wsmtp_client_send(client, &m.transaction, &body));
    CHECK_EQ(wsmtp_client_error_get(client)->reason, WSMTP_REASON_BODY_LINE_TOO_LONG);
    CHECK_EQ(m.recipients[0].status, WSMTP_STATUS_NOT_SENT);
    CHECK(!wsmtp_client_is_open(client));
    wsmtp_client_free(client);
}

int main(void)
{
    test_broken_stream();
    test_mechanisms();
    test_tls();
    test_refused_logins();
    test_messages();
    return check_report();
}
