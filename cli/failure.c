#include "failure.h"

#include <stdarg.h>
#include <stdio.h>

/* What came from a command line or a file may hold anything; a message stays one printable line. */
static void clean(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
    }
}

bool failure_set(failure *f, int exit_code, const char *kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(f->message, sizeof f->message, format, arguments);
    va_end(arguments);
    clean(f->message);
    f->exit_code = exit_code;
    f->kind = kind;
    return false;
}
