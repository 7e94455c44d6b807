/*
 * Parameters of MAIL and RCPT, and attributes of XCLIENT, as options give them: values are checked
 * here, before anything is connected, by the rules that the engine has for them.
 */
#ifndef CLI_PARAMETERS_H
#define CLI_PARAMETERS_H

#include <stdbool.h>

#include <wsmtp/client.h>

#include "failure.h"
#include "memory.h"

#define PARAMETERS_OF_MAIL_MAX WSMTP_KEYWORD_NOTIFY
#define PARAMETERS_OF_RECIPIENT_MAX 2u
#define PARAMETERS_ATTRIBUTES_MAX (WSMTP_KEYWORD_COUNT - WSMTP_KEYWORD_NAME)

typedef struct parameters {
    const char *values[WSMTP_KEYWORD_COUNT]; /* by keyword; NULL: not given. ORCPT is each recipient's own */
    unsigned optional; /* bit 1 << keyword: left out where the server does not offer it */
    char deliver_by[16], notify[24]; /* values that are not sent as they were given */
} parameters;

/* Name of the option for a keyword of MAIL or RCPT, without hyphens ("dsn-return"); NULL if there is none. */
const char *parameters_option(wsmtp_keyword keyword);

/* Takes a value of MAIL or RCPT but ORCPT; "" for one that has none. origin names it in messages. */
bool parameters_take(parameters *p, wsmtp_keyword keyword, const char *value, const char *origin, failure *f);

/* Takes the names of options whose parameters may be left out: "notify,priority". */
bool parameters_take_optional(parameters *p, const char *names, const char *origin, failure *f);

/* Takes an attribute of XCLIENT: "ADDR=192.0.2.1". */
bool parameters_take_attribute(parameters *p, const char *value, const char *origin, failure *f);

/* Adds an original recipient to a list: "rfc822;user@example.com", or the address alone. */
bool parameters_original_recipient(const char *value, const char *origin, text_list *to, failure *f);

/* Fill in a list and return how many there are. original is a recipient's own, or "". */
size_t parameters_of_mail(const parameters *p, wsmtp_parameter list[PARAMETERS_OF_MAIL_MAX]);
size_t parameters_of_recipient(const parameters *p, const char *original,
                               wsmtp_parameter list[PARAMETERS_OF_RECIPIENT_MAX]);
size_t parameters_attributes(const parameters *p, wsmtp_parameter list[PARAMETERS_ATTRIBUTES_MAX]);

#endif
