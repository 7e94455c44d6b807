/*
 * wasm-smtp sendmail: takes the arguments of the command that programs on Unix hand their mail to,
 * and sends it with an account of the configuration file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address_list.h"
#include "commands.h"
#include "config_file.h"
#include "deliver.h"
#include "exit_code.h"
#include "options.h"

static const char help[] =
    "usage: sendmail [OPTION]... [ADDRESS]...\n"
    "Sends the message on standard input with an account of the configuration file.\n"
    "\n"
    "  -t             recipients from To, Cc and Bcc as well; Bcc is not sent\n"
    "  -i, -oi        a line with a dot alone does not end the message\n"
    "  -f, -r ADDR    sender, instead of the account's\n"
    "  -a, --account NAME    -C, --config FILE\n"
    "  -N never|LIST  reports that the sender wants: of success,failure,delay\n"
    "  -R full|hdrs   what a report of failure returns of the message\n"
    "  -V TEXT        name of the message in reports\n"
    "  -v             show the dialogue\n"
    "  --json  --transcript[=FILE]  --waterfall FILE\n"
    "\n"
    "Accepted and without effect: -F NAME, -bm, -B TYPE, -e MODE, -G, -h N, -L TAG, -m, -n, -o OPTION,\n"
    "-O OPTION=VALUE, -U. Everything else of sendmail is refused: there is no queue and no server.\n";

static const char short_options[] = "a:A:b:B:C:e:f:F:Gh:iL:mnN:o:O:p:q::r:R:tUvV:X:";

static bool take_mode(const char *mode, failure *f)
{
    if (strcmp(mode, "m") == 0)
        return true;
    if (strcmp(mode, "s") == 0)
        return failure_usage(f, "-bs (SMTP on standard input) is not offered: give the message on standard "
                                "input and the recipients as arguments or with -t");
    if (strcmp(mode, "p") == 0 || strcmp(mode, "d") == 0 || strcmp(mode, "D") == 0 || strcmp(mode, "i") == 0)
        return failure_usage(f, "-b%s is not offered: there is no queue, no daemon and no alias database", mode);
    return failure_usage(f, "-b%.8s is not offered: only -bm, which sends a message", mode);
}

static bool take_sender(settings *s, const char *value, failure *f)
{
    /* "<a@b>" and "<>" are usual; settings borrow texts, so the brackets are cut in argv. */
    size_t n = strlen(value);
    if (n >= 2 && value[0] == '<' && value[n - 1] == '>') {
        char *end = strrchr(value, '>');
        *end = '\0';
        value++;
    }
    return settings_take(s, SETTING_FROM, value, "-f", false, f);
}

static bool take_return(settings *s, const char *value, failure *f)
{
    bool headers = strcmp(value, "hdrs") == 0;
    if (!headers && strcmp(value, "full") != 0)
        return failure_usage(f, "-R: must be full or hdrs");
    return settings_take(s, SETTING_DSN_RETURN, headers ? "headers" : "full", "-R", false, f);
}

static bool take_short(settings *s, int option, const char *value, failure *f)
{
    switch (option) {
    case 't': s->recipients_from_headers = true; return true;
    case 'i': s->keeps_dots = true; return true;
    case 'o': s->keeps_dots |= strcmp(value, "i") == 0; return true;
    case 'O': s->keeps_dots |= strncmp(value, "IgnoreDots", 10) == 0; return true;
    case 'f':
    case 'r': return take_sender(s, value, f);
    case 'a': return settings_take(s, SETTING_ACCOUNT, value, "-a", false, f);
    case 'C': return settings_take(s, SETTING_CONFIG, value, "-C", false, f);
    case 'v': return settings_take(s, SETTING_TRANSCRIPT, NULL, "-v", false, f);
    case 'b': return take_mode(value, f);
    case 'N': return settings_take(s, SETTING_NOTIFY, value, "-N", false, f);
    case 'R': return take_return(s, value, f);
    case 'V': return settings_take(s, SETTING_ENVELOPE_ID, value, "-V", false, f);
    case 'q': return failure_usage(f, "-q is not offered: there is no queue");
    case 'X': return failure_usage(f, "-X is not offered: --transcript=FILE writes the dialogue to a file");
    case 'p': return failure_usage(f, "-p is not offered: the account names the server");
    default: return true; /* without effect here: -A -B -e -F -G -h -L -m -n -U */
    }
}

static bool take_addresses(settings *s, int count, char **addresses, failure *f)
{
    for (int i = 0; i < count; i++) {
        if (!address_list_parse(addresses[i], strlen(addresses[i]), s->domain, "recipient", &s->to, f))
            return false;
    }
    if (count > 0 && s->to.len == 0)
        return failure_input(f, "there is no recipient in the arguments");
    if (s->to.len == 0 && !s->recipients_from_headers)
        return failure_usage(f, "no recipient: name one, or give -t to take those of the message");
    return true;
}

/* A sender without a domain gets the account's; its text is kept in owned. */
static bool complete_sender(settings *s, text_list *owned, failure *f)
{
    if (!s->from)
        return failure_config(f, "there is no sender: give -f, or \"from\" in the account");
    if (!*s->from || strchr(s->from, '@') || !s->domain)
        return true;
    if (!address_list_parse(s->from, strlen(s->from), s->domain, "sender", owned, f))
        return false;
    if (owned->len != 1)
        return failure_input(f, "sender: must be one address");
    s->from = owned->items[0];
    return true;
}

static bool prepare(settings *s, config_file *config, int count, char **addresses, text_list *owned, failure *f)
{
    if (!config_file_read(config, s, f))
        return false;
    if (!settings_check(s, f)) {
        f->exit_code = EXIT_CONFIG;
        f->kind = "config";
        return false;
    }
    return take_addresses(s, count, addresses, f) && complete_sender(s, owned, f);
}

int command_sendmail(int argc, char **argv)
{
    settings s = {.json = options_want_json(argc, argv)};
    config_file config = {0};
    text_list owned = {0};
    failure f = {0};
    int first, exit_code;
    bool fine = options_parse(&s, IN_SENDMAIL, argc, argv, short_options, take_short, &first, &f);
    if (fine && s.help) {
        fputs(help, stdout);
        exit_code = fflush(stdout) == 0 ? EXIT_ACCEPTED : EXIT_IO;
    } else if (fine && s.version) {
        exit_code = command_version();
    } else if (fine && prepare(&s, &config, argc - first, argv + first, &owned, &f)) {
        delivery d = {.command = "sendmail", .path = NULL,
                      .message = {.recipients_from_headers = s.recipients_from_headers, .dot_ends = !s.keeps_dots,
                                  .domain = s.domain, .timeout = s.timeout}};
        exit_code = deliver(&d, &s);
    } else {
        exit_code = deliver_failure("sendmail", &s, &f);
    }
    text_list_free(&owned);
    config_file_free(&config);
    settings_free(&s);
    return exit_code;
}
