/* Passwords and tokens: where they come from, and the octets themselves, which are wiped. */
#ifndef CLI_SECRET_H
#define CLI_SECRET_H

#include <stddef.h>

#include "failure.h"

#define SECRET_MAX 65536u /* octets */

typedef enum secret_kind {
    SECRET_NONE = 0,
    SECRET_PASSWORD, /* the configuration file only */
    SECRET_PASSWORD_FILE,
    SECRET_PASSWORD_ENV,
    SECRET_PASSWORD_FD,
    SECRET_TOKEN_FILE,
    SECRET_TOKEN_ENV,
    SECRET_TOKEN_COMMAND /* run at each login: secret_read has nothing to read */
} secret_kind;

typedef struct secret_source {
    secret_kind kind;
    const char *value; /* the secret, a file's name or a variable's, or a command */
    int descriptor;
} secret_source;

typedef struct secret {
    char *text; /* NULL: none */
    size_t len;
    bool is_token;
} secret;

/* Notes where a secret comes from; origin names the option in messages. */
bool secret_take(secret_source *source, secret_kind kind, const char *value, const char *origin,
                 failure *f);

/* Reads it, without one line end behind it. */
bool secret_read(const secret_source *source, secret *s, failure *f);

void secret_wipe(secret *s);

#endif
