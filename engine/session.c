/*
 * A session from greeting to QUIT: the public calls, and the order that session_table.h lays down.
 */
#include "session_table.h"

#include "internal.h"

typedef enum session_input {
#define WSMTP_INPUT_ENUM(name) INPUT_##name,
    WSMTP_SESSION_INPUTS(WSMTP_INPUT_ENUM)
} session_input;

typedef enum session_action {
#define WSMTP_ACTION_ENUM(name) ACTION_##name,
    WSMTP_SESSION_ACTIONS(WSMTP_ACTION_ENUM)
} session_action;

static const uint8_t transitions[][4] = {
#define WSMTP_TRANSITION(from, input, to, action)                                                  \
    {STATE_##from, INPUT_##input, STATE_##to, ACTION_##action},
    WSMTP_SESSION_TABLE(WSMTP_TRANSITION)};

static void act(wsmtp_engine *e, session_action action, wsmtp_event *event)
{
    switch (action) {
    case ACTION_HANDSHAKE:
        e->queued_event = WSMTP_EVENT_START_TLS;
        break;
    case ACTION_GREETED:
        event->type = WSMTP_EVENT_GREETING;
        wsmtp_write_hello(e, "EHLO ");
        break;
    case ACTION_SEND_EHLO:
        wsmtp_write_hello(e, "EHLO ");
        break;
    case ACTION_SEND_HELO:
        memset(&e->capabilities, 0, sizeof e->capabilities);
        wsmtp_write_hello(e, "HELO ");
        break;
    case ACTION_SEND_STARTTLS:
        event->type = WSMTP_EVENT_EHLO;
        wsmtp_write_word(e, "STARTTLS\r\n");
        break;
    case ACTION_OPENED:
        event->type = WSMTP_EVENT_EHLO;
        e->queued_event = WSMTP_EVENT_READY;
        break;
    case ACTION_COMPLETED:
        event->type = WSMTP_EVENT_COMPLETED;
        break;
    case ACTION_DECLINED:
        event->type = WSMTP_EVENT_REFUSED;
        event->error = &e->error;
        break;
    case ACTION_CLOSE:
        e->queued_event = WSMTP_EVENT_CLOSED;
        break;
    case ACTION_NOTHING:
        break;
    }
}

/* Takes the transition for input; false if there is none. */
static bool go(wsmtp_engine *e, session_input input, wsmtp_event *event)
{
    for (size_t i = 0; i < sizeof transitions / sizeof transitions[0]; i++) {
        const uint8_t *t = transitions[i];
        if (t[0] != e->state || t[1] != input)
            continue;
        e->state = t[2];
        e->epoch++;
        e->maybe_event = true;
        act(e, (session_action)t[3], event);
        return true;
    }
    return false;
}

void wsmtp_session_close(wsmtp_engine *e)
{
    wsmtp_event unused;
    go(e, INPUT_ENDED, &unused);
}

static bool needs_tls(const wsmtp_engine *e)
{
    return e->config->tls == WSMTP_TLS_STARTTLS && e->state != STATE_STARTTLS && !e->tls_done;
}

/* The code that a state wants, where any 2xx is not enough. */
static uint16_t wanted_code(const wsmtp_engine *e)
{
    switch (e->state) {
    case STATE_GREETING:
    case STATE_STARTTLS:
        return 220;
    case STATE_EHLO:
    case STATE_HELO:
        return 250;
    default:
        return 0;
    }
}

static void session_accepted(wsmtp_engine *e, wsmtp_event *event)
{
    uint16_t wanted = wanted_code(e);
    session_input input = INPUT_ACCEPTED;
    if (wanted && e->reply.code != wanted) {
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNEXPECTED);
        return;
    }
    if (e->state == STATE_STARTTLS && e->input_end > e->input_start) {
        wsmtp_fail(e, WSMTP_REASON_STARTTLS_RESIDUE);
        return;
    }
    if (e->state == STATE_EHLO)
        e->capabilities.flags |= WSMTP_CAP_ESMTP;
    if ((e->state == STATE_EHLO || e->state == STATE_HELO) && needs_tls(e)) {
        if (!wsmtp_has(e, WSMTP_CAP_STARTTLS)) {
            event->type = WSMTP_EVENT_EHLO;
            e->state = STATE_STARTTLS;
            wsmtp_fail(e, WSMTP_REASON_STARTTLS_MISSING);
            return;
        }
        input = INPUT_UPGRADABLE;
    }
    go(e, input, event);
}

/* A reply to anything but AUTH and transactions. */
static void session_reply(wsmtp_engine *e, wsmtp_event *event)
{
    unsigned class_ = e->reply.code / 100u;
    if (e->state == STATE_READY) {
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNSOLICITED);
    } else if (class_ == 2) {
        session_accepted(e, event);
    } else if (class_ == 3) {
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNEXPECTED);
    } else {
        wsmtp_error_set(&e->error, WSMTP_REASON_REPLY_REFUSED, e->reply_step, &e->reply);
        if (!go(e, class_ == 4 ? INPUT_DEFERRED : INPUT_REFUSED, event))
            wsmtp_fail_with_reply(e, e->state == STATE_GREETING ? WSMTP_REASON_GREETING_REFUSED
                                                                : WSMTP_REASON_REPLY_REFUSED);
    }
}

static void handle_reply(wsmtp_engine *e, wsmtp_event *event)
{
    e->reply_step = wsmtp_step_get(e);
    if (e->state == STATE_TRANSACTION)
        wsmtp_transaction_reply(e, event);
    else if (e->state == STATE_QUIT)
        wsmtp_session_close(e);
    else if (e->reply.code == 421)
        wsmtp_fail_with_reply(e, WSMTP_REASON_SERVICE_CLOSING);
    else if (e->output_end > e->output_start) /* it answers a command that has not left yet */
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNSOLICITED);
    else if (e->state == STATE_AUTH)
        wsmtp_auth_reply(e, event);
    else
        session_reply(e, event);
    if (event->type != WSMTP_EVENT_NONE && event->type != WSMTP_EVENT_DERIVE_KEY)
        event->reply = e->reply;
    wsmtp_transaction_pump(e);
}

static bool take_event(wsmtp_engine *e, wsmtp_event *event)
{
    for (;;) {
        if (e->queued_event) {
            event->type = (wsmtp_event_type)e->queued_event;
            e->queued_event = WSMTP_EVENT_NONE;
            return true;
        }
        if (e->head && e->head->awaiting == AWAITING_DONE) {
            wsmtp_transaction_done(e, event);
            if (!e->head)
                go(e, INPUT_FINISHED, event);
            wsmtp_transaction_pump(e);
            return true;
        }
        if (e->state == STATE_FAILED && !e->failure_reported) {
            e->failure_reported = true;
            event->type = WSMTP_EVENT_FAILED;
            event->error = &e->error;
            event->reply = e->error.reply;
            return true;
        }
        if (wsmtp_over(e))
            return false;
        if (wsmtp_reply_parse(e)) {
            handle_reply(e, event);
            if (event->type != WSMTP_EVENT_NONE)
                return true;
        } else if (!wsmtp_over(e)) {
            if (!e->end_of_input)
                return false;
            wsmtp_fail(e, WSMTP_REASON_CLOSED_BY_PEER);
        }
    }
}

bool wsmtp_next_event(wsmtp_engine *e, wsmtp_event *event)
{
    memset(event, 0, sizeof *event);
    if (!e->config)
        return false;
    e->maybe_event = take_event(e, event);
    return e->maybe_event;
}

void wsmtp_config_init(wsmtp_config *config)
{
    static const uint32_t seconds[WSMTP_PHASE_COUNT] = {
        [WSMTP_PHASE_CONNECT] = 30,   [WSMTP_PHASE_TLS] = 30,          [WSMTP_PHASE_GREETING] = 300,
        [WSMTP_PHASE_COMMAND] = 300,  [WSMTP_PHASE_MAIL] = 300,        [WSMTP_PHASE_RCPT] = 300,
        [WSMTP_PHASE_DATA] = 120,     [WSMTP_PHASE_BODY] = 180,        [WSMTP_PHASE_END_OF_DATA] = 600,
        [WSMTP_PHASE_QUIT] = 10};
    memset(config, 0, sizeof *config);
    config->size = sizeof *config;
    for (int i = 0; i < WSMTP_PHASE_COUNT; i++)
        config->timeouts[i] = seconds[i] * 1000;
}

wsmtp_reason wsmtp_init(wsmtp_engine *e, const wsmtp_config *config)
{
    memset(e, 0, sizeof *e);
    if (config->size < sizeof *config || config->tls > WSMTP_TLS_STARTTLS)
        return wsmtp_reject(e, WSMTP_REASON_CONFIG_VALUE, WSMTP_FIELD_CONFIG, 0);
    if (!config->input || config->input_len < WSMTP_INPUT_MIN || !config->output ||
        config->output_len < WSMTP_OUTPUT_MIN)
        return wsmtp_reject(e, WSMTP_REASON_CONFIG_BUFFER, WSMTP_FIELD_CONFIG, 0);
    wsmtp_reason reason = wsmtp_ehlo_name_check(config->ehlo_name, config->ehlo_name_len);
    if (reason != WSMTP_REASON_OK)
        return wsmtp_reject(e, reason, WSMTP_FIELD_EHLO_NAME, 0);
    e->config = config;
    e->secure = (config->flags & WSMTP_TRUSTED_CHANNEL) != 0;
    e->reply_complete = true;
    wsmtp_event unused;
    go(e, config->tls == WSMTP_TLS_IMPLICIT ? INPUT_OPEN_TLS : INPUT_OPEN, &unused);
    return WSMTP_REASON_OK;
}

unsigned wsmtp_features(void)
{
    return (WSMTP_FEATURE_SCRAM ? WSMTP_HAS_SCRAM : 0) | (WSMTP_FEATURE_OAUTH ? WSMTP_HAS_OAUTH : 0) |
           (WSMTP_FEATURE_CRAM_MD5 ? WSMTP_HAS_CRAM_MD5 : 0) |
           (WSMTP_FEATURE_SMTPUTF8 ? WSMTP_HAS_SMTPUTF8 : 0) |
           (WSMTP_FEATURE_MESSAGES ? WSMTP_HAS_MESSAGES : 0);
}

wsmtp_reason wsmtp_tls_done(wsmtp_engine *e)
{
    wsmtp_event unused;
    if (!wsmtp_handshaking(e) || e->queued_event)
        return wsmtp_reject(e, WSMTP_REASON_STATE, WSMTP_FIELD_NONE, 0);
    e->secure = e->tls_done = true;
    memset(&e->capabilities, 0, sizeof e->capabilities);
    go(e, INPUT_SECURED, &unused);
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

/* Sends a command that takes no argument, in an idle session. */
static wsmtp_reason simple_command(wsmtp_engine *e, session_input input, const char *line)
{
    wsmtp_event unused;
    if (e->queued_event || e->output_end > e->output_start || !go(e, input, &unused))
        return wsmtp_reject(e, WSMTP_REASON_STATE, WSMTP_FIELD_NONE, 0);
    wsmtp_write_word(e, line);
    return WSMTP_REASON_OK;
}

wsmtp_reason wsmtp_reset(wsmtp_engine *e)
{
    wsmtp_reason reason = simple_command(e, INPUT_RESET, "RSET\r\n");
    if (reason == WSMTP_REASON_OK)
        e->needs_reset = false;
    return reason;
}

wsmtp_reason wsmtp_noop(wsmtp_engine *e)
{
    return simple_command(e, INPUT_PING, "NOOP\r\n");
}

wsmtp_reason wsmtp_quit(wsmtp_engine *e)
{
    return simple_command(e, INPUT_LEAVE, "QUIT\r\n");
}

void wsmtp_io_failed(wsmtp_engine *e, wsmtp_reason why)
{
    if (!e->config)
        return;
    if (wsmtp_reason_kind(why) == WSMTP_KIND_TRANSPORT ||
             why == WSMTP_REASON_TLS_MODE_MISMATCH)
        wsmtp_fail(e, why);
    else
        wsmtp_fail(e, WSMTP_REASON_CONNECTION_LOST);
}

void wsmtp_end(wsmtp_engine *e)
{
    wsmtp_sasl_end(&e->sasl);
    if (e->config) {
        wsmtp_wipe(e->config->input, e->config->input_len);
        wsmtp_wipe(e->config->output, e->config->output_len);
    }
    wsmtp_wipe(e, sizeof *e);
}
