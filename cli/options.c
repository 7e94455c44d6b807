#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "exit_code.h"

#define OPTIONS_MAX 64

static const setting_definition *find(int id)
{
    for (size_t i = 0; i < setting_definitions_len; i++) {
        if ((int)setting_definitions[i].id == id)
            return &setting_definitions[i];
    }
    return NULL;
}

/* Whoever writes a password after an option must not see it in a message, so the value goes. */
static bool unknown(const char *argument, int option, failure *f)
{
    if (option > 0 && option < 256)
        return failure_usage(f, "there is no option -%c; --help lists them", option);
    size_t n = strcspn(argument, "=");
    if (strncmp(argument, "--pass", 6) == 0)
        return failure_usage(f, "a password is never taken from the command line, where others can see "
                                "it: use --password-file, --password-env or --password-fd");
    if (strncmp(argument, "--token", 7) == 0)
        return failure_usage(f, "a token is never taken from the command line, where others can see it: "
                                "use --token-file, --token-env or --token-command");
    return failure_usage(f, "there is no option %.*s, or it is short for several; --help lists them",
                         (int)(n > 64 ? 64 : n), argument);
}

static size_t table(unsigned command, struct option *options)
{
    size_t n = 0;
    for (size_t i = 0; i < setting_definitions_len && n + 1 < OPTIONS_MAX; i++) {
        const setting_definition *d = &setting_definitions[i];
        if (!(d->where & command))
            continue;
        options[n].name = d->name;
        options[n].has_arg = d->value == VALUE_NONE ? no_argument
                             : d->value == VALUE_NEEDED ? required_argument : optional_argument;
        options[n].flag = NULL;
        options[n].val = (int)d->id;
        n++;
    }
    options[n] = (struct option){0};
    return n;
}

bool options_parse(settings *s, unsigned command, int argc, char **argv, const char *short_options,
                   short_option_callback take_short, int *first, failure *f)
{
    struct option options[OPTIONS_MAX];
    char short_with_colon[64] = ":";
    table(command, options);
    strncat(short_with_colon, short_options, sizeof short_with_colon - 2);
    opterr = 0;
    optind = 1;
    for (;;) {
        int option = getopt_long(argc, argv, short_with_colon, options, NULL);
        const setting_definition *d;
        if (option == -1)
            break;
        if (option == '?' || option == ':') {
            d = find(optopt);
            if (d && option == '?')
                return failure_usage(f, "--%s takes no value", d->name);
            if (d)
                return failure_usage(f, "--%s needs a value", d->name);
            if (option == ':')
                return failure_usage(f, "-%c needs a value", optopt);
            return unknown(optind > 0 && optind <= argc ? argv[optind - 1] : "", optopt, f);
        }
        d = find(option);
        if (!d) {
            if (!take_short(s, option, optarg, f))
                return false;
            continue;
        }
        char origin[64];
        snprintf(origin, sizeof origin, "--%s", d->name);
        if (!settings_take(s, d->id, optarg, origin, false, f))
            return false;
    }
    *first = optind;
    return true;
}

bool options_want_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0)
            return true;
    }
    return false;
}
