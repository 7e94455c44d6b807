/* Descriptions of options that several commands have, for their --help. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#define HELP_ACCOUNT                                                                               \
    "  --account NAME             take server and login from the configuration file\n"             \
    "  --config FILE              that file (~/.config/wasm-smtp/config, /etc/wasm-smtp.conf)\n"

#define HELP_EHLO "  --ehlo NAME                name given to the server\n"

#define HELP_LOGIN                                                                                 \
    "  --user NAME                log in, with exactly one of\n"                                   \
    "    --password-file FILE  --password-env VARIABLE  --password-fd NUMBER\n"                    \
    "    --token-file FILE     --token-env VARIABLE     --token-command COMMAND\n"                 \
    "  --auth MECHANISM           this one and no other; EXTERNAL (by client certificate) and ANONYMOUS\n" \
    "                             take no password, and need no user\n"                            \
    "  --allow-plaintext-auth     log in without TLS, too\n"

#define HELP_TLS                                                                                   \
    "  --ca FILE                  trust these authorities instead of the system's\n"               \
    "  --tls-name NAME            name that the certificate must be for\n"                         \
    "  --cert FILE --key FILE     client certificate\n"                                            \
    "  --pin SHA256               the server's key must be this one, too\n"

#define HELP_TIMEOUT "  --timeout SECONDS          longest wait in each step\n"

#define HELP_OUTPUT                                                                                \
    "  --json                     report on standard output as JSON\n"                             \
    "  --transcript[=FILE]        show the dialogue, without secrets and message\n"                \
    "  --waterfall FILE           draw the session as FILE.svg or FILE.html\n"

#endif
