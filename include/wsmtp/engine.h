/*
 * wasm-smtp engine: one SMTP client session (RFC 5321), sans I/O.
 *
 * The engine reads no socket, clock or random source and calls nobody. The caller, an adapter for
 * one runtime, asks what is possible and does it:
 *
 *     for (;;) {
 *         while (wsmtp_next_event(e, &event)) ...;       take events, answer them
 *         unsigned can = wsmtp_state(e);
 *         if (can & WSMTP_CAN_WRITE) write wsmtp_send_buf, wsmtp_send_ack
 *         if (can & WSMTP_CAN_BODY)  wsmtp_body_write ... wsmtp_body_end
 *         if (can & WSMTP_CAN_READ)  read into wsmtp_recv_buf, wsmtp_recv_ack
 *         wait for the socket, or for wsmtp_timer
 *     }
 *
 * Conventions, said once:
 * - Sizes are bytes, durations milliseconds. Text is (pointer, length), never NUL-terminated.
 * - The caller owns every struct and buffer. Config, credentials and transactions are borrowed: they
 *   stay valid and unchanged until the operation that took them ends (a transaction until its
 *   WSMTP_EVENT_DONE; credentials until AUTHENTICATED, REFUSED or FAILED; a config until the end).
 * - Pointers handed out are valid until the next call on the same engine that is not const.
 * - A function that returns wsmtp_reason returns WSMTP_REASON_OK or says why nothing was done; the
 *   details (field, index) are in wsmtp_error_get. Such an error leaves the session usable.
 * - After WSMTP_EVENT_FAILED the session is over: only the error can be read.
 * - Reads and writes are independent. Keep reading while a write is pending: a server may answer
 *   pipelined commands before it has read them all (RFC 2920 section 3.1).
 */
#ifndef WSMTP_ENGINE_H
#define WSMTP_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "features.h"
#include "reason.h"
#include "sasl.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WSMTP_REPLY_LINE_MAX 998u  /* octets of a reply line, without its line end */
#define WSMTP_REPLY_LINES_MAX 128u
#define WSMTP_REPLY_TEXT_MAX 2048u /* bytes kept of a reply's text; the rest is counted, not kept */
#define WSMTP_KEPT_TEXT_MAX 768u   /* bytes kept of the reply that decided a transaction */
#define WSMTP_BODY_LINE_MAX 998u   /* octets of a body line, without its line end */
#define WSMTP_INPUT_MIN 1024u      /* smallest input buffer */
#define WSMTP_OUTPUT_MIN 1024u     /* smallest output buffer; a large one makes large bodies fast */
#define WSMTP_SIZE_UNKNOWN UINT64_MAX

typedef enum wsmtp_tls {
    WSMTP_TLS_NONE = 0, /* never TLS */
    WSMTP_TLS_IMPLICIT, /* TLS before the first SMTP octet (RFC 8314) */
    WSMTP_TLS_STARTTLS  /* STARTTLS required (RFC 3207); never falls back to clear text */
} wsmtp_tls;

typedef enum wsmtp_protocol {
    WSMTP_PROTOCOL_SMTP = 0,
    WSMTP_PROTOCOL_LMTP /* RFC 2033: one reply for each recipient after the message */
} wsmtp_protocol;

/* Where a session is; names the step in errors, too. */
typedef enum wsmtp_step {
    WSMTP_STEP_CONNECT = 0,
    WSMTP_STEP_TLS,
    WSMTP_STEP_GREETING,
    WSMTP_STEP_EHLO, /* or HELO */
    WSMTP_STEP_STARTTLS,
    WSMTP_STEP_READY, /* idle */
    WSMTP_STEP_AUTH,
    WSMTP_STEP_MAIL,
    WSMTP_STEP_RCPT,
    WSMTP_STEP_DATA,
    WSMTP_STEP_BODY,        /* the message itself */
    WSMTP_STEP_END_OF_DATA, /* the message is sent, its reply awaited */
    WSMTP_STEP_RSET,
    WSMTP_STEP_NOOP,
    WSMTP_STEP_QUIT,
    WSMTP_STEP_CLOSED,
    WSMTP_STEP_VRFY,
    WSMTP_STEP_EXPN,
    WSMTP_STEP_HELP,
    WSMTP_STEP_XCLIENT,
    WSMTP_STEP_COUNT
} wsmtp_step;

/* What a timer bounds; defaults after RFC 5321 section 4.5.3.2. */
typedef enum wsmtp_phase {
    WSMTP_PHASE_CONNECT = 0, /* 30 s; armed by the adapter, which opens the connection */
    WSMTP_PHASE_TLS,         /* 30 s: one handshake */
    WSMTP_PHASE_GREETING,    /* 5 min */
    WSMTP_PHASE_COMMAND,     /* 5 min: EHLO, STARTTLS, AUTH, RSET, NOOP, VRFY, EXPN, HELP, XCLIENT */
    WSMTP_PHASE_MAIL,        /* 5 min */
    WSMTP_PHASE_RCPT,        /* 5 min */
    WSMTP_PHASE_DATA,        /* 2 min: DATA until 354 */
    WSMTP_PHASE_BODY,        /* 3 min: each piece of the message, its source included */
    WSMTP_PHASE_END_OF_DATA, /* 10 min */
    WSMTP_PHASE_QUIT,        /* 10 s */
    WSMTP_PHASE_COUNT
} wsmtp_phase;

/* Leniencies and switches of a session. */
#define WSMTP_LENIENT_BARE_LF 0x01u /* take LF alone as the end of a reply line; risk: a server that
                                       mixes both can be read differently by a middlebox */
#define WSMTP_NO_PIPELINING 0x02u   /* one command at a time, even if PIPELINING is offered */
#define WSMTP_TRUSTED_CHANNEL 0x04u /* the channel counts as secure without TLS (a Unix socket) */
#define WSMTP_NO_CHUNKING 0x08u     /* DATA, even if CHUNKING is offered */
#define WSMTP_EARLY_ENVELOPE 0x10u  /* wsmtp_submit is taken while AUTH PLAIN, EXTERNAL or ANONYMOUS is
                                       under way: the envelope travels behind it, the message waits
                                       for its answer. Of use if PIPELINING is offered */

typedef struct wsmtp_config {
    size_t size; /* sizeof(wsmtp_config); wsmtp_config_init sets it */
    uint8_t *input; size_t input_len;   /* WSMTP_INPUT_MIN or more */
    uint8_t *output; size_t output_len; /* WSMTP_OUTPUT_MIN or more */
    const char *ehlo_name; size_t ehlo_name_len; /* domain or address literal */
    wsmtp_tls tls;
    wsmtp_protocol protocol;
    uint32_t flags;
    uint32_t eager_octets; /* with CHUNKING, a message of a known size up to this travels together
                              with its envelope, in one round trip; a larger one waits until the
                              envelope is accepted, so that a refusal costs little */
    uint32_t overlap;      /* transactions in flight at a time: the next one's envelope (with
                              CHUNKING, its message too) is written before this one's last reply is
                              read; 0 or 1 = one after another. Not every server survives it: see
                              WSMTP_REASON_OVERLAP_REFUSED */
    uint32_t timeouts[WSMTP_PHASE_COUNT]; /* 0 = no limit */
    /*
     * What this server offered on an earlier connection of the same kind (behind TLS, if there is
     * TLS), or NULL. If PIPECONNECT is among it, EHLO does not wait for the greeting and READY comes
     * at once: AUTH and envelopes travel with EHLO, a message never before its answer. A server that
     * does not offer all of it any more gives WSMTP_REASON_CAPABILITIES_CHANGED if something was
     * submitted or AUTH was begun (nothing was handed over: repeat it without this), else nothing
     * is lost and the session goes on with what it does offer.
     */
    const struct wsmtp_capabilities *expected;
} wsmtp_config;

/* Extensions that a server offers (RFC 5321 section 4.1.1.1): bits of wsmtp_capabilities.flags. */
#define WSMTP_CAP_ESMTP 0x00000001u /* EHLO was accepted */
#define WSMTP_CAP_PIPELINING 0x00000002u
#define WSMTP_CAP_SIZE 0x00000004u
#define WSMTP_CAP_STARTTLS 0x00000008u
#define WSMTP_CAP_8BITMIME 0x00000010u
#define WSMTP_CAP_SMTPUTF8 0x00000020u
#define WSMTP_CAP_ENHANCEDSTATUSCODES 0x00000040u
#define WSMTP_CAP_AUTH 0x00000080u
#define WSMTP_CAP_DSN 0x00000100u
#define WSMTP_CAP_CHUNKING 0x00000200u
#define WSMTP_CAP_BINARYMIME 0x00000400u
#define WSMTP_CAP_LIMITS 0x00000800u
#define WSMTP_CAP_REQUIRETLS 0x00001000u
#define WSMTP_CAP_DELIVERBY 0x00002000u
#define WSMTP_CAP_FUTURERELEASE 0x00004000u
#define WSMTP_CAP_MT_PRIORITY 0x00008000u
#define WSMTP_CAP_PRDR 0x00010000u
#define WSMTP_CAP_PIPECONNECT 0x00020000u
#define WSMTP_CAP_XCLIENT 0x00040000u
#define WSMTP_CAP_VRFY 0x00080000u
#define WSMTP_CAP_EXPN 0x00100000u
#define WSMTP_CAP_HELP 0x00200000u
#define WSMTP_CAP_ETRN 0x00400000u

typedef struct wsmtp_capabilities {
    uint32_t flags;
    wsmtp_mechanism_set auth; /* known mechanisms offered, AUTH= lines included */
    uint64_t size;            /* SIZE limit in octets; 0 = none stated (RFC 1870) */
    uint32_t mail_max;        /* LIMITS (RFC 9422); 0 = not stated */
    uint32_t rcpt_max;
    uint32_t rcpt_domain_max;
    uint32_t deliver_by_min;  /* DELIVERBY: least seconds of a by-time with R; 0 = not stated */
    uint32_t hold_max;        /* FUTURERELEASE: most seconds to hold a message; 0 = not stated */
    uint32_t xclient;         /* XCLIENT: attributes taken, bit (keyword - WSMTP_KEYWORD_NAME) */
} wsmtp_capabilities;

/* Enhanced status code (RFC 3463), only if the server advertised them; class 0 = none. */
typedef struct wsmtp_enhanced_code {
    uint8_t class_; /* 2, 4 or 5 */
    uint16_t subject;
    uint16_t detail;
} wsmtp_enhanced_code;

/*
 * A reply. text is cleaned: valid UTF-8, control characters and invalid octets as \xNN; its lines
 * are joined with LF, the one control character that can occur; enhanced codes are taken off.
 */
typedef struct wsmtp_reply {
    uint16_t code; /* 0 = no reply */
    wsmtp_enhanced_code enhanced;
    const char *text; size_t text_len;
} wsmtp_reply;

/*
 * Parameters of MAIL and RCPT, and attributes of XCLIENT. Values are given plain: where the RFC wants
 * xtext, the engine encodes them.
 */
typedef enum wsmtp_keyword {
    /* of MAIL */
    WSMTP_KEYWORD_RET = 0,     /* DSN (RFC 3461): "FULL" or "HDRS" */
    WSMTP_KEYWORD_ENVID,       /* DSN: printable ASCII, up to 100 octets as xtext */
    WSMTP_KEYWORD_BY,          /* DELIVERBY (RFC 2852): seconds, mode, trace: "120;R", "-60;NT" */
    WSMTP_KEYWORD_HOLDFOR,     /* FUTURERELEASE (RFC 4865): seconds, "3600" */
    WSMTP_KEYWORD_HOLDUNTIL,   /* FUTURERELEASE: UTC, "2026-12-31T08:00:00Z" */
    WSMTP_KEYWORD_MT_PRIORITY, /* MT-PRIORITY (RFC 6710): "-9" to "9" */
    WSMTP_KEYWORD_REQUIRETLS,  /* RFC 8689; no value. Only behind TLS, as the RFC demands */
    WSMTP_KEYWORD_AUTH,        /* RFC 4954 section 5: mailbox of the submitter, or "<>" */
    WSMTP_KEYWORD_PRDR,        /* per-recipient replies after the message
                                  (draft-hall-prdr); no value */
    /* of RCPT */
    WSMTP_KEYWORD_NOTIFY,      /* DSN: "NEVER", or any of "SUCCESS,FAILURE,DELAY" */
    WSMTP_KEYWORD_ORCPT,       /* DSN: "rfc822;user@example.com", "utf-8;..." (RFC 6533) */
    /* of XCLIENT: printable ASCII, up to 255 octets, 300 in all; or "[UNAVAILABLE]", "[TEMPUNAVAIL]" */
    WSMTP_KEYWORD_NAME,
    WSMTP_KEYWORD_ADDR,
    WSMTP_KEYWORD_PORT,
    WSMTP_KEYWORD_PROTO,
    WSMTP_KEYWORD_HELO,
    WSMTP_KEYWORD_LOGIN,
    WSMTP_KEYWORD_DESTADDR,
    WSMTP_KEYWORD_DESTPORT,
    WSMTP_KEYWORD_COUNT
} wsmtp_keyword;

typedef struct wsmtp_parameter {
    wsmtp_keyword keyword;
    bool optional; /* left out if the server does not offer its extension; else that is an error */
    const char *value; size_t value_len;
} wsmtp_parameter;

typedef struct wsmtp_error {
    wsmtp_reason reason;
    wsmtp_kind kind;
    wsmtp_step step;
    wsmtp_field field; /* for kind INPUT: what breaks the rule */
    size_t index;      /* of the recipient, for WSMTP_FIELD_RECIPIENT */
    bool retryable;    /* the same request may succeed later, and repeating it duplicates nothing */
    bool in_doubt;     /* the end of data was handed over and no answer came */
    wsmtp_reply reply; /* if a reply caused it */
    const char *detail; size_t detail_len; /* OAuth: the server's error JSON, cleaned; of a field
                                              PARAMETER or RECIPIENT_PARAMETER: its keyword */
} wsmtp_error;

/* Outcome of a recipient: exactly one when its transaction is done. */
typedef enum wsmtp_status {
    WSMTP_STATUS_PENDING = 0,
    WSMTP_STATUS_ACCEPTED, /* the server took responsibility (2xx) */
    WSMTP_STATUS_DEFERRED, /* refused for now (4xx) */
    WSMTP_STATUS_REFUSED,  /* refused for good (5xx) */
    WSMTP_STATUS_NOT_SENT, /* the message was not handed over, and no reply decided it */
    WSMTP_STATUS_IN_DOUBT  /* the end of data was handed over, no reply came */
} wsmtp_status;

typedef struct wsmtp_recipient {
    const char *address; size_t address_len; /* forward-path without < and > */
    const wsmtp_parameter *parameters; size_t parameters_len; /* of RCPT; borrowed */
    /* Results, written by the engine. */
    wsmtp_status status;
    bool from_message;   /* decided by the reply to the whole message, not to its own RCPT */
    uint16_t code;       /* of the reply that decided; 0 = none did */
    wsmtp_enhanced_code enhanced;
} wsmtp_recipient;

typedef enum wsmtp_body {
    WSMTP_BODY_AUTO = 0, /* unknown: 8BITMIME is declared if offered; else an 8-bit octet is refused */
    WSMTP_BODY_7BIT,     /* no octet above 127; one that comes all the same is refused */
    WSMTP_BODY_8BIT,     /* has octets above 127: 8BITMIME is needed (RFC 6152) */
    WSMTP_BODY_BINARY    /* any octets, sent as they are: BINARYMIME is needed (RFC 3030 section 3).
                            The message says so, too: Content-Transfer-Encoding: binary */
} wsmtp_body;

/* Flags of a transaction. */
#define WSMTP_SEND_ALL_OR_NOTHING 0x1u /* no message unless every recipient is accepted; costs one
                                          round trip, for DATA cannot travel with the envelope */
#define WSMTP_SEND_SMTPUTF8 0x2u       /* RFC 6531; refused if the server lacks it */
#define WSMTP_SEND_MAKE_CRLF 0x4u      /* bare CR and bare LF in the body become CRLF, not an error */
#define WSMTP_SEND_LONG_LINES 0x8u     /* lines over 998 octets pass, not an error */
#define WSMTP_SEND_SPLIT 0x10u         /* the message can be given again from its beginning. Recipients
                                          beyond the server's LIMITS (RFC 9422), or answered 452 while
                                          others were accepted, follow in further transactions, each
                                          with a WSMTP_EVENT_BODY of its own; DONE comes once. Without
                                          it the limits make WSMTP_REASON_TOO_MANY_RECIPIENTS, and
                                          452 is an outcome like any other */

/*
 * One message to its recipients. Caller-owned; borrowed from wsmtp_submit until its
 * WSMTP_EVENT_DONE. Several may be queued.
 */
typedef struct wsmtp_transaction {
    size_t size; /* sizeof(wsmtp_transaction); wsmtp_transaction_init sets it */
    const char *reverse_path; size_t reverse_path_len; /* without < and >; empty = null */
    wsmtp_recipient *recipients; size_t recipients_len; /* count */
    const wsmtp_parameter *parameters; size_t parameters_len; /* of MAIL; borrowed */
    uint64_t message_size; /* octets with CRLF line ends, before dot-stuffing; declared with SIZE and
                              checked against the server's limit; or WSMTP_SIZE_UNKNOWN */
    wsmtp_body body;
    uint32_t flags;
    void *context; /* the caller's own */
    struct wsmtp_transaction *next; /* private: the one submitted behind it */

    /* Results. */
    wsmtp_status status; /* ACCEPTED if at least one recipient is; else why none is */
    size_t accepted_count;
    uint16_t code; /* of the reply that decided about the message (with WSMTP_SEND_SPLIT: about the
                      last of its transactions); 0 = none did */
    wsmtp_enhanced_code enhanced;

    /* Private. */
    uint64_t end_mark;   /* output position behind the end of data */
    size_t written;      /* recipients before this one are behind us: RCPT written, or settled */
    size_t answered;     /* ... RCPT answered, or settled */
    size_t agreed;       /* RCPT replies that accepted */
    size_t delivered;    /* LMTP, PRDR: recipients before this one have their reply to the message */
    uint32_t asked;      /* RCPT commands written */
    uint32_t domains;    /* different domains among them */
    uint32_t chunks_written;
    uint32_t chunks_answered;
    uint8_t to_write;    /* wsmtp_step to write next; READY = none before a reply has come */
    uint8_t awaiting;    /* wsmtp_step that the next reply answers; READY = none, CLOSED = all over */
    bool mail_accepted;
    bool declared_8bit;
    bool lost; /* the session broke before it was over */
    bool chunked;    /* BDAT, not DATA */
    bool eager;      /* the message does not wait for the answers to the envelope */
    bool overlapped; /* written before the transaction ahead was over */
    bool restart;    /* refused for being early: to be written again */
    bool delivering; /* PRDR: the replies for each recipient have begun */
    wsmtp_reason reason; /* why nothing was accepted */
    wsmtp_step failed_step;
} wsmtp_transaction;

typedef enum wsmtp_event_type {
    WSMTP_EVENT_NONE = 0,
    WSMTP_EVENT_GREETING,      /* reply: the server's greeting */
    WSMTP_EVENT_EHLO,          /* reply: EHLO (or HELO) accepted; wsmtp_capabilities_get is filled */
    WSMTP_EVENT_START_TLS,     /* do the handshake, then wsmtp_tls_done or wsmtp_io_failed */
    WSMTP_EVENT_READY,         /* session open: log in, submit, quit */
    WSMTP_EVENT_DERIVE_KEY,    /* key: answer with wsmtp_key_derived */
    WSMTP_EVENT_AUTHENTICATED, /* reply: 235 */
    WSMTP_EVENT_MAIL,          /* transaction, reply: answer to MAIL, accepted (2xx) or not */
    WSMTP_EVENT_RECIPIENT,     /* transaction, recipient, reply: answer to one RCPT */
    WSMTP_EVENT_BODY,          /* transaction: the server waits for the message */
    WSMTP_EVENT_DONE,          /* transaction: over, every outcome written; reply and error if any */
    WSMTP_EVENT_COMPLETED,     /* reply: RSET, NOOP, VRFY, EXPN or HELP accepted */
    WSMTP_EVENT_REFUSED,       /* error: AUTH, RSET, NOOP, VRFY, EXPN, HELP or XCLIENT refused; the
                                  session goes on */
    WSMTP_EVENT_CLOSED,        /* after QUIT, however it went */
    WSMTP_EVENT_FAILED         /* error: the session is over; close the connection */
} wsmtp_event_type;

typedef struct wsmtp_event {
    wsmtp_event_type type;
    wsmtp_reply reply;              /* code 0 if the event has none */
    wsmtp_transaction *transaction; /* of MAIL, RECIPIENT, BODY, DONE */
    size_t recipient;               /* of RECIPIENT: index */
    const wsmtp_error *error;       /* of REFUSED, FAILED, and of DONE if nothing was accepted or the
                                       session broke; NULL otherwise */
    /* Of DERIVE_KEY: PBKDF2-HMAC of the password. */
    wsmtp_hash hash;
    uint32_t iterations;
    const uint8_t *salt; size_t salt_len;
} wsmtp_event;

/* What a call may do now: bits of wsmtp_state. */
#define WSMTP_CAN_READ 0x1u
#define WSMTP_CAN_WRITE 0x2u
#define WSMTP_CAN_BODY 0x4u
#define WSMTP_HAS_EVENT 0x8u

/* Scan of a message before it is sent: size after line-end conversion, and what it needs. */
typedef struct wsmtp_body_scan {
    uint64_t octets;      /* with every line end as CRLF and a final one */
    bool has_8bit;
    bool has_bare_cr;
    bool has_bare_lf;
    bool has_nul;
    bool has_long_line;   /* over 998 octets */
    /* Private. */
    bool after_cr;
    uint32_t line_len;
} wsmtp_body_scan;

/*
 * One session. Caller-owned; must not move after wsmtp_init. Contents private. Small fields that are
 * often used come first, where their addresses are short.
 */
typedef struct wsmtp_engine {
    const wsmtp_config *config;
    uint8_t state;
    uint8_t auth_state;
    uint8_t queued_event; /* follows the event just taken, without a reply of its own */
    bool secure;
    bool tls_done;
    bool maybe_event;
    bool needs_reset;     /* a transaction was left open at the server */
    bool reply_complete;
    bool body_after_cr;
    bool body_ending;
    bool body_due;        /* the next event asks for a message */
    bool chunk_open;
    uint8_t ahead;        /* replies that come before the ones to what the state has sent */
    uint8_t bad_keyword;  /* of the parameter that a check found wrong */
    /* output: unsent octets are [output_start, output_end) of config->output */
    size_t output_start, output_end;
    size_t held_at; /* octets from here on stay until what they wait for is there (SIZE_MAX: none) */
    uint32_t epoch;
    wsmtp_transaction *writing;
    wsmtp_reply reply; /* being read, or last read */
    wsmtp_transaction *head; /* transactions, oldest first */
    /* input: unread octets are [input_start, input_end) of config->input */
    size_t input_start, input_end;
    size_t secret_at;      /* where credentials in the output begin (SIZE_MAX: none) */
    size_t chunk_at;       /* where the open chunk's command will be */
    uint64_t output_acked; /* octets handed over since init */
    uint32_t mails;        /* MAIL commands written */
    bool end_of_input;     /* the peer closed its side */
    bool chunking_works;   /* a chunk was accepted: 500 means the message, not the command */
    bool no_overlap;       /* the server does not take a command before its last reply is read */
    uint8_t query;         /* wsmtp_step of the VRFY, EXPN or HELP under way */
    uint32_t reply_lines;
    wsmtp_step reply_step; /* that the reply answered; handling it moves the session on */
    /* body coding */
    size_t body_line_len;
    uint64_t body_octets;
    /* authentication */
    wsmtp_mechanism mechanism;
    wsmtp_reason auth_reason;
    wsmtp_capabilities capabilities;
    wsmtp_capabilities offered;    /* being read, until all of the reply is there */
    wsmtp_event event;             /* being made */
    wsmtp_error error;             /* of the session, or of the last call that returned a reason */
    wsmtp_error transaction_error; /* of the DONE being reported */
    /* the reply that decided about the oldest transaction, or the error detail of a login */
    wsmtp_reply kept;
    wsmtp_sasl sasl;
    char kept_text[WSMTP_KEPT_TEXT_MAX];
    char reply_text[WSMTP_REPLY_TEXT_MAX];
} wsmtp_engine;

/* Fills in defaults: no TLS, no flags, the RFC's timeouts. Buffers and EHLO name are the caller's. */
void wsmtp_config_init(wsmtp_config *config);

/* Fills in defaults: null reverse-path, no recipients, size unknown, body AUTO. */
void wsmtp_transaction_init(wsmtp_transaction *transaction);

/*
 * Starts a session. CONFIG_BUFFER, CONFIG_VALUE, or what wsmtp_ehlo_name_check returns; then
 * wsmtp_error_get says which field. With WSMTP_TLS_IMPLICIT the first event is START_TLS.
 */
wsmtp_reason wsmtp_init(wsmtp_engine *engine, const wsmtp_config *config);

/* WSMTP_HAS_* of features.h. */
unsigned wsmtp_features(void);

/* WSMTP_CAN_READ, WSMTP_CAN_WRITE, WSMTP_CAN_BODY, WSMTP_HAS_EVENT. */
unsigned wsmtp_state(const wsmtp_engine *engine);

/* Where the session is. */
wsmtp_step wsmtp_step_get(const wsmtp_engine *engine);

/* Name of a step ("MAIL FROM"), NUL-terminated static text. name_len may be NULL. */
const char *wsmtp_step_name(wsmtp_step step, size_t *name_len);

/* Window for octets from the peer; *len is 0 while nothing can be taken (back-pressure). */
uint8_t *wsmtp_recv_buf(wsmtp_engine *engine, size_t *len);

/* n octets were put into the window; 0 = the peer closed its side. */
void wsmtp_recv_ack(wsmtp_engine *engine, size_t n);

/*
 * Octets for the peer. Those from *secret_at on (== *len if none) carry credentials and must not be
 * shown in traces.
 */
const uint8_t *wsmtp_send_buf(const wsmtp_engine *engine, size_t *len, size_t *secret_at);

/*
 * n octets of the window were handed to the transport and may have left. Acknowledge when handing
 * over, before the transport reports success: whether delivery is in doubt is decided by this.
 */
void wsmtp_send_ack(wsmtp_engine *engine, size_t n);

/* Takes the next event. Returns false (and type NONE) if there is none yet. */
bool wsmtp_next_event(wsmtp_engine *engine, wsmtp_event *event);

/* The handshake that START_TLS asked for succeeded, certificate and name verified. STATE. */
wsmtp_reason wsmtp_tls_done(wsmtp_engine *engine);

/* Whether the channel is secure (TLS done, or WSMTP_TRUSTED_CHANNEL). */
bool wsmtp_is_secure(const wsmtp_engine *engine);

/* What the server offers now; forgotten at TLS (RFC 3207 section 4.2). */
const wsmtp_capabilities *wsmtp_capabilities_get(const wsmtp_engine *engine);

/*
 * Starts AUTH (RFC 4954). In READY only. STATE, AUTH_NOT_SECURE, AUTH_NOT_OFFERED,
 * AUTH_NO_MECHANISM, NOT_BUILT, CREDENTIAL_*, NONCE_TOO_SHORT, ITERATION_LIMITS. Then AUTHENTICATED,
 * or REFUSED (the session stays usable; no weaker mechanism is tried), or FAILED.
 */
wsmtp_reason wsmtp_login(wsmtp_engine *engine, const wsmtp_credentials *credentials);

/* Mechanism of the current or last login. */
wsmtp_mechanism wsmtp_mechanism_get(const wsmtp_engine *engine);

/* Answers DERIVE_KEY; key is copied from, not kept. STATE, AUTH_KEY. */
wsmtp_reason wsmtp_key_derived(wsmtp_engine *engine, const uint8_t *key, size_t key_len);

/*
 * Queues a transaction: every address and parameter, the declared size and every needed extension is
 * checked before a byte is sent. READY or while others run. STATE, NO_RECIPIENTS, address reasons
 * (field and index in wsmtp_error_get), MESSAGE_TOO_LARGE, EIGHTBITMIME_MISSING, SMTPUTF8_MISSING,
 * BINARYMIME_MISSING, PARAMETER_*, TOO_MANY_RECIPIENTS, TRANSACTION_LIMIT, NOT_BUILT.
 */
wsmtp_reason wsmtp_submit(wsmtp_engine *engine, wsmtp_transaction *transaction);

/*
 * Gives the next piece of the message of the transaction that WSMTP_CAN_BODY is about. Returns how
 * many octets were taken: fewer than given if the output buffer is full (write, then go on). A body
 * that breaks a rule ends the session without ending the message: WSMTP_EVENT_FAILED tells.
 */
size_t wsmtp_body_write(wsmtp_engine *engine, const void *data, size_t data_len);

/* The message is complete. A missing final CRLF is added. STATE. */
wsmtp_reason wsmtp_body_end(wsmtp_engine *engine);

/* Commands of an idle session: COMPLETED or REFUSED follows. STATE. */
wsmtp_reason wsmtp_reset(wsmtp_engine *engine);
wsmtp_reason wsmtp_noop(wsmtp_engine *engine);

/*
 * VRFY, EXPN (RFC 5321 section 4.1.1.6 and 7) and HELP of an idle session: COMPLETED with the reply,
 * or REFUSED. The argument, of up to 254 octets, may be empty for HELP; non-ASCII characters need
 * SMTPUTF8 (RFC 6531 section 3.7.4.2). STATE, NOT_BUILT, or an address reason, field ARGUMENT.
 */
wsmtp_reason wsmtp_vrfy(wsmtp_engine *engine, const char *argument, size_t argument_len);
wsmtp_reason wsmtp_expn(wsmtp_engine *engine, const char *argument, size_t argument_len);
wsmtp_reason wsmtp_help(wsmtp_engine *engine, const char *argument, size_t argument_len);

/*
 * XCLIENT, of an idle session with a server that trusts us (Postfix): whom we speak for. The session
 * starts again from EHLO: EHLO and READY follow, or REFUSED. If all attributes are optional and the server
 * takes none of them, nothing is sent, and READY follows alone. STATE, NOT_BUILT, PARAMETER_*.
 */
wsmtp_reason wsmtp_xclient(wsmtp_engine *engine, const wsmtp_parameter *attributes,
                           size_t attributes_len);

/* Keyword ("MT-PRIORITY"), NUL-terminated static text; "" if unknown. name_len may be NULL. */
const char *wsmtp_keyword_name(wsmtp_keyword keyword, size_t *name_len);

/* The other way, without regard to case; WSMTP_KEYWORD_COUNT if unknown. */
wsmtp_keyword wsmtp_keyword_find(const char *name, size_t name_len);

/* Ends an idle session: CLOSED follows, whatever the server does. STATE while a message runs. */
wsmtp_reason wsmtp_quit(wsmtp_engine *engine);

/*
 * The limit of the current phase in milliseconds (0 = no limit), to be counted from the moment
 * *epoch last changed. When it expires: wsmtp_io_failed(engine, WSMTP_REASON_TIMEOUT).
 */
uint32_t wsmtp_timer(const wsmtp_engine *engine, uint32_t *epoch);

/*
 * The transport failed: CONNECT_FAILED, CONNECTION_LOST, TLS_FAILED, TIMEOUT or CANCELLED. Every
 * transaction gets its DONE, then FAILED follows (CLOSED if QUIT was under way).
 */
void wsmtp_io_failed(wsmtp_engine *engine, wsmtp_reason why);

/* The error of the failed session, else of the last call that returned a reason. */
const wsmtp_error *wsmtp_error_get(const wsmtp_engine *engine);

/* Wipes what may be secret. Call when done; the engine holds no resource. */
void wsmtp_end(wsmtp_engine *engine);

/* Scans a message in pieces of any size; call _end after the last. */
void wsmtp_body_scan_init(wsmtp_body_scan *scan);
void wsmtp_body_scan_add(wsmtp_body_scan *scan, const void *data, size_t data_len);
void wsmtp_body_scan_end(wsmtp_body_scan *scan);

#ifdef __cplusplus
}
#endif

#endif
