/* Command lines, by getopt_long. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "settings.h"

/* Takes a short option, which sendmail has; false with a failure set. */
typedef bool (*short_option_callback)(settings *s, int option, const char *value, failure *f);

/*
 * Reads the options of a command (IN_SEND, IN_PROBE or IN_SENDMAIL) into settings. short_options is
 * getopt's, "" if there are none; take_short is NULL then. Sets *first to the index of the first
 * argument that is no option: all of them stand at the end then. Messages name options, and never show their values.
 */
bool options_parse(settings *s, unsigned command, int argc, char **argv, const char *short_options,
                   short_option_callback take_short, int *first, failure *f);

/* Whether --json occurs: a wrong command line is answered in JSON as well. */
bool options_want_json(int argc, char **argv);

#endif
