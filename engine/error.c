/*
 * Errors: the one place that fills them in, so that kind, step, retryability and doubt are always
 * decided by the same rules.
 */
#include "internal.h"

/* Transport errors after which the same request may be repeated. */
static bool transient(wsmtp_reason reason)
{
    return reason == WSMTP_REASON_CLOSED_BY_PEER || reason == WSMTP_REASON_CONNECT_FAILED ||
           reason == WSMTP_REASON_CONNECTION_LOST || reason == WSMTP_REASON_TIMEOUT ||
           (WSMTP_FEATURE_OVERLAP && reason == WSMTP_REASON_OVERLAP_REFUSED) ||
           (WSMTP_FEATURE_LIMITS && reason == WSMTP_REASON_TRANSACTION_LIMIT) ||
           (WSMTP_FEATURE_EARLY && reason == WSMTP_REASON_CAPABILITIES_CHANGED);
}

static void decide_retry(wsmtp_error *error)
{
    bool reply_decides = error->kind == WSMTP_KIND_REFUSED || error->kind == WSMTP_KIND_AUTH;
    error->retryable = !error->in_doubt && (transient(error->reason) ||
                                            (reply_decides && wsmtp_status_of(error->reply.code) == WSMTP_STATUS_DEFERRED));
}

static void set(wsmtp_error *error, wsmtp_reason reason, wsmtp_step step, const wsmtp_reply *reply)
{
    memset(error, 0, sizeof *error);
    error->reason = reason;
    error->kind = wsmtp_reason_kind(reason);
    error->step = step;
    if (reply)
        error->reply = *reply;
    decide_retry(error);
}

/* A local error: nothing was sent, the session goes on. */
wsmtp_reason wsmtp_reject(wsmtp_engine *e, wsmtp_reason reason, wsmtp_field field, size_t index)
{
    if (reason != WSMTP_REASON_OK && e->state != STATE_FAILED) {
        set(&e->error, reason, wsmtp_step_get(e), NULL);
        e->error.field = field;
        e->error.index = index;
    }
    return reason;
}

/* The server said no, and the session goes on. */
void wsmtp_refused(wsmtp_engine *e, wsmtp_reason reason)
{
    set(&e->error, reason, e->reply_step, &e->reply);
    e->event.type = WSMTP_EVENT_REFUSED;
    e->event.error = &e->error;
}

static void fail(wsmtp_engine *e, wsmtp_reason reason, wsmtp_step step, const wsmtp_reply *reply)
{
    if (wsmtp_over(e))
        return;
    if (e->state == STATE_QUIT) { /* what was wanted happens, however it happens */
        wsmtp_session_close(e);
        return;
    }
    set(&e->error, reason, step, reply);
    for (wsmtp_transaction *t = e->head; t; t = t->next)
        if (wsmtp_transaction_lost(e, t))
            e->error.in_doubt = true;
    decide_retry(&e->error);
    wsmtp_sasl_end(&e->sasl);
    e->queued_event = WSMTP_EVENT_FAILED;
    e->state = STATE_FAILED;
    e->maybe_event = true;
    e->epoch++;
}

void wsmtp_fail(wsmtp_engine *e, wsmtp_reason reason)
{
    fail(e, reason, wsmtp_step_get(e), NULL);
}

void wsmtp_fail_message(wsmtp_engine *e, wsmtp_reason reason)
{
    fail(e, reason, WSMTP_STEP_BODY, NULL);
    e->error.field = WSMTP_FIELD_MESSAGE;
}

void wsmtp_fail_with_reply(wsmtp_engine *e, wsmtp_reason reason)
{
    fail(e, reason, e->reply_step, &e->reply);
}

/* The error of a transaction that is over; NULL if a recipient accepted it. */
const wsmtp_error *wsmtp_error_of_transaction(wsmtp_engine *e, const wsmtp_transaction *t)
{
    wsmtp_error *error = &e->transaction_error;
    if (t->accepted_count > 0)
        return NULL;
    if (t->lost) {
        *error = e->error;
        error->in_doubt = t->status == WSMTP_STATUS_IN_DOUBT;
        decide_retry(error);
        return error;
    }
    set(error, t->reason, t->failed_step, &e->kept);
    if (t->reason == WSMTP_REASON_ALL_RECIPIENTS_REFUSED ||
        t->reason == WSMTP_REASON_SOME_RECIPIENTS_REFUSED)
        error->retryable = t->status == WSMTP_STATUS_DEFERRED;
    return error;
}
