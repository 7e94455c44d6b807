/*
 * What is sent ahead of replies that it would otherwise wait for: EHLO before the greeting
 * (PIPECONNECT), AUTH behind EHLO, an envelope behind AUTH. The session is then further than the
 * replies; those that it is ahead of are counted in wsmtp_engine.ahead, and come in its order. Until
 * they are there no message leaves, so nothing can be delivered by a server that turns out different.
 */
#include "internal.h"

#if WSMTP_FEATURE_EARLY

bool wsmtp_early_possible(const wsmtp_engine *e)
{
    const wsmtp_capabilities *expected = e->config->expected;
    return expected && (expected->flags & WSMTP_CAP_PIPECONNECT) &&
           (expected->flags & WSMTP_CAP_PIPELINING) && !wsmtp_lmtp(e) &&
           !(e->config->flags & WSMTP_NO_PIPELINING) &&
           (e->tls_done || e->config->tls == WSMTP_TLS_NONE);
}

wsmtp_step wsmtp_early_step(const wsmtp_engine *e)
{
    return e->ahead & AHEAD_GREETING ? WSMTP_STEP_GREETING
           : e->ahead & AHEAD_EHLO   ? WSMTP_STEP_EHLO
                                     : WSMTP_STEP_AUTH;
}

/* Whether everything that was counted on is there. */
static bool as_expected(const wsmtp_engine *e)
{
    const wsmtp_capabilities *expected = e->config->expected;
    return wsmtp_reply_class(e) == 2 && (expected->flags & ~(e->offered.flags | WSMTP_CAP_ESMTP)) == 0 &&
           (expected->auth & ~e->offered.auth) == 0;
}

static void early_ehlo(wsmtp_engine *e)
{
    const bool same = as_expected(e);
    if (e->reply.code != 250 || (!same && e->state != STATE_READY)) {
        wsmtp_fail_with_reply(e, WSMTP_REASON_CAPABILITIES_CHANGED);
        return;
    }
    e->ahead &= (uint8_t)~AHEAD_EHLO;
    wsmtp_take_offer(e);
    e->event.type = WSMTP_EVENT_EHLO;
}

/* A login on whose success envelopes count already. */
static void early_auth(wsmtp_engine *e)
{
    const uint8_t state = e->state;
    if (e->reply.code == 334) { /* it would take the envelope for a response */
        wsmtp_fail_with_reply(e, WSMTP_REASON_REPLY_UNEXPECTED);
        return;
    }
    e->state = STATE_AUTH;
    wsmtp_auth_reply(e);
    if (e->state != STATE_READY)
        return; /* failed */
    e->state = state;
    e->ahead &= (uint8_t)~AHEAD_AUTH;
    if (e->event.type == WSMTP_EVENT_REFUSED) {
        for (wsmtp_transaction *t = e->head; t; t = t->next) {
            t->reason = WSMTP_REASON_AUTH_REFUSED;
            t->failed_step = WSMTP_STEP_AUTH;
            if (t->to_write == WSMTP_STEP_RSET) /* nothing of it was written, and nothing will be */
                wsmtp_settle(t, WSMTP_STATUS_NOT_SENT);
        }
        wsmtp_reply_keep(e);
    }
}

void wsmtp_early_reply(wsmtp_engine *e)
{
    if (e->reply.code == 421) {
        wsmtp_fail_with_reply(e, WSMTP_REASON_SERVICE_CLOSING);
    } else if (e->ahead & AHEAD_GREETING) {
        if (e->reply.code != 220) {
            wsmtp_fail_with_reply(e, e->reply.code < 400 ? WSMTP_REASON_REPLY_UNEXPECTED
                                                         : WSMTP_REASON_GREETING_REFUSED);
            return;
        }
        e->ahead &= (uint8_t)~AHEAD_GREETING;
        e->event.type = WSMTP_EVENT_GREETING;
    } else if (e->ahead & AHEAD_EHLO) {
        early_ehlo(e);
    } else {
        early_auth(e);
    }
}

#endif
