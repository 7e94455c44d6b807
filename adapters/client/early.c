/*
 * Commands ahead of replies: a message's envelope behind the login that is still under way, and what to
 * do about a server that turns out not to offer what was expected of it.
 */
#include "driver.h"

#include <string.h>

/* Mechanisms that are a single command: an envelope may stand behind it. */
static bool is_one_command(wsmtp_mechanism mechanism)
{
    return mechanism == WSMTP_MECHANISM_PLAIN || mechanism == WSMTP_MECHANISM_EXTERNAL ||
           mechanism == WSMTP_MECHANISM_ANONYMOUS;
}

bool wsmtp_driver_send_early(wsmtp_driver *d)
{
    if (!(d->config.flags & WSMTP_EARLY_ENVELOPE) || !d->credentials || d->token_wanted || d->sent_early ||
        !d->waiting.first || d->waiting.first->type != WSMTP_REQUEST_SEND ||
        !is_one_command(wsmtp_mechanism_get(&d->engine)) ||
        !(wsmtp_capabilities_get(&d->engine)->flags & WSMTP_CAP_PIPELINING))
        return false;
    d->sent_early = true;
    return wsmtp_driver_start_first(d);
}

/*
 * Whether a failure may have come of the hurry. Until EHLO is answered no message has left, so that all
 * can be begun anew; a server that asks for patience, or is silent, would not be the better for it.
 */
static bool is_of_hurry(const wsmtp_error *error)
{
    switch (error->reason) {
    case WSMTP_REASON_CAPABILITIES_CHANGED:
    case WSMTP_REASON_CLOSED_BY_PEER:
    case WSMTP_REASON_CONNECTION_LOST:
    case WSMTP_REASON_REPLY_UNEXPECTED:
    case WSMTP_REASON_REPLY_UNSOLICITED: return true;
    case WSMTP_REASON_GREETING_REFUSED: return error->reply.code >= 500;
    default: return false;
    }
}

/* As if nothing had been connected, but for the clock and what the session has cost so far. */
static void begin_anew(wsmtp_driver *d)
{
    wsmtp_driver_end_login(d);
    wsmtp_end(&d->engine);
    d->stage = WSMTP_DRIVER_CONNECTING;
    d->config.expected = NULL;
    d->ready = d->hurried = d->timed = d->answer_due = d->wants_tls = d->wants_key = false;
    d->binding = WSMTP_BINDING_NONE;
    d->last_words_at = 0;
    d->cause = WSMTP_CAUSE_NONE;
    d->cause_words[0] = '\0';
    d->facts.tls_version = d->facts.tls_cipher = NULL;
    wsmtp_driver_wait_again(d);
    wsmtp_driver_limit_connect(d);
    d->wants_restart = true;
}

bool wsmtp_driver_fall_back(wsmtp_driver *d, const wsmtp_event *event)
{
    if (!d->hurried || d->confirmed || d->giving_up || d->ending ||
        !is_of_hurry(wsmtp_error_get(&d->engine)))
        return false;
    if (event->type == WSMTP_EVENT_DONE) {
        wsmtp_driver_put_back(d, event->transaction);
        return true;
    }
    if (event->type != WSMTP_EVENT_FAILED)
        return false;
    begin_anew(d);
    return true;
}
