/* Time and random octets of the host. Private. */
#ifndef WSMTP_WASI_CLOCK_H
#define WSMTP_WASI_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t wsmtp_host_microseconds(void); /* of a clock that only goes forward; never 0 */
int64_t wsmtp_host_seconds(void);       /* since 1970, of a clock that may be set */
bool wsmtp_host_entropy(uint8_t *bytes, size_t bytes_len);

#endif
