/* Octets in the notation of the scripts. */
#include "golden_reader.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void golden_malformed(const golden_reader *from, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", from->file, from->line, what);
    exit(2);
}

int golden_hex_digit(char digit)
{
    const char *digits = "0123456789abcdef";
    const char *found = digit ? strchr(digits, tolower((unsigned char)digit)) : NULL;
    return found ? (int)(found - digits) : -1;
}

static char read_escape(const golden_reader *from, const char **at)
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
        int high = golden_hex_digit(**at), low = high < 0 ? -1 : golden_hex_digit((*at)[1]);
        if (low < 0)
            golden_malformed(from, "\\x needs two hexadecimal digits");
        *at += 2;
        return (char)(high * 16 + low);
    }
    default:
        golden_malformed(from, "unknown escape");
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
void golden_read_octets(const golden_reader *from, const char *at, golden_bytes *out, bool line_end)
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
                golden_malformed(from, "the base64 of something is written \\b{something}");
            golden_bytes source = {0}, raw = {0};
            golden_add(&source, at + 2, len);
            golden_read_octets(from, source.data, &raw, false);
            add_base64(out, &raw);
            golden_free(&source);
            golden_free(&raw);
            at += 2 + len + 1;
        } else if (*at == '{') {
            char *end;
            unsigned long count = strtoul(at + 1, &end, 10);
            if (*end != '*' || !end[1])
                golden_malformed(from, "a repeated octet is written \\{998*a}");
            at = end + 1;
            char octet = *at++;
            if (octet == '\\')
                octet = read_escape(from, &at);
            if (*at++ != '}')
                golden_malformed(from, "a repeated octet is written \\{998*a}");
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
