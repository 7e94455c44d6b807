#include "config_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit_code.h"
#include "host.h"

typedef struct line {
    unsigned long number;
    char *section; /* of "[name]"; else NULL */
    char *key, *value;
} line;

static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    size_t n = strlen(text);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t' || text[n - 1] == '\r'))
        text[--n] = '\0';
    return text;
}

/* Splits a line; false if it breaks the format. An empty one has neither section nor key. */
static bool parse_line(const config_file *config, char *text, line *l, failure *f)
{
    l->section = l->key = l->value = NULL;
    text = trim(text);
    if (!*text || *text == '#')
        return true;
    if (*text == '[') {
        size_t n = strlen(text);
        if (text[n - 1] != ']')
            return failure_config(f, "%s line %lu: an account's name has no closing bracket", config->name,
                                  l->number);
        text[n - 1] = '\0';
        l->section = trim(text + 1);
        if (!*l->section)
            return failure_config(f, "%s line %lu: the account has no name", config->name, l->number);
        return true;
    }
    char *equals = strchr(text, '=');
    if (!equals)
        return failure_config(f, "%s line %lu: is neither \"[account]\" nor \"key = value\"", config->name,
                              l->number);
    *equals = '\0';
    l->key = trim(text);
    l->value = trim(equals + 1);
    return true;
}

static const setting_definition *find_key(const char *key)
{
    for (size_t i = 0; i < setting_definitions_len; i++) {
        if ((setting_definitions[i].where & IN_FILE) && strcmp(setting_definitions[i].name, key) == 0)
            return &setting_definitions[i];
    }
    return NULL;
}

static bool take_line(const config_file *config, settings *s, const line *l, bool take, failure *f)
{
    const setting_definition *d = find_key(l->key);
    char origin[384];
    snprintf(origin, sizeof origin, "%.200s line %lu: %.64s", config->name, l->number, l->key);
    if (!d)
        return failure_config(f, "%s: there is no such key", origin);
    if (!take)
        return true;
    if (settings_take(s, d->id, l->value, origin, true, f))
        return true;
    f->exit_code = EXIT_CONFIG;
    f->kind = "config";
    return false;
}

static bool open_file(config_file *config, const settings *s, FILE **file, failure *f)
{
    const char *home = host_home();
    const char *usual = "/.config/wasm-smtp/config";
    *file = NULL;
    if (s->config_file) {
        config->name = memory_text(s->config_file, strlen(s->config_file));
        if (!(*file = fopen(config->name, "rb")))
            return failure_config(f, "%s cannot be opened: %s", config->name, strerror(errno));
        return true;
    }
    if (home) {
        config->name = memory_get(strlen(home) + strlen(usual) + 1);
        strcat(strcpy(config->name, home), usual);
        *file = fopen(config->name, "rb");
        if (!*file && errno != ENOENT && errno != ENOTDIR)
            return failure_config(f, "%s cannot be opened: %s", config->name, strerror(errno));
    }
    if (!*file) {
        free(config->name);
        config->name = memory_text(host_system_config(), strlen(host_system_config()));
        *file = fopen(config->name, "rb");
        if (!*file && errno != ENOENT)
            return failure_config(f, "%s cannot be opened: %s", config->name, strerror(errno));
    }
    config->is_missing = !*file;
    if (!*file)
        return failure_config(f, "no server is given, and there is neither ~%s nor %s to name one", usual,
                              host_system_config());
    return true;
}

static bool read_text(config_file *config, const settings *s, bool *others_may_read, failure *f)
{
    FILE *file;
    if (!open_file(config, s, &file, f))
        return false;
    setvbuf(file, NULL, _IONBF, 0); /* no copy of a password in a buffer */
    config->text = memory_get(CONFIG_FILE_MAX + 1);
    config->len = fread(config->text, 1, CONFIG_FILE_MAX + 1, file);
    bool failed = ferror(file) != 0;
    int why = errno;
    bool others_may_write = host_others_may_write(file);
    *others_may_read = host_others_may_read(file);
    fclose(file);
    if (failed)
        return failure_config(f, "%s cannot be read: %s", config->name, strerror(why));
    if (config->len > CONFIG_FILE_MAX)
        return failure_config(f, "%s is longer than %u octets", config->name, CONFIG_FILE_MAX);
    if (memchr(config->text, '\0', config->len))
        return failure_config(f, "%s holds a NUL", config->name);
    if (others_may_write)
        return failure_config(f, "%s can be changed by every user: chmod o-w it", config->name);
    config->text[config->len] = '\0';
    return true;
}

/* Both passes read the text; the first one on a copy, as lines are cut in place. */
typedef bool (*line_callback)(void *context, const line *l, failure *f);

static bool each_line(const config_file *config, char *text, line_callback take, void *context, failure *f)
{
    line l = {0};
    while (text) {
        char *next = strchr(text, '\n');
        if (next)
            *next++ = '\0';
        l.number++;
        if (!parse_line(config, text, &l, f) || ((l.section || l.key) && !take(context, &l, f)))
            return false;
        text = next;
    }
    return true;
}

typedef struct survey {
    const config_file *config;
    char *first, *default_name;
    bool has_password;
} survey;

static bool survey_line(void *context, const line *l, failure *f)
{
    survey *v = context;
    if (l->section && !v->first)
        v->first = memory_text(l->section, strlen(l->section));
    if (!l->key)
        return true;
    v->has_password |= strcmp(l->key, "password") == 0;
    if (v->first || strcmp(l->key, "default") != 0)
        return true;
    if (v->default_name)
        return failure_config(f, "%s line %lu: default is given a second time", v->config->name, l->number);
    v->default_name = memory_text(l->value, strlen(l->value));
    return true;
}

typedef struct choice {
    const config_file *config;
    settings *s;
    const char *wanted;
    bool in_account, chosen, found;
} choice;

static bool choose_line(void *context, const line *l, failure *f)
{
    choice *c = context;
    if (l->section) {
        c->in_account = true;
        c->chosen = strcmp(l->section, c->wanted) == 0;
        if (c->chosen && c->found)
            return failure_config(f, "%s line %lu: there is a second account [%s]", c->config->name,
                                  l->number, l->section);
        c->found |= c->chosen;
        return true;
    }
    if (!c->in_account && strcmp(l->key, "default") == 0)
        return true;
    if (!c->in_account)
        return failure_config(f, "%s line %lu: %.64s stands before the first [account]", c->config->name,
                              l->number, l->key);
    return take_line(c->config, c->s, l, c->chosen, f);
}

static bool take_account(config_file *config, settings *s, const survey *v, failure *f)
{
    choice c = {.config = config, .s = s,
                .wanted = s->account ? s->account : v->default_name ? v->default_name : v->first};
    if (!c.wanted)
        return failure_config(f, "%s has no [account]", config->name);
    if (!each_line(config, config->text, choose_line, &c, f))
        return false;
    if (!c.found)
        return failure_config(f, "%s has no account [%s]", config->name, c.wanted);
    if (!s->has_server)
        return failure_config(f, "%s: the account [%s] has no server", config->name, c.wanted);
    return true;
}

bool config_file_read(config_file *config, settings *s, failure *f)
{
    bool others_may_read;
    *config = (config_file){0};
    if (!read_text(config, s, &others_may_read, f))
        return false;
    survey v = {.config = config};
    char *copy = memory_text(config->text, config->len);
    bool fine = each_line(config, copy, survey_line, &v, f);
    wsmtp_wipe(copy, config->len);
    free(copy);
    if (fine && v.has_password && others_may_read)
        fine = failure_config(f, "%s holds a password and can be read by every user: chmod 600 it",
                              config->name);
    fine = fine && take_account(config, s, &v, f);
    free(v.first);
    free(v.default_name);
    return fine;
}

bool config_file_choose(config_file *config, settings *s, failure *f)
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

void config_file_free(config_file *config)
{
    if (config->text)
        wsmtp_wipe(config->text, config->len);
    free(config->text);
    free(config->name);
    *config = (config_file){0};
}
