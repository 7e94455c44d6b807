/* A client made of settings, with whoever watches it: transcript, picture, progress. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdio.h>

#include <wsmtp/client.h>

#include "dialogue.h"
#include "failure.h"
#include "progress.h"
#include "secret.h"
#include "settings.h"
#include "timeline.h"

typedef struct session {
    const settings *settings;
    wsmtp_client *client;
    secret secret;
    wsmtp_parameter attributes[PARAMETERS_ATTRIBUTES_MAX]; /* of XCLIENT */
    size_t attributes_len;                                 /* 0: it is not sent */
    failure token_failure; /* why the command that gives the token gave none; exit_code 0: it did */
    dialogue dialogue;
    FILE *transcript; /* NULL: none */
    FILE *waterfall;
    timeline timeline;
    progress progress;
} session;

/*
 * Reads the password or token, opens the files that are to be written, and makes the client; nothing
 * connects yet. message_octets is for the progress: 0 if unknown.
 */
bool session_begin(session *n, const settings *s, uint64_t message_octets, failure *f);

/* Connects, says whom we speak for (XCLIENT) if anybody, and logs in. Signals cancel what runs from here on. */
bool session_open(session *n);

/* Why the last call failed: the client's error, or f, and then the error's reason is OK. */
void session_error(const session *n, wsmtp_client_error *error, failure *f);

/* Quits, and writes the picture; false if a file could not be written. */
bool session_end(session *n, failure *f);

/* Frees everything. Facts and errors of the client are gone then. */
void session_free(session *n);

#endif
