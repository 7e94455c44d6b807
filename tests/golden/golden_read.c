/* Reads a file of scripts. */
#include "golden_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void begin_case(golden_reader *from, const char *title)
{
    from->cases = realloc(from->cases, (from->cases_len + 1) * sizeof *from->cases);
    if (!from->cases)
        golden_malformed(from, "out of memory");
    from->current = &from->cases[from->cases_len++];
    memset(from->current, 0, sizeof *from->current);
    from->current->file = from->file;
    from->current->line = from->line;
    golden_add(&from->current->title, title, strlen(title));
    golden_add(&from->current->name, "client.example", 14);
    wsmtp_config defaults;
    wsmtp_config_init(&defaults);
    from->current->eager_octets = defaults.eager_octets;
}

static void read_line(golden_reader *from, const char *line)
{
    if (!*line || *line == '#')
        return;
    if (strncmp(line, "=== ", 4) == 0)
        begin_case(from, line + 4);
    else if (line[0] == 'S' && (line[1] == ':' || line[1] == ' '))
        golden_add_server(from, line + 1);
    else if (line[0] == 'C' && strchr(":*?<", line[1]))
        golden_add_output(from, line + 1);
    else if (line[0] == '>')
        golden_add_line(from, GOLDEN_EVENT, line + 1);
    else if (line[0] == '!')
        golden_add_line(from, GOLDEN_ACTION, line + 1);
    else if (line[0] == '=')
        golden_add_line(from, GOLDEN_CHECK, line + 1);
    else if (line[0] == '*')
        golden_add_open(from, line + 2);
    else
        golden_read_setup(from, line);
}

golden_case *golden_read(const char *file, size_t *cases_len)
{
    golden_reader from = {.file = file};
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
        golden_malformed(&from, "no case in this file");
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
        golden_free_parameters(&old->messages[i].parameters);
        for (size_t j = 0; j < GOLDEN_RECIPIENTS; j++) {
            golden_free(&old->messages[i].to[j]);
            golden_free_parameters(&old->messages[i].to_parameters[j]);
        }
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
