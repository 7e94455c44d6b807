/*
 * Who got the message in the end: exactly one outcome for each recipient, whatever happened.
 */
#include "internal.h"

wsmtp_status wsmtp_status_of(unsigned code)
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

bool wsmtp_settle(wsmtp_transaction *t, wsmtp_status undecided)
{
    const wsmtp_status status = t->code ? wsmtp_status_of(t->code) : undecided;
    unsigned seen = 0; /* statuses, as bits */
    bool more = false; /* a further part of the recipients follows */
    t->accepted_count = 0;
    for (size_t i = 0; i < t->recipients_len; i++) {
        wsmtp_recipient *r = &t->recipients[i];
#if WSMTP_FEATURE_LIMITS
        /* One that the message could not go to yet: not decided by what is said about the message. */
        if (r->status == WSMTP_STATUS_PENDING && !wsmtp_part_has(t, i) && (t->mail_accepted || !t->code)) {
            if (undecided == WSMTP_STATUS_PENDING && (t->agreed > 0 || i >= t->written)) {
                more = true;
                continue;
            }
            r->status = r->code ? wsmtp_status_of(r->code) : WSMTP_STATUS_NOT_SENT;
        }
#endif
        if (r->status == WSMTP_STATUS_PENDING) {
            r->status = status;
            r->from_message = t->code != 0;
            r->code = t->code;
            r->enhanced = t->enhanced;
        }
        seen |= 1u << r->status;
        if (r->status == WSMTP_STATUS_ACCEPTED)
            t->accepted_count++;
    }
    if (seen & 1u << WSMTP_STATUS_ACCEPTED)
        t->status = WSMTP_STATUS_ACCEPTED;
    else if (t->lost && (seen & 1u << undecided))
        t->status = undecided;
    else if ((seen & 1u << WSMTP_STATUS_REFUSED) && (t->flags & WSMTP_SEND_ALL_OR_NOTHING))
        t->status = WSMTP_STATUS_REFUSED;
    else if (seen & 1u << WSMTP_STATUS_DEFERRED)
        t->status = WSMTP_STATUS_DEFERRED;
    else if (seen & 1u << WSMTP_STATUS_REFUSED)
        t->status = WSMTP_STATUS_REFUSED;
    else
        t->status = WSMTP_STATUS_NOT_SENT;
    t->awaiting = more ? WSMTP_STEP_READY : WSMTP_STEP_CLOSED;
    return (seen & 1u << WSMTP_STATUS_IN_DOUBT) != 0;
}

bool wsmtp_transaction_lost(wsmtp_engine *e, wsmtp_transaction *t)
{
    bool doubt = false;
    if (t->awaiting == WSMTP_STEP_CLOSED)
        return false;
    if (t->reason == WSMTP_REASON_OK) {
        doubt = t->end_mark != 0 && e->output_acked >= t->end_mark;
        t->lost = true;
        t->reason = e->error.reason;
        t->failed_step = e->error.step;
    }
    return wsmtp_settle(t, doubt ? WSMTP_STATUS_IN_DOUBT : WSMTP_STATUS_NOT_SENT);
}

void wsmtp_transaction_done(wsmtp_engine *e)
{
    wsmtp_transaction *t = e->head;
    e->event.type = WSMTP_EVENT_DONE;
    e->event.transaction = t;
    e->event.error = wsmtp_error_of_transaction(e, t);
    if (!t->lost || t->accepted_count > 0) /* those of an earlier part were accepted by it */
        e->event.reply = e->kept;
    memset(&e->kept, 0, sizeof e->kept);
    e->head = t->next;
    if (e->writing == t)
        e->writing = t->next;
}
