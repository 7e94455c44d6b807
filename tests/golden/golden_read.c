#include "golden.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    const char *file;
    int line;
    golden_case *cases;
    size_t cases_len;
    golden_case *current;
} reader;

static void malformed(const reader *from, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", from->file, from->line, what);
    exit(2);
}

static int hex_digit(char digit)
{
    const char *digits = "0123456789abcdef";
    const char *found = digit ? strchr(digits, tolower((unsigned char)digit)) : NULL;
    return found ? (int)(found - digits) : -1;
}

static char read_escape(const reader *from, const char **at)
{
    char kind = *(*at)++;
    switch (kind) {
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case '\\':
        return '\\';
    case 'x': {
        int high = hex_digit(**at), low = high < 0 ? -1 : hex_digit((*at)[1]);
        if (low < 0)
            malformed(from, "\\x needs two hexadecimal digits");
        *at += 2;
        return (char)(high * 16 + low);
    }
    default:
        malformed(from, "unknown escape");
        return 0;
    }
}

/* Length of what stands before the brace that closes \b{; repetitions in it have braces, too. */
static size_t base64_source_len(const char *at)
{
    size_t len = 0;
    while (at[len] && at[len] != '}') {
        if (at[len] == '\\' && at[len + 1] == '{')
            len += strcspn(at + len, "}");
        len += at[len] != '\0';
    }
    return len;
}

/* RFC 4648, on its own: what the engine writes is compared with this. */
static void add_base64(golden_bytes *out, const golden_bytes *raw)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < raw->len; i += 3) {
        unsigned group = 0;
        for (size_t j = 0; j < 3; j++)
            group = group << 8 | (i + j < raw->len ? (unsigned char)raw->data[i + j] : 0u);
        for (size_t j = 0; j < 4; j++)
            golden_add(out, i + j <= raw->len ? &alphabet[group >> (18 - 6 * j) & 63u] : "=", 1);
    }
}

/*
 * Octets in the notation of the scripts: \r \n \t \\ \xNN, \{998*a} for a repeated octet, \b{...}
 * for the base64 of what stands in the braces. A lone backslash at the end of a line says that no
 * CRLF follows; otherwise one is added if line_end.
 */
static void read_octets(const reader *from, const char *at, golden_bytes *out, bool line_end)
{
    golden_add(out, "", 0);
    while (*at) {
        if (*at != '\\') {
            golden_add(out, at++, 1);
            continue;
        }
        at++;
        if (!*at)
            return;
        if (at[0] == 'b' && at[1] == '{') {
            size_t len = base64_source_len(at + 2);
            if (!at[2 + len])
                malformed(from, "the base64 of something is written \\b{something}");
            golden_bytes source = {0}, raw = {0};
            golden_add(&source, at + 2, len);
            read_octets(from, source.data, &raw, false);
            add_base64(out, &raw);
            golden_free(&source);
            golden_free(&raw);
            at += 2 + len + 1;
        } else if (*at == '{') {
            char *end;
            unsigned long count = strtoul(at + 1, &end, 10);
            if (*end != '*' || !end[1])
                malformed(from, "a repeated octet is written \\{998*a}");
            at = end + 1;
            char octet = *at++;
            if (octet == '\\')
                octet = read_escape(from, &at);
            if (*at++ != '}')
                malformed(from, "a repeated octet is written \\{998*a}");
            for (unsigned long i = 0; i < count; i++)
                golden_add(out, &octet, 1);
        } else {
            char octet = read_escape(from, &at);
            golden_add(out, &octet, 1);
        }
    }
    if (line_end)
        golden_add(out, "\r\n", 2);
}

static golden_step *add_step(reader *from, golden_kind kind)
{
    golden_case *into = from->current;
    if (!into)
        malformed(from, "a script line before the first === title");
    if (into->steps_len == into->steps_room) {
        into->steps_room = into->steps_room ? into->steps_room * 2 : 32;
        into->steps = realloc(into->steps, into->steps_room * sizeof *into->steps);
        if (!into->steps)
            malformed(from, "out of memory");
    }
    golden_step *step = &into->steps[into->steps_len++];
    memset(step, 0, sizeof *step);
    step->kind = kind;
    step->line = from->line;
    golden_add(&step->text, "", 0);
    return step;
}

static void add_server(reader *from, const char *at)
{
    unsigned long times = 1;
    if (at[0] == ' ' && at[1] == 'x') {
        char *end;
        times = strtoul(at + 2, &end, 10);
        at = end;
    }
    if (*at++ != ':')
        malformed(from, "a line of the server starts with \"S:\" or \"S x128:\"");
    if (*at == ' ')
        at++;
    golden_case *into = from->current;
    golden_step *last = into && into->steps_len ? &into->steps[into->steps_len - 1] : NULL;
    golden_step *step =
        last && last->kind == GOLDEN_SERVER ? last : add_step(from, GOLDEN_SERVER);
    while (times--)
        read_octets(from, at, &step->text, true);
}

static void add_output(reader *from, const char *at)
{
    golden_step *step = add_step(from, GOLDEN_OUTPUT);
    if (*at == '*')
        step->secrecy = GOLDEN_SECRET;
    else if (*at == '?')
        step->secrecy = GOLDEN_EITHER;
    else if (*at == '<')
        step->prefix = true;
    if (*at != ':')
        at++;
    if (*at++ != ':')
        malformed(from, "a line of the client starts with C: C*: C?: or C<:");
    if (*at == ' ')
        at++;
    read_octets(from, at, &step->text, true);
}

static void add_line(reader *from, golden_kind kind, const char *at)
{
    while (*at == ' ')
        at++;
    golden_add(&add_step(from, kind)->text, at, strlen(at));
}

/* "* open A, B": the greeting and EHLO of a session whose server offers A and B. */
static void add_open(reader *from, const char *at)
{
    golden_case *into = from->current;
    if (!into || strncmp(at, "open", 4) != 0)
        malformed(from, "a shorthand is written \"* open KEYWORD, KEYWORD\"");
    at += 4;
    if (into->tls == WSMTP_TLS_IMPLICIT) {
        add_line(from, GOLDEN_EVENT, "START_TLS");
        add_line(from, GOLDEN_ACTION, "tls-done");
    }
    add_server(from, ": 220 mx.example ESMTP");
    add_line(from, GOLDEN_EVENT, "GREETING 220");
    golden_bytes ehlo = {0}, line = {0};
    golden_print(&ehlo, ": EHLO %s", into->name.data);
    add_output(from, ehlo.data);
    if (into->tls == WSMTP_TLS_STARTTLS) {
        add_server(from, ": 250-mx.example");
        add_server(from, ": 250 STARTTLS");
        add_line(from, GOLDEN_EVENT, "EHLO 250");
        add_output(from, ": STARTTLS");
        add_server(from, ": 220 go");
        add_line(from, GOLDEN_EVENT, "START_TLS");
        add_line(from, GOLDEN_ACTION, "tls-done");
        add_output(from, ehlo.data);
    }
    golden_print(&line, ": 250%cmx.example", *at ? '-' : ' ');
    add_server(from, line.data);
    while (*at) {
        while (*at == ' ' || *at == ',')
            at++;
        size_t len = strcspn(at, ",");
        golden_clear(&line);
        golden_print(&line, ": 250%c%.*s", at[len] ? '-' : ' ', (int)len, at);
        add_server(from, line.data);
        at += len;
    }
    add_line(from, GOLDEN_EVENT, "EHLO 250");
    add_line(from, GOLDEN_EVENT, "READY");
    golden_free(&ehlo);
    golden_free(&line);
}

static void read_path(const reader *from, const char **at, golden_bytes *out)
{
    if (*(*at)++ != '<')
        malformed(from, "a path is written in angle brackets");
    const char *end = *at;
    while (*end && !(*end == '>' && (end[1] == ' ' || !end[1])))
        end++;
    if (!*end)
        malformed(from, "a path is written in angle brackets");
    golden_bytes raw = {0};
    golden_add(&raw, *at, (size_t)(end - *at));
    read_octets(from, raw.data, out, false);
    golden_free(&raw);
    *at = end + 1;
}

static golden_message *message_of(const reader *from, const char **at)
{
    int number = *(*at)++ - '1';
    if (number < 0 || number >= (int)GOLDEN_MESSAGES)
        malformed(from, "messages are numbered from 1 to 4");
    return &from->current->messages[number];
}

static bool take(const char **at, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(*at, word, len) != 0 || ((*at)[len] && (*at)[len] != ' ' && word[len - 1] != '=' &&
         word[len - 1] != ' '))
        return false;
    *at += len;
    return true;
}

/* "1 from=<a@b> to=<c@d> size=10 8bit all-or-nothing" */
static void read_message(reader *from, const char *at)
{
    golden_message *message = message_of(from, &at);
    message->used = true;
    message->size = WSMTP_SIZE_UNKNOWN;
    golden_add(&message->text, "", 0);
    while (*at) {
        if (*at == ' ') {
            at++;
        } else if (take(&at, "from=")) {
            read_path(from, &at, &message->from);
        } else if (take(&at, "to=")) {
            if (message->to_len == GOLDEN_RECIPIENTS)
                malformed(from, "too many recipients for a golden case");
            read_path(from, &at, &message->to[message->to_len++]);
        } else if (take(&at, "size=")) {
            char *end;
            message->size = strtoull(at, &end, 10);
            at = end;
        } else if (take(&at, "7bit")) {
            message->body = WSMTP_BODY_7BIT;
        } else if (take(&at, "8bit")) {
            message->body = WSMTP_BODY_8BIT;
        } else if (take(&at, "utf8")) {
            message->flags |= WSMTP_SEND_SMTPUTF8;
        } else if (take(&at, "crlf")) {
            message->flags |= WSMTP_SEND_MAKE_CRLF;
        } else if (take(&at, "long")) {
            message->flags |= WSMTP_SEND_LONG_LINES;
        } else if (take(&at, "all-or-nothing")) {
            message->flags |= WSMTP_SEND_ALL_OR_NOTHING;
        } else {
            malformed(from, "unknown word in a message line");
        }
    }
}

static void read_hex(const reader *from, const char *at, golden_bytes *out)
{
    for (; *at; at += 2) {
        int high = hex_digit(at[0]), low = high < 0 ? -1 : hex_digit(at[1]);
        if (low < 0)
            malformed(from, "hexadecimal digits are needed, two an octet");
        golden_add(out, &(char){(char)(high * 16 + low)}, 1);
    }
}

static void read_flags(const reader *from, const char *at)
{
    uint32_t *flags = &from->current->flags;
    while (*at) {
        if (*at == ' ')
            at++;
        else if (take(&at, "bare-lf"))
            *flags |= WSMTP_LENIENT_BARE_LF;
        else if (take(&at, "no-pipelining"))
            *flags |= WSMTP_NO_PIPELINING;
        else if (take(&at, "trusted"))
            *flags |= WSMTP_TRUSTED_CHANNEL;
        else
            malformed(from, "unknown flag");
    }
}

static void read_setup(reader *from, const char *at)
{
    golden_case *into = from->current;
    if (!into || into->steps_len)
        malformed(from, "a set-up line stands between the title and the first script line");
    if (take(&at, "tls ")) {
        into->tls = take(&at, "implicit")   ? WSMTP_TLS_IMPLICIT
                    : take(&at, "starttls") ? WSMTP_TLS_STARTTLS
                                            : WSMTP_TLS_NONE;
    } else if (take(&at, "name ")) {
        golden_clear(&into->name);
        read_octets(from, at, &into->name, false);
    } else if (take(&at, "flags ")) {
        read_flags(from, at);
    } else if (take(&at, "user ")) {
        read_octets(from, at, &into->user, false);
    } else if (take(&at, "password ")) {
        read_octets(from, at, &into->password, false);
    } else if (take(&at, "token ")) {
        read_octets(from, at, &into->token, false);
    } else if (take(&at, "authzid ")) {
        read_octets(from, at, &into->authzid, false);
    } else if (take(&at, "host ")) {
        read_octets(from, at, &into->host, false);
    } else if (take(&at, "port ")) {
        into->port = (uint32_t)strtoul(at, NULL, 10);
    } else if (take(&at, "nonce ")) {
        read_hex(from, at, &into->nonce);
    } else if (take(&at, "iterations ")) {
        char *end;
        into->iterations_min = (uint32_t)strtoul(at, &end, 10);
        into->iterations_max = (uint32_t)strtoul(end, NULL, 10);
    } else if (take(&at, "mechanism ")) {
        into->mechanism = wsmtp_mechanism_find(at, strlen(at));
        if (into->mechanism == WSMTP_MECHANISM_AUTO)
            malformed(from, "unknown mechanism");
    } else if (take(&at, "allow-plaintext")) {
        into->allow_plaintext = true;
    } else if (take(&at, "only whole")) {
        into->whole_only = true;
    } else if (take(&at, "no trailing")) {
        into->no_trailing = true;
    } else if (take(&at, "message ")) {
        read_message(from, at);
    } else if (take(&at, "text ")) {
        golden_message *message = message_of(from, &at);
        if (!message->used || *at++ != ':')
            malformed(from, "text is written \"text 1: ...\", behind its message");
        read_octets(from, *at == ' ' ? at + 1 : at, &message->text, true);
    } else {
        malformed(from, "unknown set-up line");
    }
}

static void begin_case(reader *from, const char *title)
{
    from->cases = realloc(from->cases, (from->cases_len + 1) * sizeof *from->cases);
    if (!from->cases)
        malformed(from, "out of memory");
    from->current = &from->cases[from->cases_len++];
    memset(from->current, 0, sizeof *from->current);
    from->current->file = from->file;
    from->current->line = from->line;
    golden_add(&from->current->title, title, strlen(title));
    golden_add(&from->current->name, "client.example", 14);
}

static void read_line(reader *from, const char *line)
{
    if (!*line || *line == '#')
        return;
    if (strncmp(line, "=== ", 4) == 0)
        begin_case(from, line + 4);
    else if (line[0] == 'S' && (line[1] == ':' || line[1] == ' '))
        add_server(from, line + 1);
    else if (line[0] == 'C' && strchr(":*?<", line[1]))
        add_output(from, line + 1);
    else if (line[0] == '>')
        add_line(from, GOLDEN_EVENT, line + 1);
    else if (line[0] == '!')
        add_line(from, GOLDEN_ACTION, line + 1);
    else if (line[0] == '=')
        add_line(from, GOLDEN_CHECK, line + 1);
    else if (line[0] == '*')
        add_open(from, line + 2);
    else
        read_setup(from, line);
}

golden_case *golden_read(const char *file, size_t *cases_len)
{
    reader from = {.file = file};
    FILE *stream = fopen(file, "rb");
    if (!stream) {
        perror(file);
        exit(2);
    }
    golden_bytes line = {0};
    golden_add(&line, "", 0);
    for (int octet;;) {
        octet = getc(stream);
        if (octet != '\n' && octet != EOF) {
            golden_add(&line, &(char){(char)octet}, 1);
            continue;
        }
        if (octet == EOF && !line.len)
            break;
        from.line++;
        read_line(&from, line.data);
        golden_clear(&line);
    }
    golden_free(&line);
    fclose(stream);
    if (!from.cases_len)
        malformed(&from, "no case in this file");
    *cases_len = from.cases_len;
    return from.cases;
}

static void free_case(golden_case *old)
{
    golden_bytes *const texts[] = {&old->title, &old->name,    &old->user, &old->password,
                                   &old->token, &old->authzid, &old->host, &old->nonce};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        golden_free(texts[i]);
    for (size_t i = 0; i < GOLDEN_MESSAGES; i++) {
        golden_free(&old->messages[i].from);
        golden_free(&old->messages[i].text);
        for (size_t j = 0; j < GOLDEN_RECIPIENTS; j++)
            golden_free(&old->messages[i].to[j]);
    }
    for (size_t i = 0; i < old->steps_len; i++)
        golden_free(&old->steps[i].text);
    free(old->steps);
}

void golden_free_cases(golden_case *cases, size_t cases_len)
{
    for (size_t i = 0; i < cases_len; i++)
        free_case(&cases[i]);
    free(cases);
}
