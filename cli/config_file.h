/*
 * The file of accounts: ~/.config/wasm-smtp/config, else /etc/wasm-smtp.conf.
 *
 *     default = work            # otherwise the first account
 *
 *     [work]
 *     server = smtps://mail.example.com
 *     from = me@example.com
 *     user = me
 *     password-file = /home/me/.mail-password
 *
 * Keys are the names of the long options of "send"; switches take yes or no.
 */
#ifndef CLI_CONFIG_FILE_H
#define CLI_CONFIG_FILE_H

#include "settings.h"

#define CONFIG_FILE_MAX 262144u /* octets */

typedef struct config_file {
    char *name;
    char *text; /* settings borrow from it */
    size_t len;
    bool is_missing; /* no file was named, and none of the usual ones is there */
} config_file;

/*
 * Reads the file that settings name, or the first of the usual ones that exists, and takes the account
 * that settings name, or the default one. Refuses a file that others can change, and one that holds a
 * password and can be read by others. The text is owned by config.
 */
bool config_file_read(config_file *config, settings *s, failure *f);

/* Reads it if no server is given yet; a server and an account exclude each other. */
bool config_file_choose(config_file *config, settings *s, failure *f);

/* Wipes and frees the text. */
void config_file_free(config_file *config);

#endif
