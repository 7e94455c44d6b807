/*
 * The result of a command as one JSON object on stdout. It has the same members for every command
 * and outcome (docs/src/cli.md, cli/schema.json); what is not known is null or empty.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <wsmtp/client.h>

#include "failure.h"
#include "memory.h"
#include "settings.h"

typedef struct report_error {
    const char *kind; /* NULL: no error */
    const char *reason, *cause, *step, *option; /* "" if there is none */
    uint16_t code;
    wsmtp_enhanced_code enhanced;
    bool retryable, in_doubt;
    const char *message, *advice;
    char reason_text[WSMTP_REASON_NAME_MAX];
} report_error;

typedef struct report {
    const char *command;                  /* "send", "probe" ...; NULL: none was named */
    int exit_code;
    const settings *settings;             /* may be NULL */
    const wsmtp_client_facts *facts;      /* NULL: nothing was connected */
    const char *from;                     /* NULL: none */
    const text_list *recipients;          /* NULL: none */
    const wsmtp_transaction *transaction; /* its recipients are those; NULL: none */
    const text_list *texts;               /* of the replies to them; NULL: none */
    const text_list *queue_ids;           /* the names that the server gave the message for each of them; NULL: none */
    uint32_t transactions;                /* that the message went in */
    const wsmtp_reply *reply;             /* to a question; NULL: none */
    bool octets_known;
    uint64_t octets;                      /* of the message, as sent */
    const char *queue_id;                 /* NULL or empty: unknown */
    report_error error;
} report;

void report_error_from_failure(report_error *error, const failure *f);

/* error borrows from the client's error. */
void report_error_from_client(report_error *error, const wsmtp_client_error *from);

/* How a session without a message went: by the client's error unless its reason is OK, else by the failure. */
void report_outcome(report *r, const wsmtp_client_error *error, const failure *f);

/* Writes to stdout; false if that failed. */
bool report_write(const report *r);

#endif
