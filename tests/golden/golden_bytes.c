#include "golden.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_room(golden_bytes *bytes, size_t more)
{
    size_t need = bytes->len + more + 1;
    if (need <= bytes->room)
        return;
    size_t room = bytes->room ? bytes->room : 64;
    while (room < need)
        room *= 2;
    char *data = realloc(bytes->data, room);
    if (!data) {
        fputs("out of memory\n", stderr);
        exit(2);
    }
    bytes->data = data;
    bytes->room = room;
}

void golden_add(golden_bytes *bytes, const void *data, size_t data_len)
{
    make_room(bytes, data_len);
    if (data_len)
        memcpy(bytes->data + bytes->len, data, data_len);
    bytes->len += data_len;
    bytes->data[bytes->len] = '\0';
}

void golden_print(golden_bytes *bytes, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (len < 0) {
        fputs("a message could not be formatted\n", stderr);
        exit(2);
    }
    make_room(bytes, (size_t)len);
    vsnprintf(bytes->data + bytes->len, (size_t)len + 1, format, again);
    va_end(again);
    bytes->len += (size_t)len;
}

void golden_drop(golden_bytes *bytes, size_t count)
{
    if (!count)
        return;
    memmove(bytes->data, bytes->data + count, bytes->len - count);
    bytes->len -= count;
    bytes->data[bytes->len] = '\0';
}

void golden_clear(golden_bytes *bytes)
{
    bytes->len = 0;
    if (bytes->data)
        bytes->data[0] = '\0';
}

void golden_free(golden_bytes *bytes)
{
    free(bytes->data);
    memset(bytes, 0, sizeof *bytes);
}

void golden_quote(golden_bytes *out, const char *data, size_t data_len)
{
    for (size_t i = 0; i < data_len; i++) {
        unsigned char octet = (unsigned char)data[i];
        if (octet == '\r')
            golden_add(out, "\\r", 2);
        else if (octet == '\n')
            golden_add(out, "\\n", 2);
        else if (octet == '\\')
            golden_add(out, "\\\\", 2);
        else if (octet < 0x20 || octet > 0x7e)
            golden_print(out, "\\x%02x", octet);
        else
            golden_add(out, &data[i], 1);
    }
}
