/* Sends one message, as send and sendmail both do, and reports what became of it. */
#ifndef CLI_DELIVER_H
#define CLI_DELIVER_H

#include "failure.h"
#include "message.h"
#include "settings.h"

typedef struct delivery {
    const char *command; /* for the report */
    const char *path;    /* of the message; NULL or "-": stdin */
    message_options message;
} delivery;

/*
 * Sends to settings.to, and to recipients from the header if the delivery says so. Writes the error
 * line and, with --json, the report. Returns the exit status.
 */
int deliver(const delivery *d, settings *s);

/* Reports a failure that came before there was anything to deliver; returns its exit status. */
int deliver_failure(const char *command, const settings *s, const failure *f);

#endif
