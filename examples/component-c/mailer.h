/*
 * Sends mail with a component that exports the interface smtp-send of wit/smtp.wit, by the C API of
 * wasmtime 40 to 47. A mailer is one instance of the component: one call at a time, from any thread.
 * A call waits until the message is sent.
 */
#ifndef MAILER_H
#define MAILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mailer mailer;

/* Where to, and who is it. All of it is read during the call only. */
typedef struct mail_server {
    const char *host;
    uint16_t port;           /* 0: the usual one of the TLS mode */
    const char *tls;         /* "implicit", "starttls" or "none" */
    const char *authorities; /* PEM; NULL: those built into the component */
    size_t authorities_len;
    const char *user;        /* NULL: no login */
    const char *password;
} mail_server;

typedef struct mail {
    const char *sender;
    const char *const *recipients;
    size_t recipients_len;
    const uint8_t *content; /* header and body, lines ending in CRLF */
    size_t content_len;
} mail;

/* Strings of results end with NUL, and are UTF-8. */
typedef struct mail_recipient {
    char *address;
    char *status;  /* "accepted", "deferred", "refused", "not-sent" or "in-doubt" */
    unsigned code; /* of the reply that decided; 0 if none did */
    char *text;    /* of that reply; "" if none did */
} mail_recipient;

/* What became of a message: sent if at least one recipient was accepted. */
typedef struct mail_result {
    bool sent;
    char *message;       /* why not, in one line; NULL if sent */
    char *kind;          /* who has to act: "input", "transport", "auth", ...; NULL if sent */
    bool retryable;
    bool in_doubt;
    char *queue_id;      /* NULL if the server told none */
    mail_recipient *recipients;
    size_t recipients_len;
} mail_result;

/* Compiles the component in the file `path`, and makes an instance that may open connections and look up
 * names. NULL on failure, and why in *why, which is given to free(). */
mailer *mailer_new(const char *path, char **why);
/* NULL does nothing. */
void mailer_free(mailer *m);

/* Sends a message. Whatever it says in *result is given back by mail_result_free. After kind "fault"
 * the instance is broken: free the mailer. */
void mailer_send(mailer *m, const mail_server *server, const mail *message, mail_result *result);
void mail_result_free(mail_result *result);

#endif
