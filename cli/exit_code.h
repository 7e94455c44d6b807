/* Exit statuses: those of sysexits.h, decided in one place. */
#ifndef CLI_EXIT_CODE_H
#define CLI_EXIT_CODE_H

#include <wsmtp/client.h>

enum {
    EXIT_ACCEPTED = 0,     /* every recipient accepted */
    EXIT_USAGE = 64,       /* wrong command line */
    EXIT_DATA = 65,        /* bad address or message, found before it was sent */
    EXIT_NO_INPUT = 66,    /* the message's file cannot be opened */
    EXIT_NO_USER = 67,     /* every recipient refused for good */
    EXIT_NO_HOST = 68,     /* host not found */
    EXIT_UNAVAILABLE = 69, /* refused for good otherwise */
    EXIT_SOFTWARE = 70,    /* a fault of the program itself */
    EXIT_SYSTEM = 71,      /* memory, or the system refused something */
    EXIT_NO_CREATE = 73,   /* a file asked for cannot be made */
    EXIT_IO = 74,          /* reading the message or writing a result failed */
    EXIT_TRY_LATER = 75,   /* refused for now, connection or time lost, in doubt */
    EXIT_PROTOCOL = 76,    /* the server broke the protocol */
    EXIT_AUTH = 77,        /* authentication refused or impossible */
    EXIT_CONFIG = 78       /* configuration, or a file that it names */
};

/* Of an error of the client. transaction, if there was one, tells refused recipients apart. */
int exit_code_of_error(const wsmtp_client_error *error, const wsmtp_transaction *transaction);

/* Of a message that was handed over: by the outcomes of its recipients. */
int exit_code_of_recipients(const wsmtp_transaction *transaction);

#endif
