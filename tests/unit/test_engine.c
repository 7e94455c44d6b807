/* The public calls: configuration, defaults, misuse, windows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wsmtp/engine.h>

#include "check.h"
#include "opened.h"

static bool holds(const void *memory, size_t memory_len, const char *what)
{
    size_t len = strlen(what);
    for (size_t i = 0; i + len <= memory_len; i++)
        if (memcmp((const char *)memory + i, what, len) == 0)
            return true;
    return false;
}

static void defaults(void)
{
    wsmtp_config config;
    memset(&config, 0xa5, sizeof config);
    wsmtp_config_init(&config);
    CHECK_EQ(config.size, sizeof config);
    CHECK(config.tls == WSMTP_TLS_NONE && config.flags == 0);
    CHECK(config.protocol == WSMTP_PROTOCOL_SMTP && config.overlap == 0);
    CHECK_EQ(config.eager_octets, 16384);
    static const uint32_t timeouts[WSMTP_PHASE_COUNT] = {
        [WSMTP_PHASE_CONNECT] = 30000,     [WSMTP_PHASE_TLS] = 30000,
        [WSMTP_PHASE_GREETING] = 300000,   [WSMTP_PHASE_COMMAND] = 300000,
        [WSMTP_PHASE_MAIL] = 300000,       [WSMTP_PHASE_RCPT] = 300000,
        [WSMTP_PHASE_DATA] = 120000,       [WSMTP_PHASE_BODY] = 180000,
        [WSMTP_PHASE_END_OF_DATA] = 600000, [WSMTP_PHASE_QUIT] = 10000,
    };
    for (int i = 0; i < WSMTP_PHASE_COUNT; i++)
        CHECK_EQ(config.timeouts[i], timeouts[i]);

    wsmtp_transaction transaction;
    memset(&transaction, 0xa5, sizeof transaction);
    wsmtp_transaction_init(&transaction);
    CHECK_EQ(transaction.size, sizeof transaction);
    CHECK(transaction.reverse_path_len == 0 && transaction.recipients_len == 0);
    CHECK(transaction.message_size == WSMTP_SIZE_UNKNOWN && transaction.body == WSMTP_BODY_AUTO);
    CHECK(transaction.flags == 0 && transaction.status == WSMTP_STATUS_PENDING);
}

static wsmtp_reason init_with(wsmtp_engine *engine, wsmtp_config *config, const char *name,
                              size_t input_len, size_t output_len)
{
    static uint8_t input[4096], output[4096];
    wsmtp_config_init(config);
    config->input = input;
    config->input_len = input_len;
    config->output = output;
    config->output_len = output_len;
    config->ehlo_name = name;
    config->ehlo_name_len = strlen(name);
    return wsmtp_init(engine, config);
}

static void configuration(void)
{
    static wsmtp_engine engine;
    wsmtp_config config;
    CHECK(init_with(&engine, &config, "a.example", 1024, 1024) == WSMTP_REASON_OK);
    CHECK(init_with(&engine, &config, "a.example", 1023, 1024) == WSMTP_REASON_CONFIG_BUFFER);
    CHECK(wsmtp_error_get(&engine)->field == WSMTP_FIELD_CONFIG);
    CHECK(wsmtp_error_get(&engine)->kind == WSMTP_KIND_MISUSE);
    CHECK(init_with(&engine, &config, "a.example", 1024, 1023) == WSMTP_REASON_CONFIG_BUFFER);
    CHECK(init_with(&engine, &config, "a.example", 0, 0) == WSMTP_REASON_CONFIG_BUFFER);

    init_with(&engine, &config, "a.example", 2048, 2048);
    config.input = NULL;
    CHECK(wsmtp_init(&engine, &config) == WSMTP_REASON_CONFIG_BUFFER);
    init_with(&engine, &config, "a.example", 2048, 2048);
    config.output = NULL;
    CHECK(wsmtp_init(&engine, &config) == WSMTP_REASON_CONFIG_BUFFER);
    init_with(&engine, &config, "a.example", 2048, 2048);
    config.tls = (wsmtp_tls)3;
    CHECK(wsmtp_init(&engine, &config) == WSMTP_REASON_CONFIG_VALUE);
    init_with(&engine, &config, "a.example", 2048, 2048);
    config.protocol = (wsmtp_protocol)2;
    CHECK(wsmtp_init(&engine, &config) == WSMTP_REASON_CONFIG_VALUE);
    init_with(&engine, &config, "a.example", 2048, 2048);
    config.flags = 0x80000000u;
    CHECK(wsmtp_init(&engine, &config) == WSMTP_REASON_CONFIG_VALUE);
    init_with(&engine, &config, "a.example", 2048, 2048);
    config.size = 0;
    CHECK(wsmtp_init(&engine, &config) == WSMTP_REASON_CONFIG_VALUE);

    static const struct { const char *name; wsmtp_reason reason; } names[] = {
        {"", WSMTP_REASON_DOMAIN_EMPTY},
        {"a\r\nMAIL FROM:<>", WSMTP_REASON_DOMAIN_CHARACTER},
        {"a b", WSMTP_REASON_DOMAIN_CHARACTER},
        {"a..b", WSMTP_REASON_DOMAIN_LABEL_EMPTY},
        {"-a.example", WSMTP_REASON_DOMAIN_LABEL_HYPHEN},
        {"[192.0.2.1", WSMTP_REASON_LITERAL_UNCLOSED},
        {"[192.0.2.256]", WSMTP_REASON_LITERAL_IPV4},
        {"[IPv6:1::2::3]", WSMTP_REASON_LITERAL_IPV6},
        {"b\xc3\xbc" "cher.example", WSMTP_REASON_OK}, /* any refusal but OK: compared below */
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        wsmtp_reason reason = init_with(&engine, &config, names[i].name, 2048, 2048);
        if (names[i].reason == WSMTP_REASON_OK)
            CHECK(reason != WSMTP_REASON_OK);
        else if (strchr(names[i].name, '\r'))
            CHECK(reason == WSMTP_REASON_DOMAIN_CHARACTER ||
                  reason == WSMTP_REASON_ADDRESS_CONTROL);
        else
            CHECK_EQ(reason, names[i].reason);
        CHECK(wsmtp_error_get(&engine)->field == WSMTP_FIELD_EHLO_NAME);
        CHECK(wsmtp_error_get(&engine)->kind == WSMTP_KIND_INPUT);
    }
}

static void names(void)
{
    static const char *const wanted[WSMTP_STEP_COUNT] = {
        [WSMTP_STEP_GREETING] = "greeting", [WSMTP_STEP_EHLO] = "EHLO",
        [WSMTP_STEP_STARTTLS] = "STARTTLS", [WSMTP_STEP_AUTH] = "AUTH",
        [WSMTP_STEP_MAIL] = "MAIL FROM",    [WSMTP_STEP_RCPT] = "RCPT TO",
        [WSMTP_STEP_DATA] = "DATA",         [WSMTP_STEP_RSET] = "RSET",
        [WSMTP_STEP_NOOP] = "NOOP",         [WSMTP_STEP_QUIT] = "QUIT",
        [WSMTP_STEP_VRFY] = "VRFY",         [WSMTP_STEP_EXPN] = "EXPN",
        [WSMTP_STEP_HELP] = "HELP",         [WSMTP_STEP_XCLIENT] = "XCLIENT",
    };
    for (int i = 0; i < WSMTP_STEP_COUNT; i++) {
        size_t len;
        const char *name = wsmtp_step_name((wsmtp_step)i, &len);
        CHECK(name && strlen(name) == len && len > 0);
        CHECK(wsmtp_step_name((wsmtp_step)i, NULL) == name);
        if (wanted[i])
            CHECK_TEXT(name, len, wanted[i]);
        for (int j = 0; j < i; j++)
            CHECK(strcmp(name, wsmtp_step_name((wsmtp_step)j, &len)) != 0);
    }
#define BUILT(feature) (WSMTP_HAS_##feature * WSMTP_FEATURE_##feature)
    CHECK_EQ(wsmtp_features(),
             BUILT(AUTH) | BUILT(SCRAM) | BUILT(OAUTH) | BUILT(CRAM_MD5) | BUILT(SMTPUTF8) |
             BUILT(CHUNKING) | BUILT(OVERLAP) | BUILT(LMTP) | BUILT(CHANNEL_BINDING) |
             BUILT(LIMITS) | BUILT(EARLY) | BUILT(BINARYMIME) | BUILT(DSN) |
             BUILT(REQUIRETLS) | BUILT(DELIVERBY) | BUILT(FUTURERELEASE) |
             BUILT(MT_PRIORITY) | BUILT(SUBMITTER) | BUILT(PRDR) | BUILT(QUERIES) |
             BUILT(XCLIENT) | BUILT(EXTERNAL) | BUILT(SHA_512) | BUILT(MESSAGES));
}

static uint32_t epoch_of(const opened *session, uint32_t limit)
{
    uint32_t epoch = 0;
    CHECK_EQ(wsmtp_timer(session->engine, &epoch), limit);
    return epoch;
}

static void give(opened *session, const char *text)
{
    CHECK(opened_give(session, text, strlen(text)));
    opened_last(session);
}

/* Octets between the 220 and the handshake: no window for them, or the end of the session. */
static void residue(const char *together, bool start_tls_first)
{
    opened session;
    opened_init(&session, WSMTP_TLS_STARTTLS, 0, 1024);
    give(&session, "220 x\r\n");
    give(&session, "250-x\r\n250 STARTTLS\r\n");
    opened_give(&session, together, strlen(together));
    wsmtp_event_type last = opened_last(&session);
    if (start_tls_first) {
        CHECK(last == WSMTP_EVENT_START_TLS);
        size_t room;
        (void)wsmtp_recv_buf(session.engine, &room);
        if (!room) {
            CHECK(!(wsmtp_state(session.engine) & WSMTP_CAN_READ));
            CHECK(wsmtp_tls_done(session.engine) == WSMTP_REASON_OK);
            opened_end(&session);
            return;
        }
        opened_give(&session, "250 x\r\n", 7);
        last = opened_last(&session);
    }
    CHECK(last == WSMTP_EVENT_FAILED &&
          session.event.error->reason == WSMTP_REASON_STARTTLS_RESIDUE);
    CHECK(wsmtp_tls_done(session.engine) == WSMTP_REASON_STATE);
    CHECK(!wsmtp_is_secure(session.engine));
    opened_end(&session);
}

/* With events not taken, input is bounded: the window closes, and nothing is lost. */
static void back_pressure(void)
{
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, 1024);
    size_t given = 0;
    while (given < 100000 && opened_give(&session, "220-line\r\n", 10))
        given += 10;
    CHECK(given < 100000);
    size_t room;
    (void)wsmtp_recv_buf(session.engine, &room);
    CHECK(!room && !(wsmtp_state(session.engine) & WSMTP_CAN_READ));
    CHECK(wsmtp_state(session.engine) & WSMTP_HAS_EVENT);
    CHECK(opened_next(&session) == WSMTP_EVENT_NONE);
    (void)wsmtp_recv_buf(session.engine, &room);
    CHECK(room > 0);
    opened_end(&session);
}

/* The engine lives in the caller's memory and keeps nothing elsewhere: two at once do not meet. */
static void two_sessions(void)
{
    opened one, other;
    opened_init(&one, WSMTP_TLS_NONE, 0, 1024);
    opened_init(&other, WSMTP_TLS_NONE, 0, 1024);
    opened_give(&one, "220 one\r\n", 9);
    opened_give(&other, "554 other\r\n", 11);
    CHECK(opened_next(&one) == WSMTP_EVENT_GREETING);
    CHECK(opened_next(&other) == WSMTP_EVENT_FAILED);
    CHECK_TEXT(other.event.error->reply.text, other.event.error->reply.text_len, "other");
    CHECK(wsmtp_error_get(one.engine)->reason == WSMTP_REASON_OK);
    opened_end(&one);
    opened_end(&other);
}

/* A refused call changes nothing: not the state, not the output, not the timer. */
static void refused_calls(void)
{
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, 1024);
    opened_ready(&session, "250-PIPELINING\r\n250-SIZE 100\r\n");
    session.recipient = (wsmtp_recipient){.address = "b@example.com", .address_len = 13};
    wsmtp_transaction transaction;
    wsmtp_transaction_init(&transaction);
    transaction.recipients = &session.recipient;
    transaction.recipients_len = 1;
    unsigned state = wsmtp_state(session.engine);
    transaction.message_size = 101;
    CHECK(wsmtp_submit(session.engine, &transaction) == WSMTP_REASON_MESSAGE_TOO_LARGE);
    transaction.message_size = 100;
    transaction.flags = 0x40000000u;
    CHECK(wsmtp_submit(session.engine, &transaction) != WSMTP_REASON_OK);
    transaction.flags = 0;
    transaction.body = (wsmtp_body)9;
    CHECK(wsmtp_submit(session.engine, &transaction) != WSMTP_REASON_OK);
    transaction.body = WSMTP_BODY_AUTO;
    transaction.size = 1;
    CHECK(wsmtp_submit(session.engine, &transaction) != WSMTP_REASON_OK);
    transaction.size = sizeof transaction;
    CHECK(wsmtp_key_derived(session.engine, (const uint8_t *)"", 0) == WSMTP_REASON_STATE);
    CHECK(wsmtp_tls_done(session.engine) == WSMTP_REASON_STATE);
    CHECK(wsmtp_body_end(session.engine) == WSMTP_REASON_STATE);
    CHECK(wsmtp_body_write(session.engine, "x", 1) == 0);
    CHECK_EQ(wsmtp_state(session.engine), state);
    CHECK(wsmtp_step_get(session.engine) == WSMTP_STEP_READY);
    CHECK(opened_write(&session) == 0);
    epoch_of(&session, 0);
    CHECK(wsmtp_submit(session.engine, &transaction) == WSMTP_REASON_OK);
    opened_end(&session);
}

/* The text of the deciding reply comes with DONE, for the queue id. */
static void kept_text(void)
{
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, 4096);
    opened_body(&session, "250-PIPELINING\r\n", 0, WSMTP_SIZE_UNKNOWN, WSMTP_BODY_AUTO);
    CHECK(wsmtp_body_end(session.engine) == WSMTP_REASON_OK);
    opened_write(&session);
    static char reply[1100];
    size_t len = (size_t)sprintf(reply, "250 queued as ABC123 ");
    memset(reply + len, 'q', 900);
    memcpy(reply + len + 900, "\r\n", 2);
    opened_give(&session, reply, len + 902);
    CHECK(opened_next(&session) == WSMTP_EVENT_DONE);
    CHECK(session.event.reply.code == 250 && session.event.reply.text_len >= WSMTP_KEPT_TEXT_MAX);
    CHECK(holds(session.event.reply.text, session.event.reply.text_len, "queued as ABC123 qqq"));
    opened_end(&session);
}

/* After the end of the session, calls are refused and nothing moves. */
static void after_the_end(void)
{
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, 1024);
    opened_ready(&session, "");
    wsmtp_io_failed(session.engine, WSMTP_REASON_CONNECTION_LOST);
    CHECK(opened_next(&session) == WSMTP_EVENT_FAILED);
    wsmtp_recipient recipient = {.address = "b@example.com", .address_len = 13};
    wsmtp_transaction transaction;
    wsmtp_transaction_init(&transaction);
    transaction.recipients = &recipient;
    transaction.recipients_len = 1;
    CHECK(wsmtp_submit(session.engine, &transaction) == WSMTP_REASON_STATE);
    CHECK(wsmtp_noop(session.engine) == WSMTP_REASON_STATE);
    CHECK(wsmtp_reset(session.engine) == WSMTP_REASON_STATE);
    CHECK(wsmtp_quit(session.engine) == WSMTP_REASON_STATE);
    wsmtp_recv_ack(session.engine, 0);
    wsmtp_io_failed(session.engine, WSMTP_REASON_TIMEOUT);
    CHECK(opened_next(&session) == WSMTP_EVENT_NONE);
    CHECK_EQ(wsmtp_state(session.engine), 0);
    CHECK(wsmtp_error_get(session.engine)->reason == WSMTP_REASON_CONNECTION_LOST);
    epoch_of(&session, 0);
    opened_end(&session);
}

/* Credentials are borrowed, and the transaction's own fields are the caller's. */
static void context_stays(void)
{
    opened session;
    opened_init(&session, WSMTP_TLS_NONE, 0, 1024);
    int mine = 0;
    opened_body(&session, "", 0, WSMTP_SIZE_UNKNOWN, WSMTP_BODY_AUTO);
    session.transaction.context = &mine;
    CHECK(wsmtp_body_end(session.engine) == WSMTP_REASON_OK);
    opened_write(&session);
    opened_give(&session, "250 ok\r\n", 8);
    CHECK(opened_next(&session) == WSMTP_EVENT_DONE);
    CHECK(session.event.transaction == &session.transaction);
    CHECK(session.event.transaction->context == &mine);
    CHECK(session.event.error == NULL);
    /* The struct is the caller's again, and may be used for the next message. */
    CHECK(wsmtp_submit(session.engine, &session.transaction) == WSMTP_REASON_OK);
    CHECK(session.transaction.status == WSMTP_STATUS_PENDING);
    CHECK(session.recipient.status == WSMTP_STATUS_PENDING && session.recipient.code == 0);
    opened_end(&session);
}

int main(void)
{
    defaults();
    configuration();
    names();
    residue("220 go\r\n", true);
    residue("220 go\r\n250 x\r\n", false);
    residue("220 go\r\n\r\n", false);
    residue("220 go\r\nx", false);
    back_pressure();
    two_sessions();
    refused_calls();
    kept_text();
    after_the_end();
    context_stays();
    return check_report();
}
