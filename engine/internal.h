/*
 * What the parts of the engine share. Private: nothing here is part of the API.
 *
 *   session.c       the public calls and the order of things (table in session_table.h)
 *   reply.c         octets in, replies out
 *   capabilities.c  EHLO lines
 *   command.c       the one place that writes commands, and checks what goes into them
 *   parameter.c     what may follow a path, and XCLIENT
 *   query.c         VRFY, EXPN, HELP and XCLIENT
 *   early.c         what is sent ahead of replies that others wait for
 *   part.c          recipients that follow in a further transaction
 *   envelope.c      which command of a transaction may go
 *   transaction.c   which reply belongs to which of them
 *   outcome.c       who got the mail in the end
 *   chunk.c         BDAT around pieces of a message
 *   body.c          line ends and dot-stuffing;  body_scan.c  the same rules before sending
 *   auth.c          the AUTH exchange around a SASL mechanism
 *   error.c         the one place that makes errors
 *   submit.c        taking a transaction, after all its checks
 *   window.c        the windows for octets in and out, and what may be done now
 *   step.c          where the session is, and which time limit counts there
 */
#ifndef WSMTP_INTERNAL_H
#define WSMTP_INTERNAL_H

#include "session_table.h"
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
    STATE_XCLIENT,
    STATE_QUERY,  /* VRFY, EXPN or HELP, as e->query says */
    STATE_CLOSED, /* from here on it is over */
    STATE_FAILED
} session_state;

typedef enum session_input {
#define WSMTP_INPUT_ENUM(name) INPUT_##name,
    WSMTP_SESSION_INPUTS(WSMTP_INPUT_ENUM)
#undef WSMTP_INPUT_ENUM
} session_input;

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

/* What a switch of features.h leaves out is false for the compiler, too. */
static inline bool wsmtp_lmtp(const wsmtp_engine *e)
{
    return WSMTP_FEATURE_LMTP && e->config->protocol == WSMTP_PROTOCOL_LMTP;
}

/* Whether t is sent with SMTPUTF8: never taken where it is not built. */
static inline bool wsmtp_sends_utf8(const wsmtp_transaction *t)
{
    return WSMTP_FEATURE_SMTPUTF8 && (t->flags & WSMTP_SEND_SMTPUTF8);
}

static inline bool wsmtp_chunked(const wsmtp_transaction *t)
{
    return WSMTP_FEATURE_CHUNKING && t->chunked;
}

static inline bool wsmtp_overlapped(const wsmtp_transaction *t)
{
    return WSMTP_FEATURE_OVERLAP && t->overlapped;
}

static inline bool wsmtp_binary(const wsmtp_transaction *t)
{
    return WSMTP_FEATURE_BINARYMIME && t->body == WSMTP_BODY_BINARY;
}

/* What the reply to EHLO has listed counts now. */
static inline void wsmtp_take_offer(wsmtp_engine *e)
{
    e->capabilities = e->offered;
    e->capabilities.flags |= WSMTP_CAP_ESMTP;
}

/* Replies that come before those to what the state has sent: bits of wsmtp_engine.ahead. */
#define AHEAD_GREETING 0x1u
#define AHEAD_EHLO 0x2u
#define AHEAD_AUTH 0x4u

static inline uint8_t wsmtp_ahead(const wsmtp_engine *e)
{
    return WSMTP_FEATURE_EARLY ? e->ahead : 0;
}

static inline bool wsmtp_handshaking(const wsmtp_engine *e)
{
    return e->state == STATE_TLS || e->state == STATE_UPGRADE;
}

static inline bool wsmtp_over(const wsmtp_engine *e)
{
    return e->state >= STATE_CLOSED;
}

/* session.c */
void wsmtp_session_close(wsmtp_engine *e); /* QUIT is over */
/* Takes the transition of an idle session for a command. OK or STATE. */
wsmtp_reason wsmtp_session_command(wsmtp_engine *e, session_input input);

/* reply.c */
bool wsmtp_reply_parse(wsmtp_engine *e); /* true: e->reply is complete. May fail the session. */
void wsmtp_reply_keep(wsmtp_engine *e);  /* keeps e->reply beyond the next one, in e->kept */
unsigned wsmtp_reply_class(const wsmtp_engine *e); /* first digit of its code */
size_t wsmtp_clean(const char *text, size_t text_len, char *out, size_t out_len);

/* capabilities.c */
void wsmtp_capabilities_line(wsmtp_capabilities *capabilities, const char *line, size_t line_len);

/* command.c: what returns bool returns false if the output has no room now, or the session failed. */
bool wsmtp_reserve(wsmtp_engine *e, size_t n);
void wsmtp_put(wsmtp_engine *e, const void *data, size_t n); /* room was reserved */
void wsmtp_put_text(wsmtp_engine *e, const char *text);
void wsmtp_put_number(wsmtp_engine *e, uint64_t value);
uint64_t wsmtp_output_position(const wsmtp_engine *e);
bool wsmtp_write_word(wsmtp_engine *e, const char *line); /* no argument; line end included */
void wsmtp_write_hello(wsmtp_engine *e, const char *verb);
/* Path 0 is the reverse-path, path n the recipient n - 1. */
bool wsmtp_write_path(wsmtp_engine *e, const wsmtp_transaction *t, size_t path);
wsmtp_reason wsmtp_check_paths(wsmtp_engine *e, const wsmtp_transaction *t);

/* parameter.c: the list of one command, whose keywords begin at first; e->bad_keyword is wrong. */
wsmtp_reason wsmtp_check_parameters(wsmtp_engine *e, const wsmtp_parameter *list, size_t count,
                                    wsmtp_keyword first);
void wsmtp_name_keyword(wsmtp_engine *e); /* puts it into the error */
void wsmtp_put_parameters(wsmtp_engine *e, const wsmtp_parameter *list, size_t count);
bool wsmtp_sends_parameter(const wsmtp_engine *e, const wsmtp_transaction *t, wsmtp_keyword keyword);

/* query.c */
wsmtp_reason wsmtp_query(wsmtp_engine *e, wsmtp_step step, const char *argument, size_t argument_len);

/* early.c */
bool wsmtp_early_possible(const wsmtp_engine *e); /* by what is expected of the server */
void wsmtp_early_reply(wsmtp_engine *e);
wsmtp_step wsmtp_early_step(const wsmtp_engine *e); /* that the next reply answers */

/* submit.c */
void wsmtp_transaction_begin(wsmtp_engine *e, wsmtp_transaction *t); /* as it was when submitted */
/* Whether an envelope may follow the login under way: one that is a single command. */
bool wsmtp_may_follow_login(const wsmtp_engine *e);

/* part.c */
#define WSMTP_PART_FULL UINT32_MAX
/* The number of domains in the transaction under way, which has so many so far, with the next recipient;
 * PART_FULL if that does not fit into it. */
uint32_t wsmtp_part_takes(const wsmtp_engine *e, const wsmtp_transaction *t, size_t next, uint32_t asked,
                          uint32_t domains);
/* The first recipient from i on, and before end, that has no outcome yet. */
size_t wsmtp_part_next(const wsmtp_transaction *t, size_t i, size_t end);
/* Whether RCPT was written for a recipient without outcome, and not put off. */
bool wsmtp_part_has(const wsmtp_transaction *t, size_t i);
bool wsmtp_part_puts_off(const wsmtp_transaction *t, unsigned code); /* code of an answer to RCPT */
bool wsmtp_part_fits_all(const wsmtp_engine *e, const wsmtp_transaction *t);
void wsmtp_part_over(wsmtp_engine *e, wsmtp_transaction *t); /* settles t, or begins its next part */

/* envelope.c */
bool wsmtp_pipelining(const wsmtp_engine *e); /* offered, and wanted */
bool wsmtp_deliverable(const wsmtp_transaction *t); /* the message may go, by the answers so far */
void wsmtp_explain(wsmtp_transaction *t); /* why none follows, unless a reply has said so already */
void wsmtp_restart(wsmtp_engine *e, wsmtp_transaction *t); /* an envelope refused only for being early */
void wsmtp_give_up(wsmtp_engine *e, wsmtp_transaction *t); /* answered, and no message follows it */
/* Whether the transaction behind the one being written may be written before that is over. */
bool wsmtp_may_overlap(const wsmtp_engine *e);
void wsmtp_transaction_pump(wsmtp_engine *e);

/* transaction.c */
void wsmtp_transaction_reply(wsmtp_engine *e);
wsmtp_step wsmtp_transaction_step(const wsmtp_engine *e);

/* outcome.c */
wsmtp_status wsmtp_status_of(unsigned code);
/* Ends t: recipients that no reply has decided get the outcome `undecided`; with PENDING those of
 * further parts stay so. Returns whether the delivery to one of them is in doubt. */
bool wsmtp_settle(wsmtp_transaction *t, wsmtp_status undecided);
/* All is answered that was sent of t: settles it, or begins its next part. */
static inline void wsmtp_answered(wsmtp_engine *e, wsmtp_transaction *t)
{
#if WSMTP_FEATURE_LIMITS
    wsmtp_part_over(e, t);
#else
    (void)e;
    wsmtp_settle(t, WSMTP_STATUS_NOT_SENT);
#endif
}
/* The session broke, as e->error says: settles t; returns whether its delivery is in doubt. */
bool wsmtp_transaction_lost(wsmtp_engine *e, wsmtp_transaction *t);
void wsmtp_transaction_done(wsmtp_engine *e); /* reports and drops the head */

/* body.c */
/* Most octets that one octet of input can become: CRLF for a bare CR, a stuffed dot, itself. */
#define WSMTP_BODY_ROOM 4u
bool wsmtp_body_open(const wsmtp_engine *e); /* more of a message may come */
void wsmtp_body_begin(wsmtp_engine *e);
bool wsmtp_body_room(const wsmtp_engine *e); /* ... and there is room for it */
bool wsmtp_body_finish(wsmtp_engine *e, wsmtp_transaction *t);

/* chunk.c */
bool wsmtp_chunk_possible(const wsmtp_engine *e); /* there is room for a chunk worth its command */
bool wsmtp_chunk_begin(wsmtp_engine *e);
void wsmtp_chunk_end(wsmtp_engine *e, wsmtp_transaction *t, bool last);
void wsmtp_chunk_drop(wsmtp_engine *e);

/* auth.c */
void wsmtp_auth_pump(wsmtp_engine *e);
void wsmtp_auth_reply(wsmtp_engine *e);

/* error.c */
wsmtp_reason wsmtp_reject(wsmtp_engine *e, wsmtp_reason reason, wsmtp_field field, size_t index);
void wsmtp_refused(wsmtp_engine *e, wsmtp_reason reason);
void wsmtp_fail(wsmtp_engine *e, wsmtp_reason reason);
void wsmtp_fail_message(wsmtp_engine *e, wsmtp_reason reason); /* the message breaks a rule */
void wsmtp_fail_with_reply(wsmtp_engine *e, wsmtp_reason reason); /* e->reply is the cause */
const wsmtp_error *wsmtp_error_of_transaction(wsmtp_engine *e, const wsmtp_transaction *t);

#endif
