/* clock.h on preview 1 of WASI. */
#include "clock.h"

#include <wasi/api.h>

static uint64_t nanoseconds(__wasi_clockid_t clock)
{
    __wasi_timestamp_t now = 0;
    return __wasi_clock_time_get(clock, 1, &now) == __WASI_ERRNO_SUCCESS ? now : 0;
}

/* One microsecond ahead, as in clock.c. */
uint64_t wsmtp_host_microseconds(void)
{
    return nanoseconds(__WASI_CLOCKID_MONOTONIC) / 1000u + 1;
}

int64_t wsmtp_host_seconds(void)
{
    return (int64_t)(nanoseconds(__WASI_CLOCKID_REALTIME) / 1000000000u);
}

bool wsmtp_host_entropy(uint8_t *bytes, size_t bytes_len)
{
    return __wasi_random_get(bytes, bytes_len) == __WASI_ERRNO_SUCCESS;
}
