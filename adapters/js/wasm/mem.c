/*
 * The four functions that the engine needs from outside, for WebAssembly, where there is no libc.
 * The first three are one instruction each (bulk memory operations). no_builtin keeps the compiler
 * from recognizing the bodies as the functions they define and calling them for ever.
 */
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *left, const void *right, size_t len);

__attribute__((no_builtin("memcpy"))) void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    return __builtin_memcpy(to, from, len);
}

__attribute__((no_builtin("memmove"))) void *memmove(void *to, const void *from, size_t len)
{
    return __builtin_memmove(to, from, len);
}

__attribute__((no_builtin("memset"))) void *memset(void *to, int byte, size_t len)
{
    return __builtin_memset(to, byte, len);
}

__attribute__((no_builtin("memcmp", "bcmp"))) int memcmp(const void *left, const void *right, size_t len)
{
    const unsigned char *a = left;
    const unsigned char *b = right;
    for (; len > 0; len--, a++, b++) {
        if (*a != *b)
            return *a - *b;
    }
    return 0;
}
