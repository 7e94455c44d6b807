/*
 * Mail transactions (RFC 5321 section 3.3) with command pipelining (RFC 2920), the sending side: which
 * command may be written now. t->to_write is the next one; transaction.c reads the replies.
 */
#include "internal.h"

static bool all_or_nothing(const wsmtp_transaction *t)
{
    return (t->flags & WSMTP_SEND_ALL_OR_NOTHING) != 0;
}

/* Whether the message may go, by the answers so far. */
bool wsmtp_deliverable(const wsmtp_transaction *t)
{
    return t->reason == WSMTP_REASON_OK &&
           t->agreed >= (all_or_nothing(t) ? t->recipients_len : 1);
}

/* Why no message follows the envelope, unless a reply has said so already. */
void wsmtp_explain(wsmtp_transaction *t)
{
    if (t->reason == WSMTP_REASON_OK) {
        t->reason = t->agreed ? WSMTP_REASON_SOME_RECIPIENTS_REFUSED
                              : WSMTP_REASON_ALL_RECIPIENTS_REFUSED;
        t->failed_step = WSMTP_STEP_RCPT;
    }
}

/* Begins anew with an envelope that was refused only for coming early. */
void wsmtp_restart(wsmtp_engine *e, wsmtp_transaction *t)
{
    wsmtp_transaction_begin(e, t);
    memset(&e->kept, 0, sizeof e->kept);
    e->needs_reset = true;
}

/* The envelope is answered, and no message follows it. */
void wsmtp_give_up(wsmtp_engine *e, wsmtp_transaction *t)
{
    wsmtp_explain(t);
    e->needs_reset = t->mail_accepted;
    if (WSMTP_FEATURE_OVERLAP && t->restart)
        wsmtp_restart(e, t);
    else
        wsmtp_answered(e, t);
}

bool wsmtp_pipelining(const wsmtp_engine *e)
{
    return wsmtp_has(e, WSMTP_CAP_PIPELINING) && !(e->config->flags & WSMTP_NO_PIPELINING);
}

/* The number of domains with the next recipient; PART_FULL if no other RCPT belongs to the transaction. */
static uint32_t domains_with_next(const wsmtp_engine *e, const wsmtp_transaction *t)
{
    if (t->written == t->recipients_len)
        return WSMTP_PART_FULL;
#if WSMTP_FEATURE_LIMITS
    return wsmtp_part_takes(e, t, t->written, t->asked, t->domains);
#else
    (void)e;
    return 0;
#endif
}

/* Counts the RCPT just written, and goes to the next recipient. */
static void wrote_rcpt(wsmtp_transaction *t, uint32_t domains)
{
#if WSMTP_FEATURE_LIMITS
    t->domains = domains;
    t->asked++;
    t->recipients[t->written].code = 0;
    t->written = wsmtp_part_next(t, t->written + 1, t->recipients_len);
#else
    (void)domains;
    t->written++;
#endif
}

/* Writes the next command of t; false if nothing more can be written now. */
static bool write_next(wsmtp_engine *e, wsmtp_transaction *t)
{
    const uint8_t step = t->to_write;
    const bool answered = t->awaiting == WSMTP_STEP_READY;
    uint32_t domains;
    if (!answered && !wsmtp_pipelining(e))
        return false;
    switch (step) {
    case WSMTP_STEP_RSET:
        if (WSMTP_FEATURE_CHUNKING && t->eager && e->held_at == SIZE_MAX)
            e->held_at = e->output_end;
        /* How the transaction ahead ends is not known yet: if it stays open, RSET closes it. */
        if (!e->needs_reset && !wsmtp_overlapped(t)) {
            t->to_write = WSMTP_STEP_MAIL;
            return true;
        }
        if (!wsmtp_write_word(e, "RSET\r\n"))
            return false;
        t->to_write = WSMTP_STEP_MAIL;
        e->needs_reset = false;
        break;
    case WSMTP_STEP_MAIL:
        if (!wsmtp_write_path(e, t, 0))
            return false;
        t->to_write = WSMTP_STEP_RCPT;
        if (WSMTP_FEATURE_LIMITS)
            e->mails++;
        break;
    case WSMTP_STEP_RCPT:
        domains = domains_with_next(e, t);
        if (t->reason != WSMTP_REASON_OK || domains == WSMTP_PART_FULL) {
            t->to_write = WSMTP_STEP_DATA;
            return true;
        }
        if (!wsmtp_write_path(e, t, t->written + 1))
            return false;
        wrote_rcpt(t, domains);
        break;
    case WSMTP_STEP_DATA:
        if (answered && !wsmtp_deliverable(t)) {
            wsmtp_give_up(e, t);
            return true; /* unless it is over, it begins anew */
        }
        if (wsmtp_ahead(e))
            return false;
        if (!answered && (all_or_nothing(t) || t->reason != WSMTP_REASON_OK ||
                          (wsmtp_chunked(t) && !t->eager)))
            return false;
        if (wsmtp_chunked(t)) {
            t->to_write = WSMTP_STEP_BODY;
            wsmtp_body_begin(e);
            e->body_due = e->maybe_event = true;
            return true;
        }
        if (!wsmtp_write_word(e, "DATA\r\n"))
            return false;
        t->to_write = WSMTP_STEP_READY;
        break;
    case WSMTP_STEP_BODY:
        if (wsmtp_chunked(t) && answered && !wsmtp_deliverable(t)) {
            wsmtp_chunk_drop(e);
            wsmtp_give_up(e, t);
            return true;
        }
        if (!e->body_ending || !wsmtp_body_finish(e, t))
            return false;
        t->end_mark = wsmtp_output_position(e);
        t->to_write = WSMTP_STEP_READY;
        if (answered || !wsmtp_chunked(t))
            t->awaiting = WSMTP_STEP_END_OF_DATA;
        return false;
    default:
        return false;
    }
    if (answered)
        t->awaiting = step;
    return true;
}

bool wsmtp_may_overlap(const wsmtp_engine *e)
{
    const wsmtp_transaction *t = e->writing;
    if (!WSMTP_FEATURE_OVERLAP || !t || t->end_mark == 0 || e->no_overlap || !wsmtp_pipelining(e) ||
        t->written < t->recipients_len)
        return false;
    uint32_t in_flight = 1;
    for (const wsmtp_transaction *ahead = e->head; ahead != t; ahead = ahead->next)
        in_flight++;
    return in_flight < e->config->overlap;
}

/* Goes on to the next transaction if it may be written before this one is over. */
static bool overlap(wsmtp_engine *e)
{
    if (!e->writing->next || !wsmtp_may_overlap(e))
        return false;
    e->writing = e->writing->next;
    e->writing->overlapped = true;
    return true;
}

void wsmtp_transaction_pump(wsmtp_engine *e)
{
    while (e->state == STATE_TRANSACTION && e->writing &&
           e->writing->awaiting != WSMTP_STEP_CLOSED && (write_next(e, e->writing) || overlap(e)))
        ;
    if (WSMTP_FEATURE_CHUNKING && !wsmtp_chunk_possible(e))
        e->held_at = e->chunk_open ? e->held_at : SIZE_MAX;
}
