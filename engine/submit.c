/*
 * Taking a transaction: everything about it that can be known is checked before a byte is sent.
 */
#include "internal.h"

void wsmtp_transaction_init(wsmtp_transaction *t)
{
    memset(t, 0, sizeof *t);
    t->size = sizeof *t;
    t->message_size = WSMTP_SIZE_UNKNOWN;
}

static wsmtp_reason check_addresses(wsmtp_engine *e, const wsmtp_transaction *t, unsigned utf8)
{
    wsmtp_reason reason = wsmtp_mailbox_check(t->reverse_path, t->reverse_path_len,
                                              WSMTP_MAILBOX_NULL | utf8, NULL);
    if (reason != WSMTP_REASON_OK)
        return wsmtp_reject(e, reason, WSMTP_FIELD_REVERSE_PATH, 0);
    for (size_t i = 0; i < t->recipients_len; i++) {
        const wsmtp_recipient *r = &t->recipients[i];
        reason = wsmtp_mailbox_check(r->address, r->address_len, WSMTP_MAILBOX_POSTMASTER | utf8,
                                     NULL);
        if (reason != WSMTP_REASON_OK)
            return wsmtp_reject(e, reason, WSMTP_FIELD_RECIPIENT, i);
    }
    return WSMTP_REASON_OK;
}

static wsmtp_reason check(wsmtp_engine *e, const wsmtp_transaction *t)
{
    unsigned utf8 = 0;
    if (t->flags & WSMTP_SEND_SMTPUTF8) {
        if (!WSMTP_FEATURE_SMTPUTF8)
            return wsmtp_reject(e, WSMTP_REASON_NOT_BUILT, WSMTP_FIELD_MESSAGE, 0);
        utf8 = WSMTP_MAILBOX_UTF8;
    }
    if (t->size < sizeof *t || t->body > WSMTP_BODY_8BIT)
        return wsmtp_reject(e, WSMTP_REASON_CONFIG_VALUE, WSMTP_FIELD_MESSAGE, 0);
    if (t->recipients_len == 0)
        return wsmtp_reject(e, WSMTP_REASON_NO_RECIPIENTS, WSMTP_FIELD_MESSAGE, 0);
    wsmtp_reason reason = check_addresses(e, t, utf8);
    if (reason != WSMTP_REASON_OK)
        return reason;
    if (utf8 && !wsmtp_has(e, WSMTP_CAP_SMTPUTF8))
        reason = WSMTP_REASON_SMTPUTF8_MISSING;
    else if (t->body == WSMTP_BODY_8BIT && !wsmtp_has(e, WSMTP_CAP_8BITMIME))
        reason = WSMTP_REASON_EIGHTBITMIME_MISSING;
    else if (t->message_size != WSMTP_SIZE_UNKNOWN && e->capabilities.size &&
             t->message_size > e->capabilities.size)
        reason = WSMTP_REASON_MESSAGE_TOO_LARGE;
    return wsmtp_reject(e, reason, WSMTP_FIELD_MESSAGE, 0);
}

static void clear_results(wsmtp_engine *e, wsmtp_transaction *t)
{
    t->status = WSMTP_STATUS_PENDING;
    t->accepted_count = 0;
    t->code = 0;
    memset(&t->enhanced, 0, sizeof t->enhanced);
    t->next = NULL;
    t->end_mark = 0;
    t->written = t->answered = t->agreed = 0;
    t->stage = STAGE_RSET;
    t->awaiting = AWAITING_NOTHING;
    t->mail_accepted = t->lost = false;
    t->declared_8bit = t->body != WSMTP_BODY_7BIT && wsmtp_has(e, WSMTP_CAP_8BITMIME);
    t->reason = WSMTP_REASON_OK;
    t->failed_step = WSMTP_STEP_MAIL;
    for (size_t i = 0; i < t->recipients_len; i++) {
        wsmtp_recipient *r = &t->recipients[i];
        r->status = WSMTP_STATUS_PENDING;
        r->from_message = false;
        r->code = 0;
        memset(&r->enhanced, 0, sizeof r->enhanced);
    }
}

wsmtp_reason wsmtp_submit(wsmtp_engine *e, wsmtp_transaction *t)
{
    bool open = e->state == STATE_READY || e->state == STATE_TRANSACTION;
    if (!open || e->queued_event)
        return wsmtp_reject(e, WSMTP_REASON_STATE, WSMTP_FIELD_NONE, 0);
    wsmtp_reason reason = check(e, t);
    if (reason != WSMTP_REASON_OK)
        return reason;
    clear_results(e, t);
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
