/* The lines of a dialogue, from text to steps. */
#include "golden_reader.h"

#include <stdlib.h>
#include <string.h>

static golden_step *add_step(golden_reader *from, golden_kind kind)
{
    golden_case *into = from->current;
    if (!into)
        golden_malformed(from, "a script line before the first === title");
    if (into->steps_len == into->steps_room) {
        into->steps_room = into->steps_room ? into->steps_room * 2 : 32;
        into->steps = realloc(into->steps, into->steps_room * sizeof *into->steps);
        if (!into->steps)
            golden_malformed(from, "out of memory");
    }
    golden_step *step = &into->steps[into->steps_len++];
    memset(step, 0, sizeof *step);
    step->kind = kind;
    step->line = from->line;
    golden_add(&step->text, "", 0);
    return step;
}

void golden_add_server(golden_reader *from, const char *at)
{
    unsigned long times = 1;
    if (at[0] == ' ' && at[1] == 'x') {
        char *end;
        times = strtoul(at + 2, &end, 10);
        at = end;
    }
    if (*at++ != ':')
        golden_malformed(from, "a line of the server starts with \"S:\" or \"S x128:\"");
    if (*at == ' ')
        at++;
    golden_case *into = from->current;
    golden_step *last = into && into->steps_len ? &into->steps[into->steps_len - 1] : NULL;
    golden_step *step =
        last && last->kind == GOLDEN_SERVER ? last : add_step(from, GOLDEN_SERVER);
    while (times--)
        golden_read_octets(from, at, &step->text, true);
}

void golden_add_output(golden_reader *from, const char *at)
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
        golden_malformed(from, "a line of the client starts with C: C*: C?: or C<:");
    if (*at == ' ')
        at++;
    golden_read_octets(from, at, &step->text, true);
}

void golden_add_line(golden_reader *from, golden_kind kind, const char *at)
{
    while (*at == ' ')
        at++;
    golden_add(&add_step(from, kind)->text, at, strlen(at));
}

/* "* open A, B": the greeting and EHLO of a session whose server offers A and B. */
void golden_add_open(golden_reader *from, const char *at)
{
    golden_case *into = from->current;
    if (!into || strncmp(at, "open", 4) != 0)
        golden_malformed(from, "a shorthand is written \"* open KEYWORD, KEYWORD\"");
    at += 4;
    if (into->tls == WSMTP_TLS_IMPLICIT) {
        golden_add_line(from, GOLDEN_EVENT, "START_TLS");
        golden_add_line(from, GOLDEN_ACTION, "tls-done");
    }
    golden_add_server(from, ": 220 mx.example ESMTP");
    golden_add_line(from, GOLDEN_EVENT, "GREETING 220");
    golden_bytes ehlo = {0}, line = {0};
    golden_print(&ehlo, ": %s %s", into->protocol == WSMTP_PROTOCOL_LMTP ? "LHLO" : "EHLO",
                 into->name.data);
    golden_add_output(from, ehlo.data);
    if (into->tls == WSMTP_TLS_STARTTLS) {
        golden_add_server(from, ": 250-mx.example");
        golden_add_server(from, ": 250 STARTTLS");
        golden_add_line(from, GOLDEN_EVENT, "EHLO 250");
        golden_add_output(from, ": STARTTLS");
        golden_add_server(from, ": 220 go");
        golden_add_line(from, GOLDEN_EVENT, "START_TLS");
        golden_add_line(from, GOLDEN_ACTION, "tls-done");
        golden_add_output(from, ehlo.data);
    }
    golden_print(&line, ": 250%cmx.example", *at ? '-' : ' ');
    golden_add_server(from, line.data);
    while (*at) {
        while (*at == ' ' || *at == ',')
            at++;
        size_t len = strcspn(at, ",");
        golden_clear(&line);
        golden_print(&line, ": 250%c%.*s", at[len] ? '-' : ' ', (int)len, at);
        golden_add_server(from, line.data);
        at += len;
    }
    golden_add_line(from, GOLDEN_EVENT, "EHLO 250");
    golden_add_line(from, GOLDEN_EVENT, "READY");
    golden_free(&ehlo);
    golden_free(&line);
}
