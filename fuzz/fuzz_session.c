/*
 * Invariant: whatever the server says, and however it is cut, the engine stays inside its memory,
 * writes whole commands of at most 512 octets, hands out cleaned text only, gives each submitted
 * transaction exactly one DONE with an outcome for each recipient, and says nothing after FAILED or
 * CLOSED. The chunks of a message are of the sizes that their commands say, and together they are
 * the message. A transaction names no more recipients than the server's limit, and no parameter
 * that it does not offer. Read reply by reply or octet by octet, the events and the octets written are the same.
 *
 * Input: four octets that choose the session (six if bit 0x40 of the fourth says so), then what the
 * server says.
 */
#include <wsmtp/engine.h>

#include <string.h>

#include "require.h"

#define MESSAGES 3u
#define RECIPIENTS 3u
#define EXTENDED 0x40u      /* of choice[3] */
#define WITH_EXPECTED 0x01u /* of choice[4] */
#define WITH_EARLY_ENVELOPE 0x02u
#define WITH_SPLIT 0x04u
#define WITH_PARAMETERS 0x08u
#define WITH_REQUIRED 0x10u
#define WITH_RECIPIENT_PARAMETERS 0x20u
#define WITH_BINARY 0x40u
#define WITH_QUERY 0x80u
#define LOG_MAX 16384u

typedef struct session {
    uint8_t choice[6];
    wsmtp_engine *engine;
    wsmtp_config config;
    wsmtp_credentials credentials;
    wsmtp_transaction transactions[MESSAGES];
    wsmtp_recipient recipients[MESSAGES][RECIPIENTS];
    bool submitted[MESSAGES], done[MESSAGES];
    wsmtp_capabilities expected;
    wsmtp_parameter parameters[9], recipient_parameters[2];
    size_t next, named; /* recipients since MAIL */
    bool over, in_body, in_data, large, last_chunk;
    size_t body_len, given; /* of the message being written */
    size_t chunk_rest, chunked;
    char line[4096];
    size_t line_len;
    char log[LOG_MAX];    /* events */
    size_t log_len;
    char output[LOG_MAX]; /* whole lines */
    size_t output_len;
} session;

static const char *body_of(const session *now)
{
#define LINE ".o0 the quick brown fox jumps over the lazy dog\r\n" /* 49 octets */
#define LINES LINE LINE LINE LINE LINE LINE LINE LINE
    return now->large ? LINES LINES LINES LINES LINES : ".\r\nx\r\n";
}

static void note(session *now, const void *data, size_t data_len)
{
    if (!data_len || now->log_len + data_len > LOG_MAX)
        return;
    memcpy(now->log + now->log_len, data, data_len);
    now->log_len += data_len;
}

static void note_number(session *now, unsigned long number)
{
    char text[24];
    note(now, text, (size_t)snprintf(text, sizeof text, " %lu", number));
}

static void check_text(session *now, const wsmtp_reply *reply)
{
    REQUIRE(reply->text_len <= WSMTP_REPLY_TEXT_MAX);
    for (size_t i = 0; i < reply->text_len; i++) {
        unsigned char octet = (unsigned char)reply->text[i];
        REQUIRE((octet >= 0x20 || octet == '\n') && octet != 0x7f);
        REQUIRE(octet < 0xf5 && octet != 0xc0 && octet != 0xc1);
        if (octet == 0xc2)
            REQUIRE(i + 1 < reply->text_len && (unsigned char)reply->text[i + 1] >= 0xa0);
    }
    REQUIRE(reply->code == 0 || (reply->code >= 200 && reply->code < 600));
    REQUIRE(!reply->enhanced.class_ || reply->enhanced.class_ == reply->code / 100);
    note_number(now, reply->code);
    note(now, reply->text, reply->text_len);
}

/* Parameters of MAIL by the bits of choice[5], and both of RCPT. */
static void choose_parameters(session *now)
{
    static const struct {
        wsmtp_keyword keyword;
        const char *value;
    } of_mail[] = {
        {WSMTP_KEYWORD_RET, "FULL"},       {WSMTP_KEYWORD_ENVID, "a b=c+"}, {WSMTP_KEYWORD_BY, "120;RT"},
        {WSMTP_KEYWORD_HOLDFOR, "60"},     {WSMTP_KEYWORD_MT_PRIORITY, "-3"},
        {WSMTP_KEYWORD_AUTH, "e+x@b.example"}, {WSMTP_KEYWORD_REQUIRETLS, NULL},
        {WSMTP_KEYWORD_PRDR, NULL},
    };
    const bool optional = !(now->choice[4] & WITH_REQUIRED);
    for (size_t i = 0; i < MESSAGES && now->choice[4] & WITH_PARAMETERS; i++) {
        size_t count = 0;
        for (size_t j = 0; j < sizeof of_mail / sizeof *of_mail; j++) {
            if (!((unsigned)now->choice[5] >> j & 1u))
                continue;
            now->parameters[count++] = (wsmtp_parameter){
                .keyword = of_mail[j].keyword, .optional = optional, .value = of_mail[j].value,
                .value_len = of_mail[j].value ? strlen(of_mail[j].value) : 0};
        }
        now->transactions[i].parameters = now->parameters;
        now->transactions[i].parameters_len = count;
    }
    now->recipient_parameters[0] = (wsmtp_parameter){
        .keyword = WSMTP_KEYWORD_NOTIFY, .optional = optional, .value = "SUCCESS,DELAY", .value_len = 13};
    now->recipient_parameters[1] = (wsmtp_parameter){
        .keyword = WSMTP_KEYWORD_ORCPT, .optional = optional, .value = "utf-8;\xc3\xbc=@b.example",
        .value_len = 19};
}

static void submit_next(session *now)
{
    static const char *const addresses[RECIPIENTS] = {"a@b.example", "\"c d\"@[192.0.2.1]",
                                                      "postmaster"};
    unsigned count = now->choice[1] & 3u;
    while (now->next < count) {
        size_t i = now->next++;
        wsmtp_transaction *transaction = &now->transactions[i];
        wsmtp_transaction_init(transaction);
        transaction->recipients = now->recipients[i];
        transaction->recipients_len = 1 + ((unsigned)now->choice[2] >> 2 * i & 3u) % RECIPIENTS;
        for (size_t j = 0; j < transaction->recipients_len; j++)
            now->recipients[i][j] = (wsmtp_recipient){
                .address = addresses[j], .address_len = strlen(addresses[j]),
                .parameters = now->recipient_parameters,
                .parameters_len = now->choice[4] & WITH_RECIPIENT_PARAMETERS ? 2 : 0};
        choose_parameters(now);
        transaction->body = now->choice[4] & WITH_BINARY ? WSMTP_BODY_BINARY : WSMTP_BODY_AUTO;
        transaction->flags = (now->choice[4] & WITH_SPLIT ? WSMTP_SEND_SPLIT : 0) |
                              (now->choice[2] & 0x40 ? WSMTP_SEND_ALL_OR_NOTHING : 0) |
                             (now->choice[2] & 0x80 ? WSMTP_SEND_SMTPUTF8 : 0);
        transaction->message_size = now->choice[1] & 4 ? 2 * now->body_len : WSMTP_SIZE_UNKNOWN;
        now->submitted[i] = wsmtp_submit(now->engine, transaction) == WSMTP_REASON_OK;
        if (now->submitted[i] && !(now->choice[1] & 8))
            return;
    }
}

static void other_command(session *now)
{
    static const wsmtp_parameter attributes[] = {
        {.keyword = WSMTP_KEYWORD_NAME, .optional = true, .value = "a b", .value_len = 3},
        {.keyword = WSMTP_KEYWORD_LOGIN, .optional = true, .value = "[UNAVAILABLE]", .value_len = 13}};
    if (!(now->choice[4] & WITH_QUERY))
        (void)wsmtp_noop(now->engine);
    else if (now->choice[5] % 4u == 0)
        (void)wsmtp_vrfy(now->engine, "j\xc3\xbcrgen", 7);
    else if (now->choice[5] % 4u == 1)
        (void)wsmtp_expn(now->engine, "list", 4);
    else if (now->choice[5] % 4u == 2)
        (void)wsmtp_help(now->engine, NULL, 0);
    else
        (void)wsmtp_xclient(now->engine, attributes, 2);
}

static void next_step(session *now)
{
    submit_next(now);
    for (size_t i = 0; i < MESSAGES; i++)
        if (now->submitted[i] && !now->done[i])
            return;
    if (now->choice[1] & 0x10) {
        now->choice[1] ^= 0x10;
        other_command(now);
    } else {
        (void)wsmtp_quit(now->engine);
    }
}

static void see_done(session *now, const wsmtp_transaction *transaction)
{
    size_t i = (size_t)(transaction - now->transactions);
    REQUIRE(i < MESSAGES && now->submitted[i] && !now->done[i]);
    now->done[i] = true;
    size_t accepted = 0;
    for (size_t j = 0; j < transaction->recipients_len; j++) {
        const wsmtp_recipient *recipient = &transaction->recipients[j];
        REQUIRE(recipient->status > WSMTP_STATUS_PENDING);
        REQUIRE(recipient->status <= WSMTP_STATUS_IN_DOUBT);
        accepted += recipient->status == WSMTP_STATUS_ACCEPTED;
        if (recipient->status == WSMTP_STATUS_ACCEPTED)
            REQUIRE(recipient->code / 100 == 2);
        if (recipient->status == WSMTP_STATUS_DEFERRED)
            REQUIRE(recipient->code / 100 == 4);
        if (recipient->status == WSMTP_STATUS_REFUSED)
            REQUIRE(recipient->code / 100 == 5);
        note_number(now, recipient->status * 1000ul + recipient->code);
    }
    REQUIRE(accepted == transaction->accepted_count);
    REQUIRE((transaction->status == WSMTP_STATUS_ACCEPTED) == (accepted > 0));
}

static void see(session *now, const wsmtp_event *event)
{
    static const uint8_t key[WSMTP_HASH_MAX] = {9};
    REQUIRE(!now->over);
    note(now, "\n>", 2);
    note_number(now, event->type);
    check_text(now, &event->reply);
    if (event->error) {
        REQUIRE(event->error->reason != WSMTP_REASON_OK);
        REQUIRE(event->error->kind == wsmtp_reason_kind(event->error->reason));
        REQUIRE(!(event->error->in_doubt && event->error->retryable));
        note_number(now, event->error->reason);
        note_number(now, event->error->step);
        check_text(now, &event->error->reply);
    }
    switch (event->type) {
    case WSMTP_EVENT_START_TLS:
        REQUIRE(!wsmtp_is_secure(now->engine));
        REQUIRE(wsmtp_tls_done(now->engine) == WSMTP_REASON_OK);
        break;
    case WSMTP_EVENT_READY:
        if (!(now->choice[0] & 0x10) ||
            wsmtp_login(now->engine, &now->credentials) != WSMTP_REASON_OK)
            next_step(now);
        else if (now->choice[4] & WITH_EARLY_ENVELOPE)
            submit_next(now);
        break;
    case WSMTP_EVENT_DERIVE_KEY:
        REQUIRE(event->iterations >= WSMTP_SCRAM_ITERATIONS_MIN);
        REQUIRE(event->iterations <= WSMTP_SCRAM_ITERATIONS_MAX && event->salt_len > 0);
        note(now, event->salt, event->salt_len);
        REQUIRE(wsmtp_key_derived(now->engine, key, wsmtp_hash_len(event->hash)) ==
                WSMTP_REASON_OK);
        break;
    case WSMTP_EVENT_AUTHENTICATED:
        REQUIRE(wsmtp_mechanism_get(now->engine) != WSMTP_MECHANISM_SCRAM_SHA_256 &&
                wsmtp_mechanism_get(now->engine) != WSMTP_MECHANISM_SCRAM_SHA_512 &&
                wsmtp_mechanism_get(now->engine) != WSMTP_MECHANISM_SCRAM_SHA_1);
        next_step(now);
        break;
    case WSMTP_EVENT_COMPLETED:
    case WSMTP_EVENT_REFUSED:
        next_step(now);
        break;
    case WSMTP_EVENT_BODY:
        now->in_body = true;
        now->in_data = event->reply.code == 354;
        now->given = 0;
        break;
    case WSMTP_EVENT_DONE:
        see_done(now, event->transaction);
        next_step(now);
        break;
    case WSMTP_EVENT_CLOSED:
    case WSMTP_EVENT_FAILED:
        now->over = true;
        break;
    default:
        break;
    }
}

static void check_line(session *now)
{
    const wsmtp_capabilities *caps = wsmtp_capabilities_get(now->engine);
    if (!now->in_data && strncmp(now->line, "MAIL ", 5) == 0) {
        now->chunked = now->named = 0;
        REQUIRE(!strstr(now->line, " RET=") || caps->flags & WSMTP_CAP_DSN);
        REQUIRE(!strstr(now->line, " PRDR") || caps->flags & WSMTP_CAP_PRDR);
        REQUIRE(!strstr(now->line, " REQUIRETLS") || wsmtp_is_secure(now->engine));
        REQUIRE(!strstr(now->line, " BODY=BINARYMIME") || now->choice[4] & WITH_BINARY);
    }
    if (!now->in_data && strncmp(now->line, "RCPT ", 5) == 0) {
        now->named++;
        REQUIRE(!caps->rcpt_max || now->named <= caps->rcpt_max || now->choice[4] & WITH_EXPECTED);
        REQUIRE(!strstr(now->line, " ORCPT=") || caps->flags & WSMTP_CAP_DSN);
    }
    if (now->in_data || strncmp(now->line, "BDAT ", 5) != 0) {
        now->in_data = now->in_data && strncmp(now->line, ".\r\n", 3) != 0;
        return;
    }
    char *end;
    now->chunk_rest = strtoul(now->line + 5, &end, 10);
    now->last_chunk = strncmp(end, " LAST\r\n", 7) == 0;
    REQUIRE(end > now->line + 5 && (now->last_chunk || strncmp(end, "\r\n", 2) == 0));
    REQUIRE(now->chunked + now->chunk_rest <= now->body_len);
    REQUIRE(!now->last_chunk || now->chunked + now->chunk_rest == now->body_len);
}

/* Output is chunks, and whole lines that a server reads as one command each. */
static void check_output(session *now, const uint8_t *data, size_t data_len)
{
    for (size_t i = 0; i < data_len; i++) {
        if (now->chunk_rest) {
            REQUIRE((char)data[i] == body_of(now)[now->chunked]);
            now->chunked++;
            now->chunk_rest--;
            continue;
        }
        REQUIRE(now->line_len < sizeof now->line - 1);
        now->line[now->line_len++] = (char)data[i];
        REQUIRE(data[i] != '\n' || (now->line_len > 1 && now->line[now->line_len - 2] == '\r'));
        if (data[i] == '\n') {
            REQUIRE(now->line_len <= 512 || now->choice[0] & 0x10 || now->choice[3] & EXTENDED);
            now->line[now->line_len] = '\0';
            check_line(now);
            if (now->output_len + now->line_len <= LOG_MAX) {
                memcpy(now->output + now->output_len, now->line, now->line_len);
                now->output_len += now->line_len;
            }
            now->line_len = 0;
        }
    }
}

static bool write_all(session *now)
{
    bool any = false;
    size_t len, secret_at;
    const uint8_t *window;
    while (window = wsmtp_send_buf(now->engine, &len, &secret_at), len) {
        REQUIRE(secret_at <= len);
        check_output(now, window, len);
        wsmtp_send_ack(now->engine, len);
        any = true;
    }
    return any;
}

static void go(session *now)
{
    for (bool more = true; more;) {
        wsmtp_event event;
        more = false;
        while (wsmtp_next_event(now->engine, &event)) {
            see(now, &event);
            write_all(now);
            more = true;
        }
        REQUIRE(event.type == WSMTP_EVENT_NONE);
        more = write_all(now) || more;
        if (wsmtp_state(now->engine) & WSMTP_CAN_BODY) {
            REQUIRE(now->in_body);
            size_t taken = wsmtp_body_write(now->engine, body_of(now) + now->given,
                                            now->body_len - now->given);
            now->given += taken;
            now->in_body = now->given < now->body_len;
            /* Nothing is taken only if the message is larger than the server's SIZE. */
            if (!now->in_body)
                REQUIRE(wsmtp_body_end(now->engine) == WSMTP_REASON_OK);
            else if (!taken)
                REQUIRE(wsmtp_error_get(now->engine)->reason == WSMTP_REASON_MESSAGE_TOO_LARGE);
            more = true;
        }
    }
}

typedef enum cut { WHOLE, REPLIES, OCTETS } cut;

/* How many octets to read next. A reply ends with a line that has no hyphen behind its code. */
static size_t next_piece(cut how, const uint8_t *data, size_t size)
{
    if (how != REPLIES)
        return how == OCTETS ? 1 : size;
    size_t line = 0;
    for (size_t i = 0; i < size; i++) {
        if (data[i] != '\n')
            continue;
        if (i - line < 4 || data[line + 3] != '-')
            return i + 1;
        line = i + 1;
    }
    return size;
}

static void play(session *now, const uint8_t *data, size_t size, cut how)
{
    static const uint8_t nonce[18] = "0123456789abcdefgh";
    /* The logs are as good as empty with their lengths at 0: clearing them would take the time. */
    memset(now, 0, offsetof(session, line));
    now->line_len = now->log_len = now->output_len = 0;
    const size_t choices = data[3] & EXTENDED && size >= 6 ? 6 : 4;
    memcpy(now->choice, data, choices);
    if (choices == 4)
        now->choice[3] &= (uint8_t)~EXTENDED;
    data += choices;
    size -= choices;
    size_t buffer = now->choice[0] & 0x20 ? 4096 : 1024;
    wsmtp_config_init(&now->config);
    now->engine = malloc(sizeof *now->engine);
    now->config.input = malloc(buffer);
    now->config.input_len = buffer;
    now->config.output = malloc(buffer);
    now->config.output_len = buffer;
    now->config.ehlo_name = "a.example";
    now->config.ehlo_name_len = 9;
    now->config.tls = (wsmtp_tls)((now->choice[0] & 3u) % 3u);
    now->config.flags = (now->choice[0] & 4 ? WSMTP_LENIENT_BARE_LF : 0) |
                        (now->choice[0] & 8 ? WSMTP_NO_PIPELINING : 0) |
                        (now->choice[3] & 2 ? WSMTP_NO_CHUNKING : 0) |
                        (now->choice[4] & WITH_EARLY_ENVELOPE ? WSMTP_EARLY_ENVELOPE : 0);
    if (now->choice[4] & WITH_EXPECTED) {
        now->expected.flags = WSMTP_CAP_ESMTP | WSMTP_CAP_PIPELINING | WSMTP_CAP_PIPECONNECT |
                              (now->choice[5] & 1 ? WSMTP_CAP_CHUNKING | WSMTP_CAP_BINARYMIME : 0) |
                              (now->choice[5] & 2 ? WSMTP_CAP_DSN | WSMTP_CAP_PRDR : 0) |
                              (now->choice[0] & 0x10 ? WSMTP_CAP_AUTH : 0);
        now->expected.auth = now->choice[0] & 0x10 ? 1u << WSMTP_MECHANISM_PLAIN : 0;
        now->config.expected = &now->expected;
    }
    now->config.protocol = now->choice[3] & 1 ? WSMTP_PROTOCOL_LMTP : WSMTP_PROTOCOL_SMTP;
    now->config.overlap = now->choice[3] >> 2 & 3u;
    now->config.eager_octets = now->choice[3] & 0x10 ? 0 : 100000;
    now->large = now->choice[3] & 0x20;
    now->body_len = strlen(body_of(now));
    wsmtp_credentials_init(&now->credentials);
    now->credentials.mechanism = (wsmtp_mechanism)(
        (now->choice[3] & EXTENDED ? now->choice[5] : now->choice[1] >> 5) % WSMTP_MECHANISM_COUNT);
    bool token = now->credentials.mechanism == WSMTP_MECHANISM_XOAUTH2 ||
                 now->credentials.mechanism == WSMTP_MECHANISM_OAUTHBEARER;
    now->credentials.user = "user";
    now->credentials.user_len = 4;
    now->credentials.password = token ? NULL : "secret";
    now->credentials.password_len = token ? 0 : 6;
    now->credentials.token = token ? "token" : NULL;
    now->credentials.token_len = token ? 5 : 0;
    now->credentials.nonce = nonce;
    now->credentials.nonce_len = sizeof nonce;
    now->credentials.allow_plaintext_auth = now->choice[0] & 0x40;
    REQUIRE(wsmtp_init(now->engine, &now->config) == WSMTP_REASON_OK);
    go(now);
    for (size_t piece = 0, count; size && !now->over; piece -= count) {
        size_t room;
        uint8_t *window = wsmtp_recv_buf(now->engine, &room);
        if (!room)
            break;
        if (!piece)
            piece = next_piece(how, data, size);
        count = piece < room ? piece : room;
        memcpy(window, data, count);
        wsmtp_recv_ack(now->engine, count);
        data += count;
        size -= count;
        go(now);
    }
    if (!now->over) {
        if (now->choice[0] & 0x80)
            wsmtp_io_failed(now->engine, WSMTP_REASON_TIMEOUT);
        else
            wsmtp_recv_ack(now->engine, 0);
        go(now);
    }
    REQUIRE(now->over);
    REQUIRE(wsmtp_state(now->engine) == 0);
    for (size_t i = 0; i < MESSAGES; i++)
        REQUIRE(now->submitted[i] == now->done[i]);
    wsmtp_end(now->engine);
    free(now->engine);
    free(now->config.input);
    free(now->config.output);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    static session replies, octets;
    play(&replies, data, size, REPLIES);
    play(&octets, data, size, OCTETS);
    REQUIRE(replies.log_len == octets.log_len);
    REQUIRE(memcmp(replies.log, octets.log, replies.log_len) == 0);
    REQUIRE(replies.output_len == octets.output_len);
    REQUIRE(memcmp(replies.output, octets.output, replies.output_len) == 0);
    /* All at once, the server speaks before it is asked: that may end otherwise, but as orderly. */
    play(&octets, data, size, WHOLE);
    return 0;
}
