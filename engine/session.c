/*
 * A session from greeting to QUIT: the public calls, and the order that session_table.h lays down.
 */
#include "internal.h"

#define CONFIG_FLAGS                                                                               \
    (WSMTP_LENIENT_BARE_LF | WSMTP_NO_PIPELINING | WSMTP_TRUSTED_CHANNEL | WSMTP_NO_CHUNKING |      \
     WSMTP_EARLY_ENVELOPE)

/* State, input, next state, and in one octet the event and the one after it. */
static const uint8_t transitions[][4] = {
#define WSMTP_TRANSITION(from, input, to, event, next_event)                                       \
    {STATE_##from, INPUT_##input, STATE_##to, WSMTP_EVENT_##event << 4 | WSMTP_EVENT_##next_event},
    WSMTP_SESSION_TABLE(WSMTP_TRANSITION)};

static bool go(wsmtp_engine *e, session_input input);

#if WSMTP_FEATURE_EARLY
/* Goes on without waiting for what is known from before. */
static void hurry(wsmtp_engine *e, uint8_t ahead)
{
    e->ahead = ahead;
    e->capabilities = *e->config->expected;
    go(e, INPUT_EARLY);
}
#endif

/* What is sent on entering a state. */
static void enter(wsmtp_engine *e)
{
    switch (e->state) {
#if WSMTP_FEATURE_EARLY
    case STATE_GREETING:
        if (wsmtp_early_possible(e)) {
            wsmtp_write_hello(e, "EHLO ");
            hurry(e, AHEAD_GREETING | AHEAD_EHLO);
        }
        break;
#endif
    case STATE_EHLO:
        wsmtp_write_hello(e, wsmtp_lmtp(e) ? "LHLO " : "EHLO ");
#if WSMTP_FEATURE_EARLY
        if (e->reply_step == WSMTP_STEP_STARTTLS && wsmtp_early_possible(e))
            hurry(e, AHEAD_EHLO);
#endif
        break;
    case STATE_HELO:
        wsmtp_write_hello(e, "HELO ");
        break;
    case STATE_STARTTLS:
        if (wsmtp_has(e, WSMTP_CAP_STARTTLS))
            wsmtp_write_word(e, "STARTTLS\r\n");
        else
            wsmtp_fail(e, WSMTP_REASON_STARTTLS_MISSING);
        break;
    case STATE_RSET:
        e->needs_reset = false;
        wsmtp_write_word(e, "RSET\r\n");
        break;
    case STATE_NOOP:
        wsmtp_write_word(e, "NOOP\r\n");
        break;
    case STATE_QUIT:
        wsmtp_write_word(e, "QUIT\r\n");
        break;
    default:
        break;
    }
}

/* Takes the transition for input; false if there is none. */
static bool go(wsmtp_engine *e, session_input input)
{
    for (size_t i = 0; i < sizeof transitions / sizeof transitions[0]; i++) {
        const uint8_t *t = transitions[i];
        if (t[0] != e->state || t[1] != input)
            continue;
        e->state = t[2];
        const wsmtp_event_type event = (wsmtp_event_type)(t[3] >> 4);
        if (event == WSMTP_EVENT_REFUSED)
            wsmtp_refused(e, WSMTP_REASON_REPLY_REFUSED);
        else if (event != WSMTP_EVENT_NONE)
            e->event.type = event;
        e->queued_event = t[3] & 15;
        e->epoch++;
        e->maybe_event = true;
        enter(e);
        return true;
    }
    return false;
}

void wsmtp_session_close(wsmtp_engine *e)
{
    go(e, INPUT_ENDED);
}

/* The code that a state wants, where not every 2xx will do. */
static unsigned wanted_code(const wsmtp_engine *e)
{
    if (WSMTP_FEATURE_XCLIENT && e->state == STATE_XCLIENT)
        return 220;
    switch (e->state) {
    case STATE_GREETING:
    case STATE_STARTTLS:
        return 220;
    case STATE_EHLO:
    case STATE_HELO:
        return 250;
    default:
        return e->reply.code;
    }
}

static void session_accepted(wsmtp_engine *e)
{
    session_input input = INPUT_ACCEPTED;
    if (e->reply.code != wanted_code(e)) {
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNEXPECTED);
        return;
    }
    if (e->state == STATE_STARTTLS && e->input_end > e->input_start) {
        wsmtp_fail(e, WSMTP_REASON_STARTTLS_RESIDUE);
        return;
    }
    if (e->state == STATE_EHLO)
        wsmtp_take_offer(e);
    if (e->reply_step == WSMTP_STEP_EHLO && e->config->tls == WSMTP_TLS_STARTTLS && !e->tls_done)
        input = INPUT_UPGRADABLE;
    go(e, input);
}

/* A reply to anything but AUTH and transactions. */
static void session_reply(wsmtp_engine *e)
{
    if (e->state == STATE_READY) {
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNSOLICITED);
        return;
    }
    switch (wsmtp_reply_class(e)) {
    case 2:
        session_accepted(e);
        break;
    case 3:
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNEXPECTED);
        break;
    default:
        if ((wsmtp_lmtp(e) && e->state == STATE_EHLO) ||
            !go(e, e->reply.code < 500 ? INPUT_DEFERRED : INPUT_REFUSED))
            wsmtp_fail_with_reply(e, e->state == STATE_GREETING ? WSMTP_REASON_GREETING_REFUSED
                                                                : WSMTP_REASON_REPLY_REFUSED);
    }
}

static void handle_reply(wsmtp_engine *e)
{
    e->reply_step = wsmtp_step_get(e);
#if WSMTP_FEATURE_EARLY
    if (wsmtp_ahead(e))
        wsmtp_early_reply(e);
    else
#endif
    if (e->state == STATE_TRANSACTION)
        wsmtp_transaction_reply(e);
    else if (e->state == STATE_QUIT)
        wsmtp_session_close(e);
    else if (e->reply.code == 421)
        wsmtp_fail_with_reply(e, WSMTP_REASON_SERVICE_CLOSING);
    else if (e->output_end > e->output_start) /* it answers a command that has not left yet */
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNSOLICITED);
    else if (WSMTP_FEATURE_AUTH && e->state == STATE_AUTH)
        wsmtp_auth_reply(e);
    else
        session_reply(e);
    if (e->event.type != WSMTP_EVENT_NONE && e->event.type != WSMTP_EVENT_DERIVE_KEY)
        e->event.reply = e->reply;
    wsmtp_transaction_pump(e);
}

/* Goes on until there is an event, in e->event, or nothing left to do. */
static void find_event(wsmtp_engine *e)
{
    while (e->event.type == WSMTP_EVENT_NONE) {
        if (WSMTP_FEATURE_CHUNKING && e->body_due) {
            e->body_due = false;
            if (wsmtp_body_open(e)) {
                e->event.type = WSMTP_EVENT_BODY;
                e->event.transaction = e->writing;
                return;
            }
        }
        if (e->head && e->head->awaiting == WSMTP_STEP_CLOSED) {
            wsmtp_transaction_done(e);
            if (!e->head)
                go(e, INPUT_FINISHED);
            wsmtp_transaction_pump(e);
        } else if (e->queued_event) {
            e->event.type = (wsmtp_event_type)e->queued_event;
            e->queued_event = WSMTP_EVENT_NONE;
            if (e->event.type == WSMTP_EVENT_FAILED) {
                e->event.error = &e->error;
                e->event.reply = e->error.reply;
            }
        } else if (wsmtp_over(e)) {
            return;
        } else if (wsmtp_reply_parse(e)) {
            handle_reply(e);
        } else if (e->end_of_input) {
            wsmtp_fail(e, WSMTP_REASON_CLOSED_BY_PEER); /* unless the last reply has failed it */
        } else if (!wsmtp_over(e)) {
            return;
        }
    }
}

bool wsmtp_next_event(wsmtp_engine *e, wsmtp_event *event)
{
    memset(&e->event, 0, sizeof e->event);
    if (e->config)
        find_event(e);
    *event = e->event;
    e->maybe_event = event->type != WSMTP_EVENT_NONE;
    return e->maybe_event;
}

void wsmtp_config_init(wsmtp_config *config)
{
    static const uint16_t seconds[WSMTP_PHASE_COUNT] = {
        [WSMTP_PHASE_CONNECT] = 30,   [WSMTP_PHASE_TLS] = 30,          [WSMTP_PHASE_GREETING] = 300,
        [WSMTP_PHASE_COMMAND] = 300,  [WSMTP_PHASE_MAIL] = 300,        [WSMTP_PHASE_RCPT] = 300,
        [WSMTP_PHASE_DATA] = 120,     [WSMTP_PHASE_BODY] = 180,        [WSMTP_PHASE_END_OF_DATA] = 600,
        [WSMTP_PHASE_QUIT] = 10};
    memset(config, 0, sizeof *config);
    config->size = sizeof *config;
    config->eager_octets = 16384;
    for (int i = 0; i < WSMTP_PHASE_COUNT; i++)
        config->timeouts[i] = seconds[i] * 1000u;
}

static wsmtp_reason check_config(const wsmtp_config *c)
{
    if (c->size < sizeof *c || c->tls > WSMTP_TLS_STARTTLS ||
        c->protocol > WSMTP_PROTOCOL_LMTP || (c->flags & ~CONFIG_FLAGS))
        return WSMTP_REASON_CONFIG_VALUE;
    if (!c->input || c->input_len < WSMTP_INPUT_MIN || !c->output ||
        c->output_len < WSMTP_OUTPUT_MIN)
        return WSMTP_REASON_CONFIG_BUFFER;
    return WSMTP_REASON_OK;
}

static bool wants_more_than_built(const wsmtp_config *c)
{
    return ((unsigned)!WSMTP_FEATURE_LMTP & (unsigned)c->protocol) |
           ((unsigned)!WSMTP_FEATURE_OVERLAP & (unsigned)(c->overlap > 1)) |
           (WSMTP_FEATURE_EARLY ? 0u : (c->flags & WSMTP_EARLY_ENVELOPE) | (unsigned)(c->expected != NULL));
}

wsmtp_reason wsmtp_init(wsmtp_engine *e, const wsmtp_config *config)
{
    memset(e, 0, sizeof *e);
    wsmtp_reason reason = check_config(config);
    if (reason == WSMTP_REASON_OK && wants_more_than_built(config))
        reason = WSMTP_REASON_NOT_BUILT;
    if (reason != WSMTP_REASON_OK)
        return wsmtp_reject(e, reason, WSMTP_FIELD_CONFIG, 0);
    reason = wsmtp_ehlo_name_check(config->ehlo_name, config->ehlo_name_len);
    if (reason != WSMTP_REASON_OK)
        return wsmtp_reject(e, reason, WSMTP_FIELD_EHLO_NAME, 0);
    e->config = config;
    e->secure = (config->flags & WSMTP_TRUSTED_CHANNEL) != 0;
    e->reply_complete = true;
    e->secret_at = e->held_at = SIZE_MAX;
    go(e, config->tls == WSMTP_TLS_IMPLICIT ? INPUT_OPEN_TLS : INPUT_OPEN);
    return WSMTP_REASON_OK;
}

unsigned wsmtp_features(void)
{
    return (WSMTP_FEATURE_AUTH ? WSMTP_HAS_AUTH : 0) |
           (WSMTP_FEATURE_SCRAM ? WSMTP_HAS_SCRAM : 0) | (WSMTP_FEATURE_OAUTH ? WSMTP_HAS_OAUTH : 0) |
           (WSMTP_FEATURE_CRAM_MD5 ? WSMTP_HAS_CRAM_MD5 : 0) |
           (WSMTP_FEATURE_SMTPUTF8 ? WSMTP_HAS_SMTPUTF8 : 0) |
           (WSMTP_FEATURE_CHUNKING ? WSMTP_HAS_CHUNKING : 0) |
           (WSMTP_FEATURE_OVERLAP ? WSMTP_HAS_OVERLAP : 0) |
           (WSMTP_FEATURE_LMTP ? WSMTP_HAS_LMTP : 0) |
           (WSMTP_FEATURE_CHANNEL_BINDING ? WSMTP_HAS_CHANNEL_BINDING : 0) |
           (WSMTP_FEATURE_LIMITS ? WSMTP_HAS_LIMITS : 0) |
           (WSMTP_FEATURE_EARLY ? WSMTP_HAS_EARLY : 0) |
           (WSMTP_FEATURE_BINARYMIME ? WSMTP_HAS_BINARYMIME : 0) |
           (WSMTP_FEATURE_DSN ? WSMTP_HAS_DSN : 0) |
           (WSMTP_FEATURE_REQUIRETLS ? WSMTP_HAS_REQUIRETLS : 0) |
           (WSMTP_FEATURE_DELIVERBY ? WSMTP_HAS_DELIVERBY : 0) |
           (WSMTP_FEATURE_FUTURERELEASE ? WSMTP_HAS_FUTURERELEASE : 0) |
           (WSMTP_FEATURE_MT_PRIORITY ? WSMTP_HAS_MT_PRIORITY : 0) |
           (WSMTP_FEATURE_SUBMITTER ? WSMTP_HAS_SUBMITTER : 0) |
           (WSMTP_FEATURE_PRDR ? WSMTP_HAS_PRDR : 0) |
           (WSMTP_FEATURE_QUERIES ? WSMTP_HAS_QUERIES : 0) |
           (WSMTP_FEATURE_XCLIENT ? WSMTP_HAS_XCLIENT : 0) |
           (WSMTP_FEATURE_EXTERNAL ? WSMTP_HAS_EXTERNAL : 0) |
           (WSMTP_FEATURE_SHA_512 ? WSMTP_HAS_SHA_512 : 0) |
           (WSMTP_FEATURE_MESSAGES ? WSMTP_HAS_MESSAGES : 0);
}

wsmtp_reason wsmtp_tls_done(wsmtp_engine *e)
{
    if (!wsmtp_handshaking(e) || e->queued_event)
        return wsmtp_reject(e, WSMTP_REASON_STATE, WSMTP_FIELD_NONE, 0);
    e->secure = e->tls_done = true;
    go(e, INPUT_SECURED);
    return WSMTP_REASON_OK;
}

bool wsmtp_is_secure(const wsmtp_engine *e)
{
    return e->secure;
}

const wsmtp_capabilities *wsmtp_capabilities_get(const wsmtp_engine *e)
{
    return &e->capabilities;
}

const wsmtp_error *wsmtp_error_get(const wsmtp_engine *e)
{
    return &e->error;
}

wsmtp_reason wsmtp_session_command(wsmtp_engine *e, session_input input)
{
    bool idle = !e->queued_event && e->output_end == e->output_start;
    return idle && go(e, input) ? WSMTP_REASON_OK
                                : wsmtp_reject(e, WSMTP_REASON_STATE, WSMTP_FIELD_NONE, 0);
}

wsmtp_reason wsmtp_reset(wsmtp_engine *e)
{
    return wsmtp_session_command(e, INPUT_RESET);
}

wsmtp_reason wsmtp_noop(wsmtp_engine *e)
{
    return wsmtp_session_command(e, INPUT_PING);
}

wsmtp_reason wsmtp_quit(wsmtp_engine *e)
{
    return wsmtp_session_command(e, INPUT_LEAVE);
}

void wsmtp_io_failed(wsmtp_engine *e, wsmtp_reason why)
{
    if (!e->config)
        return;
    bool known = wsmtp_reason_kind(why) == WSMTP_KIND_TRANSPORT ||
                 why == WSMTP_REASON_TLS_MODE_MISMATCH;
    wsmtp_fail(e, known ? why : WSMTP_REASON_CONNECTION_LOST);
}

void wsmtp_end(wsmtp_engine *e)
{
    if (e->config) {
        wsmtp_wipe(e->config->input, e->config->input_len);
        wsmtp_wipe(e->config->output, e->config->output_len);
    }
    wsmtp_wipe(e, sizeof *e);
}
