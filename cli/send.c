/* wasm-smtp send: one message to its recipients. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "config_file.h"
#include "deliver.h"
#include "exit_code.h"
#include "options.h"

static const char help[] =
    "usage: wasm-smtp send [OPTION]... [FILE]\n"
    "Sends the message in FILE, or on standard input, in any style of line ends.\n"
    "\n"
    "  --server URL               smtps://HOST[:465]      TLS from the start\n"
    "                             smtp://HOST[:587]       STARTTLS, required\n"
    "                             smtp+plain://HOST[:25]  no TLS\n"
    "                             lmtp://HOST:PORT        lmtp+unix:PATH\n"
    "  --account NAME             take server and login from the configuration file\n"
    "  --config FILE              that file (~/.config/wasm-smtp/config, /etc/wasm-smtp.conf)\n"
    "  --from ADDRESS             sender; may be empty\n"
    "  --to ADDRESS               recipient; may be repeated\n"
    "  --recipients-from-headers  those of To, Cc and Bcc; Bcc is not sent\n"
    "  --ehlo NAME                name given to the server\n"
    "  --user NAME                log in, with exactly one of\n"
    "    --password-file FILE  --password-env VARIABLE  --password-fd NUMBER\n"
    "    --token-file FILE     --token-env VARIABLE     --token-command COMMAND\n"
    "  --auth MECHANISM           this one and no other; EXTERNAL (by client certificate) and ANONYMOUS\n"
    "                             take no password, and need no user\n"
    "  --allow-plaintext-auth     log in without TLS, too\n"
    "  --ca FILE                  trust these authorities instead of the system's\n"
    "  --tls-name NAME            name that the certificate must be for\n"
    "  --cert FILE --key FILE     client certificate\n"
    "  --pin SHA256               the server's key must be this one, too\n"
    "  --smtputf8                 the message needs SMTPUTF8; for addresses alone not needed\n"
    "  --all-or-nothing           send only if every recipient is accepted\n"
    "  --no-pipelining            one command at a time\n"
    "  --no-chunking              send the message with DATA, never with BDAT\n"
    "  --timeout SECONDS          longest wait in each step\n"
    "  --json                     report on standard output as JSON\n"
    "  --transcript[=FILE]        show the dialogue, without secrets and message\n"
    "  --waterfall FILE           draw the session as FILE.svg or FILE.html\n"
    "\n"
    "Exit status: 0 every recipient accepted, 64 usage, 65 bad address or message, 67 every recipient\n"
    "refused, 68 host not found, 69 refused otherwise, 75 try again later, 76 protocol broken, 77 login\n"
    "refused, 78 configuration.\n";

static bool read_config(settings *s, config_file *config, failure *f)
{
    if (s->has_server && s->account)
        return failure_usage(f, "--server and --account exclude each other");
    if (s->has_server && s->config_file)
        return failure_usage(f, "--server and --config exclude each other");
    if (s->has_server || config_file_read(config, s, f))
        return true;
    if (config->is_missing && !s->account)
        return failure_usage(f, "--server is needed: there is no configuration file to name one");
    return false;
}

static bool check(const settings *s, int paths, failure *f)
{
    if (!settings_check(s, f))
        return false;
    if (!s->from)
        return failure_usage(f, "--from is needed (it may be empty: --from '')");
    if (s->to.len == 0 && !s->recipients_from_headers)
        return failure_usage(f, "--to or --recipients-from-headers is needed");
    if (paths > 1)
        return failure_usage(f, "only one FILE can be sent");
    return true;
}

int command_send(int argc, char **argv)
{
    settings s = {.json = options_want_json(argc, argv)};
    config_file config = {0};
    failure f = {0};
    int first, exit_code;
    bool fine = options_parse(&s, IN_SEND, argc, argv, "", NULL, &first, &f);
    if (fine && s.help) {
        fputs(help, stdout);
        exit_code = fflush(stdout) == 0 ? EXIT_ACCEPTED : EXIT_IO;
    } else if (fine && s.version) {
        exit_code = command_version();
    } else if (fine && read_config(&s, &config, &f) && check(&s, argc - first, &f)) {
        delivery d = {.command = "send", .path = first < argc ? argv[first] : NULL,
                      .message = {.recipients_from_headers = s.recipients_from_headers, .domain = s.domain}};
        exit_code = deliver(&d, &s);
    } else {
        exit_code = deliver_failure("send", &s, &f);
    }
    config_file_free(&config);
    settings_free(&s);
    return exit_code;
}
