#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wsmtp/sasl.h>

#include "exit_code.h"
#include "host.h"
#include "memory.h"
#include "words.h"

bool secret_take(secret_source *source, secret_kind kind, const char *value, const char *origin,
                 failure *f)
{
    if (!*value)
        return failure_usage(f, "%s: is empty", origin);
    source->kind = kind;
    source->value = value;
    if (kind == SECRET_TOKEN_COMMAND) {
        text_list words = {0};
        bool fine = words_parse(value, origin, &words, f);
        text_list_free(&words);
        return fine;
    }
    if (kind != SECRET_PASSWORD_FD)
        return true;
    int descriptor = 0;
    for (const char *c = value; *c; c++) {
        if (*c < '0' || *c > '9' || descriptor > 100000)
            return failure_usage(f, "%s: must be the number of a file descriptor", origin);
        descriptor = descriptor * 10 + (*c - '0');
    }
    source->descriptor = descriptor;
    return true;
}

/* stdio would keep a copy of what it read; without a buffer there is none. */
static bool read_stream(FILE *file, const char *what, const char *name, secret *s, failure *f)
{
    setvbuf(file, NULL, _IONBF, 0);
    s->text = memory_get(SECRET_MAX + 1);
    s->len = fread(s->text, 1, SECRET_MAX + 1, file);
    bool failed = ferror(file) != 0;
    int why = errno;
    fclose(file);
    if (failed)
        return failure_config(f, "the %s %s cannot be read: %s", what, name, strerror(why));
    if (s->len > SECRET_MAX)
        return failure_config(f, "the %s %s holds more than %u octets", what, name, SECRET_MAX);
    if (s->len > 0 && s->text[s->len - 1] == '\n')
        s->len--;
    if (s->len > 0 && s->text[s->len - 1] == '\r')
        s->len--;
    s->text[s->len] = '\0';
    return true;
}

static bool read_source(const secret_source *source, secret *s, failure *f)
{
    const char *what = s->is_token ? "token file" : "password file";
    switch (source->kind) {
    case SECRET_PASSWORD_FILE:
    case SECRET_TOKEN_FILE: {
        FILE *file = fopen(source->value, "rb");
        if (!file)
            return failure_config(f, "the %s %s cannot be opened: %s", what, source->value, strerror(errno));
        return read_stream(file, what, source->value, s, f);
    }
    case SECRET_PASSWORD_FD: {
        FILE *file = host_open_descriptor(source->descriptor);
        if (!file)
            return failure_config(f, "the file descriptor %s of the password cannot be read: %s",
                                  source->value, strerror(errno));
        return read_stream(file, "file descriptor", source->value, s, f);
    }
    case SECRET_PASSWORD_ENV:
    case SECRET_TOKEN_ENV: {
        const char *value = getenv(source->value);
        if (!value)
            return failure_config(f, "there is no environment variable %s, which should hold the %s",
                                  source->value, s->is_token ? "token" : "password");
        s->len = strlen(value);
        s->text = memory_text(value, s->len);
        return true;
    }
    default:
        s->len = strlen(source->value);
        s->text = memory_text(source->value, s->len);
        return true;
    }
}

bool secret_read(const secret_source *source, secret *s, failure *f)
{
    *s = (secret){0};
    if (source->kind == SECRET_NONE || source->kind == SECRET_TOKEN_COMMAND)
        return true;
    s->is_token = source->kind == SECRET_TOKEN_FILE || source->kind == SECRET_TOKEN_ENV;
    if (!read_source(source, s, f))
        return false;
    if (s->len == 0)
        return failure_config(f, "the %s is empty", s->is_token ? "token" : "password");
    return true;
}

void secret_wipe(secret *s)
{
    if (s->text)
        wsmtp_wipe(s->text, s->len);
    free(s->text);
    *s = (secret){0};
}
