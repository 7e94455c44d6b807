/* Sender and recipients of a message, checked and as the client takes them. */
#ifndef CLI_ENVELOPE_H
#define CLI_ENVELOPE_H

#include <wsmtp/client.h>

#include "failure.h"
#include "message.h"
#include "settings.h"

typedef struct envelope {
    wsmtp_transaction transaction;
    wsmtp_parameter of_mail[PARAMETERS_OF_MAIL_MAX];
    wsmtp_parameter *of_recipients; /* PARAMETERS_OF_RECIPIENT_MAX for each */
} envelope;

/* Takes out recipients that are named a second time, and checks every address. */
bool envelope_check(settings *s, failure *f);

/* Fills in the transaction; it borrows from settings. */
void envelope_make(envelope *e, const settings *s, const message *m);

void envelope_free(envelope *e);

#endif
