/* wasm-smtp send: one message to its recipients. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "config_file.h"
#include "deliver.h"
#include "exit_code.h"
#include "help.h"
#include "options.h"

static const char help[] =
    "usage: wasm-smtp send [OPTION]... [FILE]\n"
    "Sends the message in FILE, or on standard input, in any style of line ends.\n"
    "\n"
    "  --server URL               smtps://HOST[:465]      TLS from the start\n"
    "                             smtp://HOST[:587]       STARTTLS, required\n"
    "                             smtp+plain://HOST[:25]  no TLS\n"
    "                             lmtp://HOST:PORT        lmtp+unix:PATH\n"
    HELP_ACCOUNT
    "  --from ADDRESS             sender; may be empty\n"
    "  --to ADDRESS               recipient; may be repeated\n"
    "  --recipients-from-headers  those of To, Cc and Bcc; Bcc is not sent\n"
    HELP_EHLO
    HELP_LOGIN
    HELP_TLS
    "  --smtputf8                 the message needs SMTPUTF8; for addresses alone not needed\n"
    "  --all-or-nothing           send only if every recipient is accepted\n"
    "  --no-pipelining            one command at a time\n"
    "  --no-chunking              send the message with DATA, never with BDAT\n"
    "  --xclient NAME=VALUE       to a server that trusts us: whom we speak for; may be repeated\n"
    HELP_TIMEOUT
    HELP_OUTPUT
    "\n"
    "Asked of the server; an error (69) before anything is sent if it does not offer the extension:\n"
    "  --notify never|LIST        reports that the sender wants: of success,failure,delay\n"
    "  --dsn-return full|headers  what a report of failure returns of the message\n"
    "  --envelope-id TEXT         name of the message in reports\n"
    "  --original-recipient ADDR  behind a --to: whom the sender had named (TYPE;ADDRESS, or an address)\n"
    "  --deliver-by SECONDS[;N|;R][T]\n"
    "                             then notify the sender (N), or return it (R); T: trace it\n"
    "  --hold-for SECONDS  --hold-until UTC\n"
    "                             deliver it later; a time such as 2026-12-31T08:00:00Z\n"
    "  --priority NUMBER          from -9 to 9\n"
    "  --require-tls              TLS all the way to the recipient\n"
    "  --submitter ADDRESS        who has submitted it, or <>\n"
    "  --per-recipient-replies    each recipient may refuse the message itself\n"
    "  --binary                   the message is sent as it is, octet for octet\n"
    "  --optional NAME[,NAME]...  drop these where they are not offered: --optional notify,priority\n"
    "\n"
    "Exit status: 0 every recipient accepted, 64 usage, 65 bad address or message, 67 every recipient\n"
    "refused, 68 host not found, 69 refused otherwise, 75 try again later, 76 protocol broken, 77 login\n"
    "refused, 78 configuration.\n";

static bool check(const settings *s, int paths, char **path, failure *f)
{
    if (!settings_check(s, f))
        return false;
    if (!s->from)
        return failure_usage(f, "--from is needed (it may be empty: --from '')");
    if (s->to.len == 0 && !s->recipients_from_headers)
        return failure_usage(f, "--to or --recipients-from-headers is needed");
    if (paths > 1)
        return failure_usage(f, "only one FILE can be sent");
    if (s->secret.kind == SECRET_PASSWORD_FD && s->secret.descriptor == 0 &&
        (paths == 0 || strcmp(path[0], "-") == 0))
        return failure_usage(f, "--password-fd 0 is standard input, from which the message comes: name another "
                                "descriptor, or a FILE");
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
    } else if (fine && config_file_choose(&config, &s, &f) && check(&s, argc - first, argv + first, &f)) {
        delivery d = {.command = "send", .path = first < argc ? argv[first] : NULL,
                      .message = {.recipients_from_headers = s.recipients_from_headers, .binary = s.binary,
                                  .domain = s.domain, .timeout = s.timeout}};
        exit_code = deliver(&d, &s);
    } else {
        exit_code = deliver_failure("send", &s, &f);
    }
    config_file_free(&config);
    settings_free(&s);
    return exit_code;
}
