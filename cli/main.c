/* Chooses the command: by the name the program is called by, or by its first argument. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "deliver.h"
#include "exit_code.h"
#include "options.h"

static const char usage[] =
    "usage: wasm-smtp send [OPTION]... [FILE]     send a message\n"
    "       wasm-smtp probe [OPTION]... URL       show what a server offers\n"
    "       wasm-smtp vrfy [OPTION]... ADDRESS    ask a server about a mailbox\n"
    "       wasm-smtp expn [OPTION]... LIST       ask a server who is on a list\n"
    "       wasm-smtp help OPTION... [TOPIC]      ask a server for its help\n"
    "       wasm-smtp sendmail [OPTION]... [ADDRESS]...\n"
    "                                             the same as the command sendmail\n"
    "       wasm-smtp COMMAND --help              list a command's options\n"
    "       wasm-smtp --version\n";

int command_version(void)
{
    puts("wasm-smtp " WSMTP_CLI_VERSION);
    return fflush(stdout) == 0 ? EXIT_ACCEPTED : EXIT_IO;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"send", command_send}, {"probe", command_probe}, {"vrfy", command_vrfy},
    {"expn", command_expn}, {"help", command_help},   {"sendmail", command_sendmail},
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int wrong_usage(int argc, char **argv)
{
    failure f;
    settings s = {.json = options_want_json(argc, argv)};
    if (argc < 2 || argv[1][0] == '-')
        failure_usage(&f, "a command is needed: send, probe, vrfy, expn, help or sendmail");
    else
        failure_usage(&f, "there is no command %.40s: only send, probe, vrfy, expn, help and sendmail", argv[1]);
    return deliver_failure(NULL, &s, &f);
}

int main(int argc, char **argv)
{
    const char *called = argc > 0 ? base_name(argv[0]) : "wasm-smtp";
    if (strcmp(called, "sendmail") == 0)
        return command_sendmail(argc, argv);
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "--version") == 0)
        return command_version();
    if (strcmp(command, "--help") == 0 || (strcmp(command, "help") == 0 && argc == 2)) {
        fputs(usage, stdout);
        return fflush(stdout) == 0 ? EXIT_ACCEPTED : EXIT_IO;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(command, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    return wrong_usage(argc, argv);
}
