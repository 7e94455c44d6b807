/* The message itself: from memory straight into the engine, or piece by piece from a callback. */
#include "driver.h"

#include <stdlib.h>

#define PIECE_LEN 32768u

/*
 * A body in memory is looked at before anything is sent: so a message that breaks a rule costs
 * nothing, and its size and needs can be declared.
 */
wsmtp_reason wsmtp_driver_scan(wsmtp_send_request *s)
{
    wsmtp_transaction *t = s->transaction;
    wsmtp_body_scan scan;
    if (s->body.read)
        return WSMTP_REASON_OK;
    if (t->body == WSMTP_BODY_BINARY) { /* any octets, and as many as there are */
        if (t->message_size == WSMTP_SIZE_UNKNOWN)
            t->message_size = s->body.data_len;
        return s->body.data_len > t->message_size ? WSMTP_REASON_BODY_SIZE_EXCEEDED : WSMTP_REASON_OK;
    }
    wsmtp_body_scan_init(&scan);
    wsmtp_body_scan_add(&scan, s->body.data, s->body.data_len);
    wsmtp_body_scan_end(&scan);
    if (!(t->flags & WSMTP_SEND_MAKE_CRLF)) {
        if (scan.has_bare_cr)
            return WSMTP_REASON_BODY_BARE_CR;
        if (scan.has_bare_lf)
            return WSMTP_REASON_BODY_BARE_LF;
    }
    if (scan.has_long_line && !(t->flags & WSMTP_SEND_LONG_LINES))
        return WSMTP_REASON_BODY_LINE_TOO_LONG;
    if (t->message_size == WSMTP_SIZE_UNKNOWN)
        t->message_size = scan.octets;
    else if (scan.octets > t->message_size)
        return WSMTP_REASON_BODY_SIZE_EXCEEDED;
    if (t->body == WSMTP_BODY_AUTO)
        t->body = scan.has_8bit ? WSMTP_BODY_8BIT : WSMTP_BODY_7BIT;
    else if (t->body == WSMTP_BODY_7BIT && scan.has_8bit)
        return WSMTP_REASON_BODY_8BIT_UNDECLARED;
    return WSMTP_REASON_OK;
}

static void end_body(wsmtp_driver *d)
{
    d->feeding = NULL;
    d->body_ended = true;
    wsmtp_body_end(&d->engine);
}

/* Whether anything came of it: a body that breaks a rule is not taken, but fails the session. */
static bool progressed(wsmtp_driver *d, size_t taken)
{
    if (taken == 0)
        return (wsmtp_state(&d->engine) & WSMTP_HAS_EVENT) != 0;
    d->feeding->octets += taken;
    wsmtp_client_event event = {.type = WSMTP_CLIENT_EVENT_PROGRESS, .octets = d->feeding->octets};
    wsmtp_driver_tell(d, &event);
    return true;
}

static bool feed_memory(wsmtp_driver *d)
{
    wsmtp_send_request *s = d->feeding;
    size_t at = (size_t)s->octets;
    if (at == s->body.data_len) {
        end_body(d);
        return true;
    }
    size_t taken = wsmtp_body_write(&d->engine, (const uint8_t *)s->body.data + at,
                                    s->body.data_len - at);
    return progressed(d, taken);
}

/* Asks the callback for the next piece; whether there is something to do with its answer. */
static bool next_piece(wsmtp_driver *d)
{
    const wsmtp_client_body *body = &d->feeding->body;
    if (!d->piece && !(d->piece = malloc(PIECE_LEN))) {
        wsmtp_driver_failed(d, WSMTP_REASON_CANCELLED, WSMTP_CAUSE_MEMORY, "memory is short");
        return true;
    }
    d->body_later = true; /* until it says otherwise, which it may inside of the callback */
    ptrdiff_t n = body->read(body->context, d->piece, PIECE_LEN);
    d->piece_at = 0;
    d->piece_len = n > 0 ? (size_t)n : 0;
    if (n == WSMTP_BODY_LATER)
        return !d->body_later;
    d->body_later = false;
    if (n < 0 || n > (ptrdiff_t)PIECE_LEN)
        wsmtp_driver_failed(d, WSMTP_REASON_CANCELLED, WSMTP_CAUSE_BODY_SOURCE,
                            "the message could not be read");
    else if (n == 0)
        end_body(d);
    return true;
}

static bool feed_pieces(wsmtp_driver *d)
{
    if (d->body_later)
        return false;
    if (d->piece_at == d->piece_len)
        return next_piece(d);
    size_t taken =
        wsmtp_body_write(&d->engine, d->piece + d->piece_at, d->piece_len - d->piece_at);
    d->piece_at += taken;
    return progressed(d, taken);
}

bool wsmtp_driver_feed(wsmtp_driver *d)
{
    if (!d->feeding || !(wsmtp_state(&d->engine) & WSMTP_CAN_BODY))
        return false;
    return d->feeding->body.read ? feed_pieces(d) : feed_memory(d);
}
