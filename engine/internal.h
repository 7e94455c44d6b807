/*
 * What the parts of the engine share. Private: nothing here is part of the API.
 *
 *   session.c       the public calls and the order of things (table in session_table.h)
 *   reply.c         octets in, replies out
 *   capabilities.c  EHLO lines
 *   command.c       the one place that writes commands, and checks what goes into them
 *   transaction.c   envelopes: which command may go, which reply belongs to what, who got the mail
 *   body.c          line ends and dot-stuffing;  body_scan.c  the same rules before sending
 *   auth.c          the AUTH exchange around a SASL mechanism
 *   error.c         the one place that makes errors
 *   submit.c        taking a transaction, after all its checks
 *   window.c        the windows for octets in and out, and what may be done now
 *   step.c          where the session is
 *   timer.c         which time limit applies
 */
#ifndef WSMTP_INTERNAL_H
#define WSMTP_INTERNAL_H

#include "wsmtp/engine.h"

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *memory, int value, size_t n);

/* Session states, inputs and actions: see session_table.h. */
typedef enum session_state {
    STATE_START,
    STATE_TLS,
    STATE_GREETING,
    STATE_EHLO,
    STATE_HELO,
    STATE_STARTTLS,
    STATE_UPGRADE,
    STATE_READY,
    STATE_AUTH,
    STATE_TRANSACTION,
    STATE_RSET,
    STATE_NOOP,
    STATE_QUIT,
    STATE_CLOSED,
    STATE_FAILED
} session_state;

/* What a transaction writes next. */
typedef enum transaction_stage {
    STAGE_RSET = 0,
    STAGE_MAIL,
    STAGE_RCPT,
    STAGE_DATA,
    STAGE_DATA_ANSWER, /* nothing to write until DATA is answered */
    STAGE_BODY,
    STAGE_END
} transaction_stage;

/* What the next reply to a transaction answers. */
typedef enum transaction_awaiting {
    AWAITING_NOTHING = 0,
    AWAITING_RSET,
    AWAITING_MAIL,
    AWAITING_RCPT,
    AWAITING_DATA,
    AWAITING_END,     /* the reply to the whole message */
    AWAITING_DISCARD, /* the reply to an empty message that nobody gets */
    AWAITING_DONE     /* over; its DONE event is due */
} transaction_awaiting;

typedef enum auth_state {
    AUTH_IDLE = 0,
    AUTH_SENDING,  /* a response is on its way out */
    AUTH_WAITING,  /* for a challenge or the result */
    AUTH_PROMPT,   /* for the empty challenge before a first response that was too long */
    AUTH_KEY,      /* for wsmtp_key_derived */
    AUTH_CANCELLED /* "*" was sent */
} auth_state;

static inline bool wsmtp_has(const wsmtp_engine *e, uint32_t capability)
{
    return (e->capabilities.flags & capability) != 0;
}

static inline bool wsmtp_handshaking(const wsmtp_engine *e)
{
    return e->state == STATE_TLS || e->state == STATE_UPGRADE;
}

static inline bool wsmtp_over(const wsmtp_engine *e)
{
    return e->state == STATE_FAILED || e->state == STATE_CLOSED;
}

/* session.c */
void wsmtp_session_close(wsmtp_engine *e); /* QUIT is over */

/* reply.c */
bool wsmtp_reply_parse(wsmtp_engine *e); /* true: e->reply is complete. May fail the session. */
void wsmtp_reply_keep(wsmtp_engine *e);  /* keeps e->reply beyond the next one, in e->kept */
size_t wsmtp_clean(const char *text, size_t text_len, char *out, size_t out_len);

/* capabilities.c */
void wsmtp_capabilities_line(wsmtp_capabilities *capabilities, const char *line, size_t line_len);

/* command.c: each returns false if the output has no room now, or the session failed. */
bool wsmtp_reserve(wsmtp_engine *e, size_t n);
void wsmtp_put(wsmtp_engine *e, const void *data, size_t n);
void wsmtp_put_text(wsmtp_engine *e, const char *text);
uint64_t wsmtp_output_position(const wsmtp_engine *e);
bool wsmtp_write_word(wsmtp_engine *e, const char *line);
bool wsmtp_write_hello(wsmtp_engine *e, const char *verb);
bool wsmtp_write_mail(wsmtp_engine *e, const wsmtp_transaction *t);
bool wsmtp_write_rcpt(wsmtp_engine *e, const wsmtp_transaction *t, size_t index);

/* transaction.c */
void wsmtp_transaction_pump(wsmtp_engine *e);
void wsmtp_transaction_reply(wsmtp_engine *e, wsmtp_event *event);
void wsmtp_transaction_done(wsmtp_engine *e, wsmtp_event *event); /* reports and drops the head */
/* The session broke: settles t; returns whether its delivery is in doubt. */
bool wsmtp_transaction_lost(wsmtp_engine *e, wsmtp_transaction *t, wsmtp_reason reason,
                            wsmtp_step step);
wsmtp_step wsmtp_transaction_step(const wsmtp_engine *e);

/* body.c */
/* Most octets that one octet of input can become: CRLF for a bare CR, a stuffed dot, itself. */
#define WSMTP_BODY_ROOM 4u
void wsmtp_body_begin(wsmtp_engine *e);
bool wsmtp_body_finish(wsmtp_engine *e, wsmtp_transaction *t);

/* auth.c */
void wsmtp_auth_pump(wsmtp_engine *e);
/* A reply to AUTH: sets event, or leaves it NONE while the exchange goes on. */
void wsmtp_auth_reply(wsmtp_engine *e, wsmtp_event *event);

/* error.c */
wsmtp_reason wsmtp_reject(wsmtp_engine *e, wsmtp_reason reason, wsmtp_field field, size_t index);
void wsmtp_fail(wsmtp_engine *e, wsmtp_reason reason);
void wsmtp_fail_with_reply(wsmtp_engine *e, wsmtp_reason reason);
void wsmtp_error_set(wsmtp_error *error, wsmtp_reason reason, wsmtp_step step,
                     const wsmtp_reply *reply);
const wsmtp_error *wsmtp_error_of_transaction(wsmtp_engine *e, const wsmtp_transaction *t);

#endif
