/*
 * Taking a transaction: everything about it that can be known is checked before a byte is sent.
 */
#include "internal.h"

#define SEND_FLAGS                                                                                 \
    (WSMTP_SEND_ALL_OR_NOTHING | WSMTP_SEND_SMTPUTF8 | WSMTP_SEND_MAKE_CRLF |                      \
     WSMTP_SEND_LONG_LINES | WSMTP_SEND_SPLIT)

#define FLAGS_NOT_BUILT                                                                            \
    ((WSMTP_FEATURE_SMTPUTF8 ? 0u : WSMTP_SEND_SMTPUTF8) |                                         \
     (WSMTP_FEATURE_LIMITS ? 0u : WSMTP_SEND_SPLIT))

void wsmtp_transaction_init(wsmtp_transaction *t)
{
    memset(t, 0, sizeof *t);
    t->size = sizeof *t;
    t->message_size = WSMTP_SIZE_UNKNOWN;
}

static bool may_chunk(const wsmtp_engine *e)
{
    return WSMTP_FEATURE_CHUNKING && wsmtp_has(e, WSMTP_CAP_CHUNKING) &&
           !(e->config->flags & WSMTP_NO_CHUNKING);
}

#if WSMTP_FEATURE_LIMITS
/* What is against it by the server's LIMITS. */
static wsmtp_reason check_limits(const wsmtp_engine *e, const wsmtp_transaction *t)
{
    uint32_t mails = e->mails;
    for (const wsmtp_transaction *waiting = e->writing; waiting; waiting = waiting->next)
        if (waiting->to_write == WSMTP_STEP_RSET || waiting->to_write == WSMTP_STEP_MAIL)
            mails++;
    if (e->capabilities.mail_max && mails >= e->capabilities.mail_max)
        return WSMTP_REASON_TRANSACTION_LIMIT;
    return (t->flags & (WSMTP_SEND_SPLIT | WSMTP_SEND_ALL_OR_NOTHING)) != WSMTP_SEND_SPLIT &&
                   !wsmtp_part_fits_all(e, t)
               ? WSMTP_REASON_TOO_MANY_RECIPIENTS
               : WSMTP_REASON_OK;
}
#endif

/* What about the message itself, or what the server offers, is against it. */
static wsmtp_reason check_message(const wsmtp_engine *e, const wsmtp_transaction *t)
{
    if (t->size < sizeof *t || t->body > WSMTP_BODY_BINARY || (t->flags & ~SEND_FLAGS))
        return WSMTP_REASON_CONFIG_VALUE;
    if ((t->flags & FLAGS_NOT_BUILT) | (WSMTP_FEATURE_BINARYMIME ? 0u : (unsigned)(t->body == WSMTP_BODY_BINARY)) |
        (WSMTP_FEATURE_PARAMETERS ? 0u : t->parameters_len))
        return WSMTP_REASON_NOT_BUILT;
    if (t->recipients_len == 0)
        return WSMTP_REASON_NO_RECIPIENTS;
    if ((t->flags & WSMTP_SEND_SMTPUTF8) && !wsmtp_has(e, WSMTP_CAP_SMTPUTF8))
        return WSMTP_REASON_SMTPUTF8_MISSING;
    if (t->body == WSMTP_BODY_8BIT && !wsmtp_has(e, WSMTP_CAP_8BITMIME))
        return WSMTP_REASON_EIGHTBITMIME_MISSING;
    if (wsmtp_binary(t) && !(wsmtp_has(e, WSMTP_CAP_BINARYMIME) && may_chunk(e)))
        return WSMTP_REASON_BINARYMIME_MISSING;
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

/* Makes everything ready for a MAIL; the outcomes that recipients have already stay. */
void wsmtp_transaction_begin(wsmtp_engine *e, wsmtp_transaction *t)
{
    if (WSMTP_FEATURE_LIMITS || WSMTP_FEATURE_OVERLAP) /* else none begins twice */
        clear_from(t, offsetof(wsmtp_transaction, code), sizeof *t);
#if WSMTP_FEATURE_LIMITS
    t->written = t->answered = wsmtp_part_next(t, 0, t->recipients_len);
#endif
    t->to_write = WSMTP_STEP_RSET;
    t->awaiting = WSMTP_STEP_READY;
    t->declared_8bit = t->body != WSMTP_BODY_7BIT && !wsmtp_binary(t) && wsmtp_has(e, WSMTP_CAP_8BITMIME);
    if (!WSMTP_FEATURE_CHUNKING)
        return;
    t->chunked = may_chunk(e);
    /* An LMTP server owes a reply for each recipient that it accepted: it must be known who. */
    t->eager = wsmtp_chunked(t) && t->message_size <= e->config->eager_octets && wsmtp_pipelining(e) &&
               !(t->flags & WSMTP_SEND_ALL_OR_NOTHING) && !wsmtp_lmtp(e) && !wsmtp_ahead(e);
}

bool wsmtp_may_follow_login(const wsmtp_engine *e)
{
    return WSMTP_FEATURE_EARLY && WSMTP_FEATURE_AUTH && e->state == STATE_AUTH &&
           (e->config->flags & WSMTP_EARLY_ENVELOPE) && wsmtp_pipelining(e) &&
           e->auth_state == AUTH_WAITING &&
           (e->mechanism == WSMTP_MECHANISM_PLAIN || e->mechanism == WSMTP_MECHANISM_EXTERNAL ||
            e->mechanism == WSMTP_MECHANISM_ANONYMOUS);
}

wsmtp_reason wsmtp_submit(wsmtp_engine *e, wsmtp_transaction *t)
{
    const bool early = wsmtp_may_follow_login(e);
    if ((e->state != STATE_READY && e->state != STATE_TRANSACTION && !early) || e->queued_event)
        return wsmtp_reject(e, WSMTP_REASON_STATE, WSMTP_FIELD_NONE, 0);
    wsmtp_reason reason = check_message(e, t);
    if (reason != WSMTP_REASON_OK)
        return wsmtp_reject(e, reason, WSMTP_FIELD_MESSAGE, 0);
    reason = wsmtp_check_paths(e, t);
    if (reason != WSMTP_REASON_OK)
        return reason;
    for (size_t i = 0; i < t->recipients_len; i++)
        clear_from(&t->recipients[i], offsetof(wsmtp_recipient, status), sizeof *t->recipients);
#if WSMTP_FEATURE_LIMITS
    reason = check_limits(e, t);
    if (reason != WSMTP_REASON_OK)
        return wsmtp_reject(e, reason,
                            reason == WSMTP_REASON_TOO_MANY_RECIPIENTS ? WSMTP_FIELD_RECIPIENTS : WSMTP_FIELD_NONE, 0);
#endif
    if (early)
        e->ahead |= AHEAD_AUTH;
    t->next = NULL;
    clear_from(t, offsetof(wsmtp_transaction, status), sizeof *t);
    wsmtp_transaction_begin(e, t);
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
