/*
 * Mail transactions (RFC 5321 section 3.3) with command pipelining (RFC 2920), the receiving side:
 * which reply belongs to which command, and what it means. Every reply that is owed is read, also
 * after a refusal, so the session stays in step. t->awaiting is the step that the next reply answers;
 * envelope.c writes the commands.
 */
#include "internal.h"

/* Keeps a reply, unless it refuses more of a message that others have got. */
static void keep(wsmtp_engine *e, const wsmtp_transaction *t)
{
    if (!WSMTP_FEATURE_LIMITS || t->accepted_count == 0 || wsmtp_reply_class(e) == 2)
        wsmtp_reply_keep(e);
}

/* The latest reply decides about the whole message. */
static void decide(wsmtp_engine *e, wsmtp_transaction *t)
{
    t->code = e->reply.code;
    t->enhanced = e->reply.enhanced;
    keep(e, t);
    if (wsmtp_reply_class(e) != 2) {
        t->reason = WSMTP_REASON_REPLY_REFUSED;
        t->failed_step = e->reply_step;
    }
}

static void announce(wsmtp_engine *e, wsmtp_event_type type)
{
    e->event.type = type;
    e->event.transaction = e->head;
}

/* The reply to RCPT, or to the message, for one recipient. */
static wsmtp_recipient *answer_recipient(wsmtp_engine *e, wsmtp_transaction *t, size_t index)
{
    wsmtp_recipient *r = &t->recipients[index];
    announce(e, WSMTP_EVENT_RECIPIENT);
    e->event.recipient = index;
    r->code = e->reply.code;
    r->enhanced = e->reply.enhanced;
    t->awaiting = WSMTP_STEP_END_OF_DATA; /* if it is about the message */
    return r;
}

static void answer_rcpt(wsmtp_engine *e, wsmtp_transaction *t)
{
    const size_t index = t->answered;
#if WSMTP_FEATURE_LIMITS
    t->answered = wsmtp_part_next(t, index + 1, t->written);
#else
    t->answered++;
#endif
    if (t->reason != WSMTP_REASON_OK)
        return; /* MAIL was refused: this reply only says so again */
    wsmtp_recipient *r = answer_recipient(e, t, index);
    if (wsmtp_reply_class(e) == 2) {
        t->agreed++;
    } else {
#if WSMTP_FEATURE_LIMITS
        if (!wsmtp_part_puts_off(t, r->code))
#endif
            r->status = wsmtp_status_of(r->code);
        keep(e, t);
    }
}

static void answer_data(wsmtp_engine *e, wsmtp_transaction *t)
{
    const bool wanted = wsmtp_deliverable(t);
    if (e->reply.code != 354) {
        if (wanted)
            decide(e, t);
        wsmtp_give_up(e, t);
    } else if (wanted) {
        t->to_write = WSMTP_STEP_BODY;
        wsmtp_body_begin(e);
        announce(e, WSMTP_EVENT_BODY);
    } else if (wsmtp_lmtp(e)) {
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNEXPECTED); /* RFC 2033 section 4.2: 503 */
    } else {
        /* Nobody is to get it: an empty message ends the state without a delivery (RFC 2920
         * section 3.1), and its reply decides nothing. */
        wsmtp_explain(t);
        t->awaiting = WSMTP_STEP_END_OF_DATA;
        if (!wsmtp_write_word(e, ".\r\n"))
            wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNSOLICITED);
    }
}

/* A reply while the message is not wholly sent: a refusal decides about it, and ends the session. */
static void answer_body(wsmtp_engine *e, wsmtp_transaction *t)
{
    if (e->reply.code == 421)
        return;
    wsmtp_reason reason = WSMTP_REASON_REPLY_UNSOLICITED;
    if (e->reply_step == WSMTP_STEP_BODY && e->reply.code >= 400) {
        decide(e, t);
        wsmtp_settle(t, WSMTP_STATUS_NOT_SENT);
        reason = WSMTP_REASON_REPLY_REFUSED;
    }
    wsmtp_fail_with_reply(e, reason);
}

/* What the next reply answers, once that to MAIL is in. */
static uint8_t next_awaited(const wsmtp_transaction *t)
{
    if (t->answered < t->written)
        return WSMTP_STEP_RCPT;
    if (WSMTP_FEATURE_CHUNKING && t->chunks_written - t->chunks_answered > (t->end_mark ? 1u : 0u))
        return WSMTP_STEP_BODY;
    if (t->end_mark)
        return WSMTP_STEP_END_OF_DATA;
    return t->to_write == WSMTP_STEP_READY ? WSMTP_STEP_DATA : WSMTP_STEP_READY;
}

/* A server that offers CHUNKING and does not know BDAT takes the message for commands. */
static bool chunking_broken(wsmtp_engine *e, wsmtp_transaction *t)
{
    if (wsmtp_chunked(t) && wsmtp_reply_class(e) == 2)
        e->chunking_works = true;
    if (!wsmtp_chunked(t) || e->chunking_works ||
        (e->reply.code != 500 && e->reply.code != 502))
        return false;
    t->lost = t->reason == WSMTP_REASON_OK;
    wsmtp_settle(t, WSMTP_STATUS_NOT_SENT);
    wsmtp_fail_with_reply(e, WSMTP_REASON_CHUNKING_REFUSED);
    return true;
}

/* The reply to a chunk that is not the last. */
static void answer_chunk(wsmtp_engine *e, wsmtp_transaction *t)
{
    if (chunking_broken(e, t))
        return;
    t->chunks_answered++;
    if (wsmtp_reply_class(e) != 2 && wsmtp_deliverable(t)) {
        decide(e, t);
        if (t->end_mark == 0) { /* the rest of the message is not wanted */
            wsmtp_chunk_drop(e);
            t->to_write = WSMTP_STEP_DATA;
        }
    }
    t->awaiting = next_awaited(t);
}

/* Goes to the next recipient that the message went to; false if there is none. */
static bool find_delivery(wsmtp_transaction *t)
{
    for (; t->delivered < t->recipients_len; t->delivered++)
#if WSMTP_FEATURE_LIMITS
        if (wsmtp_part_has(t, t->delivered))
#else
        if (t->recipients[t->delivered].status == WSMTP_STATUS_PENDING)
#endif
            return true;
    return false;
}

/* LMTP: the reply to the message for the next of the recipients that were accepted. */
static void answer_delivery(wsmtp_engine *e, wsmtp_transaction *t)
{
    find_delivery(t);
    wsmtp_recipient *r = answer_recipient(e, t, t->delivered++);
    r->status = wsmtp_status_of(r->code);
    if (wsmtp_reply_class(e) == 2 || wsmtp_status_of(e->kept.code) != WSMTP_STATUS_ACCEPTED)
        wsmtp_reply_keep(e);
    if (find_delivery(t))
        return;
    t->code = e->kept.code;
    t->enhanced = e->kept.enhanced;
    if (wsmtp_status_of(t->code) != WSMTP_STATUS_ACCEPTED) {
        t->reason = WSMTP_REASON_ALL_RECIPIENTS_REFUSED;
        t->failed_step = WSMTP_STEP_END_OF_DATA;
    }
    wsmtp_answered(e, t);
}

/* The reply to the whole message, or to one that nobody was to get. */
static void answer_message(wsmtp_engine *e, wsmtp_transaction *t)
{
    if (e->reply_step == WSMTP_STEP_BODY) {
        answer_body(e, t);
        return;
    }
    if (chunking_broken(e, t))
        return;
    if (WSMTP_FEATURE_PRDR && e->reply.code == 353) {
        t->delivering = true;
        t->awaiting = WSMTP_STEP_END_OF_DATA;
        return;
    }
    /* Some servers, Postfix among them, keep the transaction of a refused message open. */
    e->needs_reset = wsmtp_reply_class(e) != 2;
    if (!wsmtp_deliverable(t)) {
        wsmtp_explain(t);
        if (WSMTP_FEATURE_OVERLAP && t->restart && !wsmtp_chunked(t))
            wsmtp_restart(e, t);
        else
            wsmtp_answered(e, t);
    } else if (wsmtp_lmtp(e)) {
        answer_delivery(e, t);
    } else if (WSMTP_FEATURE_PRDR && t->delivering && find_delivery(t)) {
        /* A refusal counts for this recipient; the last reply decides about the others. */
        wsmtp_recipient *r = answer_recipient(e, t, t->delivered++);
        if (wsmtp_reply_class(e) != 2) {
            r->status = wsmtp_status_of(r->code);
            keep(e, t);
        }
    } else {
        if (WSMTP_FEATURE_PRDR)
            t->delivered = 0;
        if (WSMTP_FEATURE_PRDR && t->delivering && !find_delivery(t)) {
            t->reason = WSMTP_REASON_ALL_RECIPIENTS_REFUSED; /* each for itself */
            t->failed_step = WSMTP_STEP_END_OF_DATA;
        } else {
            decide(e, t);
        }
        wsmtp_answered(e, t);
    }
}

/* The answer to MAIL; 503 to one that came before the transaction ahead was over refuses only that. */
static void answer_mail(wsmtp_engine *e, wsmtp_transaction *t)
{
    t->mail_accepted = wsmtp_reply_class(e) == 2;
    if (wsmtp_overlapped(t) && e->reply.code == 503) {
        e->no_overlap = true;
        t->reason = WSMTP_REASON_OVERLAP_REFUSED;
        t->failed_step = WSMTP_STEP_MAIL;
        t->restart = t->chunks_written == 0 && !(wsmtp_chunked(t) && t->to_write == WSMTP_STEP_BODY);
        wsmtp_reply_keep(e);
    } else {
        announce(e, WSMTP_EVENT_MAIL);
        if (!t->mail_accepted && t->reason == WSMTP_REASON_OK)
            decide(e, t);
    }
    t->awaiting = next_awaited(t);
}

/* Nothing of t has left yet: its envelope is to travel with its message. */
static bool held(const wsmtp_engine *e, const wsmtp_transaction *t)
{
    return WSMTP_FEATURE_CHUNKING && t == e->writing &&
           e->held_at < (e->chunk_open ? e->chunk_at : e->output_end);
}

/* Whether a reply says that one for each recipient follows, as was asked for. */
static bool begins_prdr(const wsmtp_engine *e, const wsmtp_transaction *t, uint8_t answered)
{
    return WSMTP_FEATURE_PRDR && answered == WSMTP_STEP_END_OF_DATA && e->reply.code == 353 &&
           e->reply_step == WSMTP_STEP_END_OF_DATA && !t->delivering &&
           wsmtp_sends_parameter(e, t, WSMTP_KEYWORD_PRDR);
}

void wsmtp_transaction_reply(wsmtp_engine *e)
{
    wsmtp_transaction *t = e->head;
    const unsigned class_ = wsmtp_reply_class(e);
    const uint8_t answered = held(e, t) ? WSMTP_STEP_READY : t->awaiting;
    if (class_ == 3 ? (answered != WSMTP_STEP_DATA || e->reply.code != 354) && !begins_prdr(e, t, answered)
                    : class_ == 2 && answered == WSMTP_STEP_DATA) {
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNEXPECTED);
        return;
    }
    t->awaiting = WSMTP_STEP_READY;
    switch (answered) {
    case WSMTP_STEP_RSET:
        if (t->to_write != WSMTP_STEP_MAIL)
            t->awaiting = WSMTP_STEP_MAIL;
        if (class_ != 2 && e->reply.code != 421 && !wsmtp_overlapped(t))
            wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_REFUSED);
        break;
    case WSMTP_STEP_MAIL:
        answer_mail(e, t);
        break;
    case WSMTP_STEP_RCPT:
        answer_rcpt(e, t);
        t->awaiting = next_awaited(t);
        break;
    case WSMTP_STEP_DATA:
        answer_data(e, t);
        break;
    case WSMTP_STEP_END_OF_DATA:
        answer_message(e, t);
        break;
    case WSMTP_STEP_BODY: /* never without chunks */
        if (WSMTP_FEATURE_CHUNKING)
            answer_chunk(e, t);
        break;
    default:
        answer_body(e, t);
        break;
    }
    if (e->reply.code == 421)
        wsmtp_fail_with_reply(e, WSMTP_REASON_SERVICE_CLOSING);
}

wsmtp_step wsmtp_transaction_step(const wsmtp_engine *e)
{
    const wsmtp_transaction *t = e->head;
    if (!t || t->awaiting == WSMTP_STEP_CLOSED)
        return WSMTP_STEP_READY;
    if (t->awaiting == WSMTP_STEP_READY || held(e, t))
        return (wsmtp_step)t->to_write;
    if (t->awaiting == WSMTP_STEP_END_OF_DATA && e->output_acked < t->end_mark)
        return WSMTP_STEP_BODY;
    return (wsmtp_step)t->awaiting;
}
