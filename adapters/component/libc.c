/*
 * What components use of the C library, where its own is much larger than they need: it is quick with
 * long strings, and sets up threads. Compiled with -fno-builtin, so that no loop becomes a call of the
 * function that it is in.
 */
#include <stddef.h>
#include <string.h>

void __wasm_call_ctors(void);
void _initialize(void);

/* Called once, before anything else. */
void _initialize(void)
{
    __wasm_call_ctors();
}

size_t strlen(const char *text)
{
    size_t len = 0;
    while (text[len])
        len++;
    return len;
}

void *memchr(const void *octets, int octet, size_t len)
{
    const unsigned char *at = octets;
    for (; len; at++, len--)
        if (*at == (unsigned char)octet)
            return (void *)at;
    return NULL;
}
