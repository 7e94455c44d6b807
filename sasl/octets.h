/*
 * The four functions that a C compiler expects of every environment, freestanding ones too;
 * string.h is not one of the headers that such an environment has. Private to sasl/.
 */
#ifndef WSMTP_OCTETS_H
#define WSMTP_OCTETS_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *memory, int value, size_t n);
int memcmp(const void *one, const void *other, size_t n);

#endif
