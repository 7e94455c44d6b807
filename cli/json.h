/* Writes JSON (RFC 8259), indented, to a stream. Keys are NULL within arrays. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct json {
    FILE *out;
    int depth;
    bool has_members; /* of the innermost object or array */
} json;

void json_begin(json *j, const char *key, char bracket); /* '{' or '[' */
void json_end(json *j, char bracket);                    /* '}' or ']' */

/* Invalid UTF-8 becomes U+FFFD. text NULL writes null. */
void json_text(json *j, const char *key, const char *text);
void json_text_len(json *j, const char *key, const char *text, size_t text_len);
void json_number(json *j, const char *key, uint64_t number);
void json_bool(json *j, const char *key, bool value);
void json_null(json *j, const char *key);

/* Microseconds as milliseconds with three decimals. */
void json_milliseconds(json *j, const char *key, uint64_t microseconds);

#endif
