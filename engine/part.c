/*
 * A message to more recipients than the server takes at a time (LIMITS, RFC 9422; 452, RFC 5321
 * section 4.5.3.1.10) goes in parts: one transaction after another, each with the whole message. A
 * recipient keeps the outcome of its own part; one without outcome is still to come: RCPT was not
 * written for it, or its answer was 452, which stays in its code.
 */
#include "internal.h"

#if WSMTP_FEATURE_LIMITS

#define PUT_OFF 452u

size_t wsmtp_part_next(const wsmtp_transaction *t, size_t i, size_t end)
{
    while (i < end && t->recipients[i].status != WSMTP_STATUS_PENDING)
        i++;
    return i;
}

bool wsmtp_part_has(const wsmtp_transaction *t, size_t i)
{
    const wsmtp_recipient *r = &t->recipients[i];
    return i < t->written && r->status == WSMTP_STATUS_PENDING && r->code != PUT_OFF;
}

bool wsmtp_part_puts_off(const wsmtp_transaction *t, unsigned code)
{
    return code == PUT_OFF && (t->flags & WSMTP_SEND_SPLIT) && !(t->flags & WSMTP_SEND_ALL_OR_NOTHING);
}

/* Compares what follows the last @, from its end. The bit is that of upper and lower case. */
static bool same_domain(const wsmtp_recipient *one, const wsmtp_recipient *other)
{
    size_t i = one->address_len, j = other->address_len;
    while (i > 0 && j > 0) {
        const char a = one->address[--i], b = other->address[--j];
        if ((a | 0x20) != (b | 0x20))
            return false;
        if (a == '@')
            return true;
    }
    return i == j;
}

uint32_t wsmtp_part_takes(const wsmtp_engine *e, const wsmtp_transaction *t, size_t next, uint32_t asked,
                          uint32_t domains)
{
    const wsmtp_capabilities *c = &e->capabilities;
    if (c->rcpt_max && asked >= c->rcpt_max)
        return WSMTP_PART_FULL;
    if (c->rcpt_domain_max) {
        for (size_t i = 0; i < next; i++)
            if (t->recipients[i].status != WSMTP_STATUS_ACCEPTED && /* that was in another part */
                same_domain(&t->recipients[i], &t->recipients[next]))
                return domains;
        if (domains++ == c->rcpt_domain_max)
            return WSMTP_PART_FULL;
    }
    return domains;
}

bool wsmtp_part_fits_all(const wsmtp_engine *e, const wsmtp_transaction *t)
{
    uint32_t domains = 0;
    for (size_t i = 0; i < t->recipients_len; i++) {
        domains = wsmtp_part_takes(e, t, i, (uint32_t)i, domains);
        if (domains == WSMTP_PART_FULL)
            return false;
    }
    return true;
}

/* Puts t behind every other transaction: those that have begun must end first. */
static void move_to_end(wsmtp_engine *e, wsmtp_transaction *t)
{
    wsmtp_transaction *last = t;
    while (last->next)
        last = last->next;
    e->head = t->next;
    last->next = t;
    t->next = NULL;
    memset(&e->kept, 0, sizeof e->kept);
    if (!e->writing)
        e->writing = t;
}

void wsmtp_part_over(wsmtp_engine *e, wsmtp_transaction *t)
{
    const bool full = e->capabilities.mail_max && e->mails >= e->capabilities.mail_max;
    const bool message_refused = wsmtp_status_of(t->code) != WSMTP_STATUS_ACCEPTED && t->reason != WSMTP_REASON_ALL_RECIPIENTS_REFUSED;
    wsmtp_settle(t, full || message_refused ? WSMTP_STATUS_NOT_SENT : WSMTP_STATUS_PENDING);
    if (t->awaiting == WSMTP_STEP_CLOSED)
        return;
    wsmtp_transaction_begin(e, t);
    if (e->writing != t)
        move_to_end(e, t);
    e->maybe_event = true;
}

#endif
