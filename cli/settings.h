/*
 * What a command was told: by its arguments, and by an account of the configuration file. Texts are
 * borrowed from where they came from (argv, the file's text).
 */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include <wsmtp/client.h>

#include "failure.h"
#include "memory.h"
#include "parameters.h"
#include "secret.h"
#include "url.h"

/* Where a setting may stand. */
#define IN_SEND 0x1u
#define IN_PROBE 0x2u
#define IN_SENDMAIL 0x4u
#define IN_FILE 0x8u /* an account of the configuration file */
#define IN_ASK 0x10u /* vrfy, expn and help */

typedef enum setting_id {
    SETTING_SERVER = 256, /* beyond every character: these are getopt's values */
    SETTING_ACCOUNT,
    SETTING_CONFIG,
    SETTING_FROM,
    SETTING_TO,
    SETTING_RECIPIENTS_FROM_HEADERS,
    SETTING_EHLO,
    SETTING_USER,
    SETTING_PASSWORD,
    SETTING_PASSWORD_FILE,
    SETTING_PASSWORD_ENV,
    SETTING_PASSWORD_FD,
    SETTING_TOKEN_FILE,
    SETTING_TOKEN_ENV,
    SETTING_TOKEN_COMMAND,
    SETTING_AUTH,
    SETTING_ALLOW_PLAINTEXT_AUTH,
    SETTING_CA,
    SETTING_TLS_NAME,
    SETTING_CERT,
    SETTING_KEY,
    SETTING_PIN,
    SETTING_SMTPUTF8,
    SETTING_ALL_OR_NOTHING,
    SETTING_NO_PIPELINING,
    SETTING_NO_CHUNKING,
    SETTING_BINARY,
    SETTING_DSN_RETURN,
    SETTING_ENVELOPE_ID,
    SETTING_NOTIFY,
    SETTING_ORIGINAL_RECIPIENT,
    SETTING_DELIVER_BY,
    SETTING_HOLD_FOR,
    SETTING_HOLD_UNTIL,
    SETTING_PRIORITY,
    SETTING_REQUIRE_TLS,
    SETTING_SUBMITTER,
    SETTING_PER_RECIPIENT_REPLIES,
    SETTING_OPTIONAL,
    SETTING_XCLIENT,
    SETTING_TIMEOUT,
    SETTING_DOMAIN,
    SETTING_JSON,
    SETTING_TRANSCRIPT,
    SETTING_WATERFALL,
    SETTING_HELP,
    SETTING_VERSION
} setting_id;

typedef enum setting_value { VALUE_NONE, VALUE_NEEDED, VALUE_OPTIONAL } setting_value;

typedef struct setting_definition {
    const char *name; /* of the long option, and of the key */
    setting_value value;
    unsigned where;
    setting_id id;
} setting_definition;

extern const setting_definition setting_definitions[];
extern const size_t setting_definitions_len;

typedef struct settings {
    uint64_t given; /* by an argument: bit (id - SETTING_SERVER). The file changes none of these */
    bool has_server;
    server_url server;
    const char *account;     /* NULL: the default one */
    const char *config_file; /* NULL: the usual places */
    const char *from;        /* NULL: not given */
    text_list to;
    text_list original_recipients; /* of those, "" for none; may be shorter */
    parameters parameters;
    bool recipients_from_headers;
    bool keeps_dots; /* sendmail: a line with a dot alone does not end the message */
    const char *ehlo;
    const char *user; /* with EXTERNAL: whom to act as; with ANONYMOUS: the trace information */
    secret_source secret;
    bool secret_from_file; /* the file gave one */
    bool secret_given;     /* an argument gave one, which replaces the file's */
    wsmtp_mechanism auth;
    bool allow_plaintext_auth;
    const char *ca, *tls_name, *cert, *key;
    bool has_pin;
    uint8_t pin[WSMTP_PIN_LEN];
    bool smtputf8, all_or_nothing, no_pipelining, no_chunking, binary;
    uint32_t timeout;   /* milliseconds; 0: the RFC's */
    const char *domain; /* put behind an address without one; NULL: none is */
    bool json;
    bool transcript;
    const char *transcript_file; /* NULL: stderr */
    const char *waterfall_file;  /* NULL: none */
    bool help, version;
} settings;

/*
 * Takes one setting; one of the file only if no argument gave it before. origin names it in messages ("--from", "config line 3: from"); they never hold
 * the value. value is NULL if there is none, else for VALUE_NONE settings of a file "yes" or "no".
 */
bool settings_take(settings *s, setting_id id, const char *value, const char *origin, bool from_file,
                   failure *f);

/* Whether there is a login: by a user, or by a mechanism that needs none. */
bool settings_log_in(const settings *s);

/* What can be checked only when all settings are known. */
bool settings_check(const settings *s, failure *f);

void settings_free(settings *s);

#endif
