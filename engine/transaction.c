/*
 * Mail transactions (RFC 5321 section 3.3) with command pipelining (RFC 2920): which command may be
 * written now, which reply belongs to which command, and who got the message in the end. Every reply
 * that is owed is read, also after a refusal, so the session stays in step.
 */
#include "internal.h"

static bool all_or_nothing(const wsmtp_transaction *t)
{
    return (t->flags & WSMTP_SEND_ALL_OR_NOTHING) != 0;
}

/* Whether the message may go, by the answers so far. */
static bool deliverable(const wsmtp_transaction *t)
{
    return t->reason == WSMTP_REASON_OK && t->agreed > 0 &&
           !(all_or_nothing(t) && t->agreed < t->recipients_len);
}

static wsmtp_status status_of(uint16_t code)
{
    switch (code / 100) {
    case 2:
        return WSMTP_STATUS_ACCEPTED;
    case 4:
        return WSMTP_STATUS_DEFERRED;
    default:
        return WSMTP_STATUS_REFUSED;
    }
}

/*
 * Ends a transaction: recipients that no reply of their own has decided get the given outcomes, one
 * for those that RCPT agreed to, one for the rest.
 */
static void settle(wsmtp_transaction *t, wsmtp_status agreed, wsmtp_status others)
{
    bool seen[WSMTP_STATUS_IN_DOUBT + 1] = {false};
    t->accepted_count = 0;
    for (size_t i = 0; i < t->recipients_len; i++) {
        wsmtp_recipient *r = &t->recipients[i];
        if (r->status == WSMTP_STATUS_PENDING) {
            r->status = r->code ? agreed : others;
            r->from_message = r->status < WSMTP_STATUS_NOT_SENT;
            r->code = r->from_message ? t->code : 0;
            r->enhanced = r->from_message ? t->enhanced : (wsmtp_enhanced_code){0, 0, 0};
        }
        seen[r->status] = true;
        if (r->status == WSMTP_STATUS_ACCEPTED)
            t->accepted_count++;
    }
    if (seen[WSMTP_STATUS_ACCEPTED])
        t->status = WSMTP_STATUS_ACCEPTED;
    else if (seen[WSMTP_STATUS_IN_DOUBT])
        t->status = WSMTP_STATUS_IN_DOUBT;
    else if (t->lost)
        t->status = WSMTP_STATUS_NOT_SENT;
    else if (seen[WSMTP_STATUS_REFUSED] && (all_or_nothing(t) || !seen[WSMTP_STATUS_DEFERRED]))
        t->status = WSMTP_STATUS_REFUSED;
    else
        t->status = seen[WSMTP_STATUS_DEFERRED] ? WSMTP_STATUS_DEFERRED : WSMTP_STATUS_NOT_SENT;
    t->awaiting = AWAITING_DONE;
}

/* The latest reply decides about the whole message. */
static void decide(wsmtp_engine *e, wsmtp_transaction *t, wsmtp_step step)
{
    t->code = e->reply.code;
    t->enhanced = e->reply.enhanced;
    wsmtp_reply_keep(e);
    if (t->code / 100 != 2) {
        t->reason = WSMTP_REASON_REPLY_REFUSED;
        t->failed_step = step;
    }
}

/* The envelope is answered and no message may follow it. */
static void give_up_envelope(wsmtp_transaction *t)
{
    if (t->reason == WSMTP_REASON_OK) {
        t->reason = t->agreed ? WSMTP_REASON_SOME_RECIPIENTS_REFUSED
                              : WSMTP_REASON_ALL_RECIPIENTS_REFUSED;
        t->failed_step = WSMTP_STEP_RCPT;
    }
}

/* Outcome of recipients that have none, when no message was sent. */
static void settle_unsent(wsmtp_transaction *t)
{
    wsmtp_status status = t->code ? status_of(t->code) : WSMTP_STATUS_NOT_SENT;
    settle(t, status, status);
}

bool wsmtp_transaction_lost(wsmtp_engine *e, wsmtp_transaction *t, wsmtp_reason reason,
                            wsmtp_step step)
{
    bool doubt = t->awaiting == AWAITING_END && e->output_acked >= t->end_mark;
    if (t->reason != WSMTP_REASON_OK) {
        settle_unsent(t);
        return false;
    }
    t->lost = true;
    t->reason = reason;
    t->failed_step = step;
    settle(t, doubt ? WSMTP_STATUS_IN_DOUBT : WSMTP_STATUS_NOT_SENT, WSMTP_STATUS_NOT_SENT);
    return doubt;
}

static void expect(wsmtp_transaction *t, transaction_awaiting reply)
{
    if (t->awaiting == AWAITING_NOTHING)
        t->awaiting = (uint8_t)reply;
}

/* Writes the next command of t; false if nothing more can be written now. */
static bool write_next(wsmtp_engine *e, wsmtp_transaction *t)
{
    bool answered = t->awaiting == AWAITING_NOTHING;
    bool may = answered || (wsmtp_has(e, WSMTP_CAP_PIPELINING) &&
                            !(e->config->flags & WSMTP_NO_PIPELINING));
    switch (t->stage) {
    case STAGE_RSET:
        if (e->needs_reset) {
            if (!may || !wsmtp_write_word(e, "RSET\r\n"))
                return false;
            e->needs_reset = false;
            expect(t, AWAITING_RSET);
        }
        t->stage = STAGE_MAIL;
        return true;
    case STAGE_MAIL:
        if (!may || !wsmtp_write_mail(e, t))
            return false;
        expect(t, AWAITING_MAIL);
        t->stage = STAGE_RCPT;
        return true;
    case STAGE_RCPT:
        if (t->reason != WSMTP_REASON_OK || t->written == t->recipients_len) {
            t->stage = STAGE_DATA;
            return true;
        }
        if (!may || !wsmtp_write_rcpt(e, t, t->written))
            return false;
        t->written++;
        expect(t, AWAITING_RCPT);
        return true;
    case STAGE_DATA:
        if (answered && !deliverable(t)) {
            give_up_envelope(t);
            e->needs_reset = t->mail_accepted;
            settle_unsent(t);
            return false;
        }
        if (!may || (!answered && (all_or_nothing(t) || t->reason != WSMTP_REASON_OK)) ||
            !wsmtp_write_word(e, "DATA\r\n"))
            return false;
        expect(t, AWAITING_DATA);
        t->stage = STAGE_DATA_ANSWER;
        return false;
    case STAGE_BODY:
        if (e->body_ending && wsmtp_body_finish(e, t)) {
            t->end_mark = wsmtp_output_position(e);
            t->awaiting = AWAITING_END;
            t->stage = STAGE_END;
        }
        return false;
    default:
        return false;
    }
}

void wsmtp_transaction_pump(wsmtp_engine *e)
{
    while (e->state == STATE_TRANSACTION && e->writing && e->writing->awaiting != AWAITING_DONE &&
           write_next(e, e->writing))
        ;
}

/* After an answer to the envelope: what comes next in the order of writing. */
static void next_answer(wsmtp_transaction *t)
{
    if (t->answered < t->written)
        t->awaiting = AWAITING_RCPT;
    else
        t->awaiting = t->stage == STAGE_DATA_ANSWER ? AWAITING_DATA : AWAITING_NOTHING;
}

static void answer_mail(wsmtp_engine *e, wsmtp_transaction *t, wsmtp_event *event)
{
    event->type = WSMTP_EVENT_MAIL;
    event->transaction = t;
    if (e->reply.code / 100 == 2)
        t->mail_accepted = true;
    else
        decide(e, t, WSMTP_STEP_MAIL);
    next_answer(t);
}

static void answer_rcpt(wsmtp_engine *e, wsmtp_transaction *t, wsmtp_event *event)
{
    size_t index = t->answered++;
    next_answer(t);
    if (t->reason != WSMTP_REASON_OK)
        return; /* MAIL was refused: this reply only says so again */
    wsmtp_recipient *r = &t->recipients[index];
    r->code = e->reply.code;
    r->enhanced = e->reply.enhanced;
    if (status_of(r->code) == WSMTP_STATUS_ACCEPTED) {
        t->agreed++;
    } else {
        r->status = status_of(r->code);
        wsmtp_reply_keep(e);
    }
    event->type = WSMTP_EVENT_RECIPIENT;
    event->transaction = t;
    event->recipient = index;
}

static void answer_data(wsmtp_engine *e, wsmtp_transaction *t, wsmtp_event *event)
{
    bool wanted = deliverable(t);
    if (e->reply.code == 354) {
        t->awaiting = AWAITING_NOTHING;
        if (wanted) {
            t->stage = STAGE_BODY;
            wsmtp_body_begin(e);
            event->type = WSMTP_EVENT_BODY;
            event->transaction = t;
            return;
        }
        /* Nobody is to get it: an empty message ends the state without a delivery (RFC 2920
         * section 3.1), and its reply decides nothing. */
        give_up_envelope(t);
        t->stage = STAGE_END;
        if (wsmtp_write_word(e, ".\r\n"))
            t->awaiting = AWAITING_DISCARD;
        else
            wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNSOLICITED);
        return;
    }
    if (wanted)
        decide(e, t, WSMTP_STEP_DATA);
    else
        give_up_envelope(t);
    e->needs_reset = t->mail_accepted;
    settle_unsent(t);
}

static void answer_message(wsmtp_engine *e, wsmtp_transaction *t)
{
    bool early = e->output_acked < t->end_mark;
    if (early && e->reply.code / 100 == 2) {
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNSOLICITED);
        return;
    }
    decide(e, t, early ? WSMTP_STEP_BODY : WSMTP_STEP_END_OF_DATA);
    settle(t, status_of(t->code), WSMTP_STATUS_NOT_SENT);
    if (early)
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_REFUSED);
}

/* A reply that nothing asked for: in the middle of a message a refusal decides about it. */
static void unasked(wsmtp_engine *e, wsmtp_transaction *t)
{
    bool refusal = t->stage == STAGE_BODY && e->reply.code >= 400 && e->reply.code != 421;
    if (refusal) {
        decide(e, t, WSMTP_STEP_BODY);
        settle(t, status_of(t->code), WSMTP_STATUS_NOT_SENT);
    }
    if (e->reply.code != 421)
        wsmtp_fail_with_reply(e, refusal ? WSMTP_REASON_REPLY_REFUSED
                                         : WSMTP_REASON_REPLY_UNSOLICITED);
}

void wsmtp_transaction_reply(wsmtp_engine *e, wsmtp_event *event)
{
    wsmtp_transaction *t = e->head;
    if (e->reply.code / 100 == 3 ? t->awaiting != AWAITING_DATA || e->reply.code != 354
                                 : t->awaiting == AWAITING_DATA && e->reply.code / 100 == 2) {
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNEXPECTED);
        return;
    }
    switch (t->awaiting) {
    case AWAITING_RSET:
        t->awaiting = t->stage > STAGE_MAIL ? AWAITING_MAIL : AWAITING_NOTHING;
        if (e->reply.code / 100 != 2 && e->reply.code != 421)
            wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_REFUSED);
        break;
    case AWAITING_MAIL:
        answer_mail(e, t, event);
        break;
    case AWAITING_RCPT:
        answer_rcpt(e, t, event);
        break;
    case AWAITING_DATA:
        answer_data(e, t, event);
        break;
    case AWAITING_END:
        answer_message(e, t);
        break;
    case AWAITING_DISCARD:
        settle_unsent(t);
        break;
    default:
        unasked(e, t);
        break;
    }
    if (e->reply.code == 421)
        wsmtp_fail_with_reply(e, WSMTP_REASON_SERVICE_CLOSING);
}

void wsmtp_transaction_done(wsmtp_engine *e, wsmtp_event *event)
{
    wsmtp_transaction *t = e->head;
    event->type = WSMTP_EVENT_DONE;
    event->transaction = t;
    event->error = wsmtp_error_of_transaction(e, t);
    if (!t->lost)
        event->reply = e->kept;
    memset(&e->kept, 0, sizeof e->kept);
    e->head = t->next;
    e->writing = e->head;
}

wsmtp_step wsmtp_transaction_step(const wsmtp_engine *e)
{
    static const uint8_t steps[] = {[AWAITING_RSET] = WSMTP_STEP_RSET,
                                    [AWAITING_MAIL] = WSMTP_STEP_MAIL,
                                    [AWAITING_RCPT] = WSMTP_STEP_RCPT,
                                    [AWAITING_DATA] = WSMTP_STEP_DATA,
                                    [AWAITING_END] = WSMTP_STEP_END_OF_DATA,
                                    [AWAITING_DISCARD] = WSMTP_STEP_END_OF_DATA};
    const wsmtp_transaction *t = e->head;
    if (!t || t->awaiting == AWAITING_DONE)
        return WSMTP_STEP_READY;
    if (t->awaiting == AWAITING_NOTHING)
        return t->stage == STAGE_BODY ? WSMTP_STEP_BODY : WSMTP_STEP_MAIL;
    if (t->awaiting == AWAITING_END && e->output_acked < t->end_mark)
        return WSMTP_STEP_BODY;
    return (wsmtp_step)steps[t->awaiting];
}
