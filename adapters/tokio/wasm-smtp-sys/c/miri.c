/*
 * For the tests under Miri (tools/rust-miri.sh), which calls the engine in a shared library: Miri
 * knows nothing of that library's constants, so their octets are copied to where it does.
 */
#include <stddef.h>

void wsmtp_sys_copy(unsigned char *to, const char *from, size_t len);

void wsmtp_sys_copy(unsigned char *to, const char *from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (unsigned char)from[i];
}
