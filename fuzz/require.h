/* What every fuzz target needs: an invariant that stops the program when it does not hold. */
#ifndef WSMTP_FUZZ_REQUIRE_H
#define WSMTP_FUZZ_REQUIRE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: violated: %s\n", __FILE__, __LINE__, #condition);              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A copy of exactly its size on the heap, so that the sanitizer sees a step outside. */
static inline void *require_copy(const void *data, size_t data_len)
{
    unsigned char *copy = malloc(data_len ? data_len : 1);
    REQUIRE(copy);
    for (size_t i = 0; i < data_len; i++)
        copy[i] = ((const unsigned char *)data)[i];
    return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
