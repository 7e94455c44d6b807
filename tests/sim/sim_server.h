/*
 * A small SMTP server without sockets: octets in, octets out, deterministic. It remembers what it
 * took responsibility for, so that a client's claims can be compared with it.
 *
 * Local parts decide: bad* is refused (550), grey* deferred (450); a sender badmail* is refused,
 * messages of the senders eod4* and eod5* are refused at their end, those of chunk4* and chunk5* at
 * their first chunk. A recipient full* is deferred (452) after the message, over LMTP and with PRDR.
 */
#ifndef WSMTP_TESTS_SIM_SERVER_H
#define WSMTP_TESTS_SIM_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#define SIM_MESSAGES 32u
#define SIM_BODY_MAX 2304u
#define SIM_RECIPIENTS 1024u

typedef struct sim_server_options {
    bool pipelining;
    bool starttls;
    bool auth;
    bool data_without_recipients; /* answer 354 to DATA although every recipient was refused */
    bool no_ehlo;                 /* knows HELO only */
    bool chunking;
    bool lies_about_chunking;     /* offers it, and takes BDAT and its chunk for unknown commands */
    bool refuses_overlap;         /* 503 to MAIL before the reply to the last message is taken */
    bool lmtp;                    /* LHLO; one reply for each recipient after the message */
    bool prdr;                    /* offers PRDR: one reply for each recipient, and a last one */
    bool pipeconnect;             /* takes commands before the greeting and the reply to EHLO are read */
    bool binarymime;
    bool refuses_auth;            /* 535 to AUTH, then 530 to MAIL */
    bool open_relay;              /* ... but takes mail from everybody */
    unsigned rcpt_max;            /* LIMITS RCPTMAX; 0 = none. One more breaks the protocol */
    unsigned rcpt_limit;          /* 452 to a recipient when so many were accepted; 0 = none */
    unsigned closing_at;          /* answer this reply (from 1) with 421 and close; 0 = never */
} sim_server_options;

/* One message that the server accepted. */
typedef struct sim_accepted {
    char from[80];
    unsigned char to[SIM_RECIPIENTS / 8]; /* by the number in "rN@..." */
    char body[SIM_BODY_MAX];              /* dots taken off, without the final dot */
    size_t body_len;
} sim_accepted;

typedef struct sim_server {
    sim_server_options options;
    size_t out_len;
    bool closed;     /* the server closes when out is empty */
    bool broken;     /* the client broke the protocol; why says how */
    const char *why;
    unsigned replies;
    bool secure, waits_for_tls, in_data, in_chunk, has_mail, greeted;
    bool last_chunk, chunk_refused; /* refused: whatever follows in this transaction is, too */
    size_t chunk_rest;              /* octets of the chunk still to come */
    bool answered_message;          /* its reply is not yet taken by the link */
    bool authenticated, wants_prdr, is_binary;
    unsigned rcpt_commands;
    size_t accepted_recipients;
    unsigned char to[SIM_RECIPIENTS / 8], full[SIM_RECIPIENTS / 8];
    char from[80];
    char line[1100];
    size_t line_len;
    size_t accepted_len, body_len;
    /* Large; their lengths are above. */
    char out[16384]; /* not yet taken by the link */
    char body[SIM_BODY_MAX];
    sim_accepted accepted[SIM_MESSAGES];
} sim_server;

void sim_server_begin(sim_server *server, const sim_server_options *options);
/* Octets from the client. */
void sim_server_take(sim_server *server, const char *data, size_t data_len);
/* The TLS handshake took place. */
void sim_server_tls(sim_server *server);
/* How often a message of this sender was accepted for recipient number. */
size_t sim_server_accepted(const sim_server *server, const char *from, size_t recipient);

#endif
