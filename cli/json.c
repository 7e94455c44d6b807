#include "json.h"

#include <string.h>

static void write_octet(json *j, unsigned char c)
{
    switch (c) {
    case '"': fputs("\\\"", j->out); break;
    case '\\': fputs("\\\\", j->out); break;
    case '\n': fputs("\\n", j->out); break;
    case '\r': fputs("\\r", j->out); break;
    case '\t': fputs("\\t", j->out); break;
    default:
        if (c < 0x20 || c == 0x7f)
            fprintf(j->out, "\\u%04x", c);
        else
            putc(c, j->out);
    }
}

/* Length of the valid UTF-8 sequence at text; 0 if there is none (RFC 3629). */
static size_t sequence(const unsigned char *text, size_t len)
{
    unsigned char c = text[0];
    size_t n = c < 0x80 ? 1 : c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
    if (n == 0 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((c == 0xe0 && text[1] < 0xa0) || (c == 0xed && text[1] > 0x9f) || (c == 0xf0 && text[1] < 0x90) ||
        (c == 0xf4 && text[1] > 0x8f))
        return 0;
    return n;
}

static void write_text(json *j, const char *text, size_t len)
{
    const unsigned char *at = (const unsigned char *)text;
    putc('"', j->out);
    while (len > 0) {
        size_t n = sequence(at, len);
        if (n == 0)
            fputs("\\ufffd", j->out);
        else if (n == 1)
            write_octet(j, *at);
        else
            fwrite(at, 1, n, j->out);
        n = n ? n : 1;
        at += n;
        len -= n;
    }
    putc('"', j->out);
}

static void begin_member(json *j, const char *key)
{
    if (j->has_members)
        putc(',', j->out);
    if (j->depth > 0)
        fprintf(j->out, "\n%*s", 2 * j->depth, "");
    j->has_members = true;
    if (key) {
        write_text(j, key, strlen(key));
        fputs(": ", j->out);
    }
}

void json_begin(json *j, const char *key, char bracket)
{
    begin_member(j, key);
    putc(bracket, j->out);
    j->depth++;
    j->has_members = false;
}

void json_end(json *j, char bracket)
{
    j->depth--;
    if (j->has_members)
        fprintf(j->out, "\n%*s", 2 * j->depth, "");
    putc(bracket, j->out);
    j->has_members = true;
    if (j->depth == 0)
        putc('\n', j->out);
}

void json_text_len(json *j, const char *key, const char *text, size_t text_len)
{
    begin_member(j, key);
    write_text(j, text, text_len);
}

void json_text(json *j, const char *key, const char *text)
{
    if (text)
        json_text_len(j, key, text, strlen(text));
    else
        json_null(j, key);
}

void json_number(json *j, const char *key, uint64_t number)
{
    begin_member(j, key);
    fprintf(j->out, "%llu", (unsigned long long)number);
}

void json_bool(json *j, const char *key, bool value)
{
    begin_member(j, key);
    fputs(value ? "true" : "false", j->out);
}

void json_null(json *j, const char *key)
{
    begin_member(j, key);
    fputs("null", j->out);
}

void json_milliseconds(json *j, const char *key, uint64_t microseconds)
{
    begin_member(j, key);
    fprintf(j->out, "%llu.%03u", (unsigned long long)(microseconds / 1000), (unsigned)(microseconds % 1000));
}
