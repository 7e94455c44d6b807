/* wasm-smtp vrfy, expn and help: asks a server about a mailbox, a list, or itself (RFC 5321 section 4.1.1). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "config_file.h"
#include "deliver.h"
#include "error_line.h"
#include "exit_code.h"
#include "help.h"
#include "options.h"
#include "report.h"
#include "session.h"

typedef struct question {
    const char *command, *usage, *argument_name;
    bool is_needed; /* the argument */
    bool (*ask)(wsmtp_client *client, const char *argument, size_t argument_len);
} question;

static const question vrfy = {
    "vrfy", "usage: wasm-smtp vrfy [OPTION]... ADDRESS\n"
            "Asks a server whether it knows a mailbox or a user's name, and writes what it says.\n",
    "ADDRESS", true, wsmtp_client_vrfy};
static const question expn = {
    "expn", "usage: wasm-smtp expn [OPTION]... LIST\n"
            "Asks a server who is on a mailing list, and writes what it says.\n",
    "LIST", true, wsmtp_client_expn};
static const question help = {
    "help", "usage: wasm-smtp help OPTION... [TOPIC]\n"
            "Asks a server for its help, and writes what it says. Without any argument: the help of this program.\n",
    "TOPIC", false, wsmtp_client_help};

static const char options_help[] =
    "\n"
    "  --server URL               smtps://HOST[:465], smtp://HOST[:587], smtp+plain://HOST[:25],\n"
    "                             lmtp://HOST:PORT, lmtp+unix:PATH\n"
    HELP_ACCOUNT
    HELP_EHLO
    HELP_LOGIN
    HELP_TLS
    HELP_TIMEOUT
    HELP_OUTPUT
    "\n"
    "Exit status: 0 the server answered, 67 no such mailbox or list, 69 it does not say, 75 try again later;\n"
    "others as for send.\n";

/* "No such user", "not here", "not a name": of a mailbox, not of the command. */
static bool is_unknown(const wsmtp_client_error *e)
{
    return e->kind == WSMTP_KIND_REFUSED &&
           (e->step == WSMTP_STEP_VRFY || e->step == WSMTP_STEP_EXPN) &&
           (e->code == 550 || e->code == 551 || e->code == 553);
}

/* The reply's text is the client's only until it waits again. */
static bool run(const question *q, session *n, const char *argument, wsmtp_reply *reply, char **text)
{
    bool fine = session_open(n) && q->ask(n->client, argument, strlen(argument));
    *reply = *wsmtp_client_reply_get(n->client);
    *text = memory_text(reply->text, reply->text_len);
    reply->text = *text;
    return fine;
}

/* A code that says something of its own (252: perhaps; 251: elsewhere) stands before the text. */
static bool print_reply(const wsmtp_reply *reply)
{
    if (reply->code != 250 && reply->code != 211 && reply->code != 214)
        printf("%u ", (unsigned)reply->code);
    puts(reply->text);
    return fflush(stdout) == 0 && !ferror(stdout);
}

static int ask(const question *q, const settings *s, const char *argument)
{
    session n;
    failure f = {0};
    wsmtp_reply reply = {0};
    char *text = NULL;
    report r = {.command = q->command, .settings = s};
    wsmtp_client_error error = {.reason = WSMTP_REASON_OK};
    bool ready = session_begin(&n, s, 0, &f);
    bool fine = ready && run(q, &n, argument, &reply, &text);
    if (ready) {
        failure ignored;
        if (!fine)
            session_error(&n, &error, &f);
        session_end(&n, fine ? &f : &ignored);
        r.facts = wsmtp_client_facts_get(n.client);
        r.reply = reply.code ? &reply : NULL;
    }
    report_outcome(&r, &error, &f);
    if (is_unknown(&error))
        r.exit_code = EXIT_NO_USER;
    bool written = true;
    if (s->json)
        written = report_write(&r);
    else if (fine)
        written = print_reply(&reply);
    if (r.error.kind)
        error_line(r.error.message, r.error.advice);
    free(text);
    session_free(&n);
    return !written && r.exit_code == EXIT_ACCEPTED ? EXIT_IO : r.exit_code;
}

/* What the engine would refuse only when the session is open. */
static bool check_argument(const question *q, const char *argument, failure *f)
{
    size_t n = strlen(argument);
    if (n == 0 && q->is_needed)
        return failure_input(f, "%s: is empty", q->argument_name);
    if (n > WSMTP_ADDRESS_MAX)
        return failure_input(f, "%s: is longer than %u octets", q->argument_name, WSMTP_ADDRESS_MAX);
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)argument[i] < ' ' || argument[i] == 0x7f)
            return failure_input(f, "%s: has a control character", q->argument_name);
    }
    return true;
}

static bool check(const question *q, settings *s, config_file *config, int count, char **arguments, failure *f)
{
    if (count == 0 && q->is_needed)
        return failure_usage(f, "%s is needed: what to ask about", q->argument_name);
    if (count > 1)
        return failure_usage(f, "only one %s can be asked about", q->argument_name);
    if (!q->is_needed && !s->has_server && !s->account && !s->config_file)
        return failure_usage(f, "help asks a server: name it with --server or --account; \"wasm-smtp COMMAND --help\" "
                                "lists a command's options");
    return config_file_choose(config, s, f) && settings_check(s, f) &&
           check_argument(q, count ? arguments[0] : "", f);
}

static int command(const question *q, int argc, char **argv)
{
    settings s = {.json = options_want_json(argc, argv)};
    config_file config = {0};
    failure f = {0};
    int first, exit_code;
    bool fine = options_parse(&s, IN_ASK, argc, argv, "", NULL, &first, &f);
    if (fine && s.help) {
        printf("%s%s", q->usage, options_help);
        exit_code = fflush(stdout) == 0 ? EXIT_ACCEPTED : EXIT_IO;
    } else if (fine && s.version) {
        exit_code = command_version();
    } else if (fine && check(q, &s, &config, argc - first, argv + first, &f)) {
        exit_code = ask(q, &s, first < argc ? argv[first] : "");
    } else {
        exit_code = deliver_failure(q->command, &s, &f);
    }
    config_file_free(&config);
    settings_free(&s);
    return exit_code;
}

int command_vrfy(int argc, char **argv)
{
    return command(&vrfy, argc, argv);
}

int command_expn(int argc, char **argv)
{
    return command(&expn, argc, argv);
}

int command_help(int argc, char **argv)
{
    return command(&help, argc, argv);
}
