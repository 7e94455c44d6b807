/* What mbedTLS asks of its platform, from WASI: random octets, and two clocks. */
#include <mbedtls/platform.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <psa/crypto.h>
#include <string.h>
#include <time.h>

#include "clock.h"

#define DAY 86400
#define DAYS_TO_1970 719468 /* from 0000-03-01 */
#define DAYS_OF_400_YEARS 146097

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *output, size_t output_size, size_t *output_len)
{
    (void)context;
    *output_len = output_size;
    return wsmtp_host_entropy(output, output_size) ? PSA_SUCCESS : PSA_ERROR_INSUFFICIENT_ENTROPY;
}

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return (mbedtls_ms_time_t)(wsmtp_host_microseconds() / 1000u);
}

time_t time(time_t *at)
{
    time_t now = (time_t)wsmtp_host_seconds();
    if (at)
        *at = now;
    return now;
}

/* The proleptic Gregorian calendar, with years that begin in March, so that the leap day is last. */
struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *at, struct tm *to)
{
    int64_t days = *at / DAY;
    int seconds = (int)(*at % DAY);
    memset(to, 0, sizeof *to);
    if (seconds < 0) {
        seconds += DAY;
        days--;
    }
    to->tm_hour = seconds / 3600;
    to->tm_min = seconds / 60 % 60;
    to->tm_sec = seconds % 60;
    days += DAYS_TO_1970;
    if (days < 0)
        return NULL;
    int era = (int)(days / DAYS_OF_400_YEARS);
    int day = (int)(days % DAYS_OF_400_YEARS);
    int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int day_of_year = day - (365 * year + year / 4 - year / 100);
    int month = (5 * day_of_year + 2) / 153;
    to->tm_mday = day_of_year - (153 * month + 2) / 5 + 1;
    to->tm_mon = month < 10 ? month + 2 : month - 10;
    to->tm_year = era * 400 + year + (month >= 10) - 1900;
    return to;
}
