/* clock.h on WASI 0.2. */
#include "clock.h"

#include <string.h>

#include "host.h"

/* One microsecond ahead of the host's clock, so that no moment is 0, which would mean "none". */
uint64_t wsmtp_host_microseconds(void)
{
    return host_now() / 1000u + 1;
}

int64_t wsmtp_host_seconds(void)
{
    host_datetime now;
    host_wall_now(&now);
    return (int64_t)now.seconds;
}

bool wsmtp_host_entropy(uint8_t *bytes, size_t bytes_len)
{
    while (bytes_len) {
        uint64_t random = host_random();
        size_t n = bytes_len < sizeof random ? bytes_len : sizeof random;
        memcpy(bytes, &random, n);
        bytes += n;
        bytes_len -= n;
    }
    return true;
}
