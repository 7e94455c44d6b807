/*
 * snprintf for components: as much of it as error messages need, in a fraction of the C library's
 * size. Knows %s %.*s %.Ns %u %zu %%.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

typedef struct output {
    char *to;
    size_t room; /* without the NUL */
    size_t len;  /* of the whole text, whether it fits or not */
} output;

static void put(output *o, const char *text, size_t text_len)
{
    for (size_t i = 0; i < text_len; i++, o->len++)
        if (o->len < o->room)
            o->to[o->len] = text[i];
}

static void put_number(output *o, size_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    put(o, digits + at, sizeof digits - at);
}

int vsnprintf(char *restrict to, size_t to_len, const char *restrict format, va_list arguments)
{
    output o = {to, to_len ? to_len - 1 : 0, 0};
    for (const char *f = format; *f; f++) {
        if (*f != '%') {
            put(&o, f, 1);
            continue;
        }
        size_t most = (size_t)-1;
        if (*++f == '.') {
            if (*++f == '*') {
                most = (size_t)va_arg(arguments, int);
                f++;
            } else {
                for (most = 0; *f >= '0' && *f <= '9'; f++)
                    most = most * 10 + (size_t)(*f - '0');
            }
        }
        if (*f == 'z')
            f++;
        switch (*f) {
        case 's': {
            const char *text = va_arg(arguments, const char *);
            size_t len = 0;
            while (len < most && text[len])
                len++;
            put(&o, text, len);
            break;
        }
        case 'u':
            put_number(&o, va_arg(arguments, size_t));
            break;
        default:
            put(&o, f, 1);
        }
    }
    if (to_len)
        to[o.len < o.room ? o.len : o.room] = '\0';
    return (int)o.len;
}

int snprintf(char *restrict to, size_t to_len, const char *restrict format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(to, to_len, format, arguments);
    va_end(arguments);
    return len;
}
