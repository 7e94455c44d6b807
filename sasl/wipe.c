#include "wsmtp/sasl.h"

void wsmtp_wipe(void *memory, size_t memory_len)
{
    /* A write through a pointer to volatile is never removed, though nobody reads what was written.
     */
    volatile uint8_t *octets = memory;
    for (size_t i = 0; i < memory_len; i++) {
        octets[i] = 0;
    }
}
