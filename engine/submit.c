/*
 * Taking a transaction: everything about it that can be known is checked before a byte is sent.
 */
#include "internal.h"

#define SEND_FLAGS                                                                                 \
    (WSMTP_SEND_ALL_OR_NOTHING | WSMTP_SEND_SMTPUTF8 | WSMTP_SEND_MAKE_CRLF | WSMTP_SEND_LONG_LINES)

void wsmtp_transaction_init(wsmtp_transaction *t)
{
    memset(t, 0, sizeof *t);
    t->size = sizeof *t;
    t->message_size = WSMTP_SIZE_UNKNOWN;
}

/* What about the message itself, or what the server offers, is against it. */
static wsmtp_reason check_message(const wsmtp_engine *e, const wsmtp_transaction *t)
{
    if (t->size < sizeof *t || t->body > WSMTP_BODY_8BIT || (t->flags & ~SEND_FLAGS))
        return WSMTP_REASON_CONFIG_VALUE;
    if ((t->flags & WSMTP_SEND_SMTPUTF8) && !WSMTP_FEATURE_SMTPUTF8)
        return WSMTP_REASON_NOT_BUILT;
    if (t->recipients_len == 0)
        return WSMTP_REASON_NO_RECIPIENTS;
    if ((t->flags & WSMTP_SEND_SMTPUTF8) && !wsmtp_has(e, WSMTP_CAP_SMTPUTF8))
        return WSMTP_REASON_SMTPUTF8_MISSING;
    if (t->body == WSMTP_BODY_8BIT && !wsmtp_has(e, WSMTP_CAP_8BITMIME))
        return WSMTP_REASON_EIGHTBITMIME_MISSING;
    if (t->message_size != WSMTP_SIZE_UNKNOWN && e->capabilities.size &&
        t->message_size > e->capabilities.size)
        return WSMTP_REASON_MESSAGE_TOO_LARGE;
    return WSMTP_REASON_OK;
}

/* Zeroes a struct's results and private fields, which are its last ones. */
static void clear_from(void *object, size_t from, size_t size)
{
    memset((char *)object + from, 0, size - from);
}

void wsmtp_clear_results(wsmtp_engine *e, wsmtp_transaction *t)
{
    wsmtp_transaction *next = t->next;
    clear_from(t, offsetof(wsmtp_transaction, status), sizeof *t);
    t->next = next;
    for (size_t i = 0; i < t->recipients_len; i++)
        clear_from(&t->recipients[i], offsetof(wsmtp_recipient, status), sizeof *t->recipients);
    t->to_write = WSMTP_STEP_RSET;
    t->awaiting = WSMTP_STEP_READY;
    t->declared_8bit = t->body != WSMTP_BODY_7BIT && wsmtp_has(e, WSMTP_CAP_8BITMIME);
    t->chunked = WSMTP_FEATURE_CHUNKING && wsmtp_has(e, WSMTP_CAP_CHUNKING) && !(e->config->flags & WSMTP_NO_CHUNKING);
    /* An LMTP server owes a reply for each recipient that it accepted: it must be known who. */
    t->eager = wsmtp_chunked(t) && t->message_size <= e->config->eager_octets && wsmtp_pipelining(e) &&
               !(t->flags & WSMTP_SEND_ALL_OR_NOTHING) &&
               !wsmtp_lmtp(e);
}

wsmtp_reason wsmtp_submit(wsmtp_engine *e, wsmtp_transaction *t)
{
    if ((e->state != STATE_READY && e->state != STATE_TRANSACTION) || e->queued_event)
        return wsmtp_reject(e, WSMTP_REASON_STATE, WSMTP_FIELD_NONE, 0);
    wsmtp_reason reason = check_message(e, t);
    if (reason != WSMTP_REASON_OK)
        return wsmtp_reject(e, reason, WSMTP_FIELD_MESSAGE, 0);
    reason = wsmtp_check_paths(e, t);
    if (reason != WSMTP_REASON_OK)
        return reason;
    t->next = NULL;
    wsmtp_clear_results(e, t);
    wsmtp_transaction **last = &e->head;
    while (*last)
        last = &(*last)->next;
    *last = t;
    if (!e->writing)
        e->writing = t;
    e->state = STATE_TRANSACTION;
    e->maybe_event = true;
    e->epoch++;
    wsmtp_transaction_pump(e);
    return WSMTP_REASON_OK;
}
