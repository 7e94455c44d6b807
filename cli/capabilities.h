/* The texts in which a server tells what it offers, taken apart for reports. */
#ifndef CLI_CAPABILITIES_H
#define CLI_CAPABILITIES_H

#include <stddef.h>
#include <stdint.h>

#include <wsmtp/client.h>

typedef void (*capabilities_callback)(void *context, const char *text, size_t text_len);

/* Each line of an EHLO reply but the first, which is the server's name; unknown ones too. */
void capabilities_each_extension(const char *ehlo, capabilities_callback take, void *context);

/* Each mechanism of its AUTH lines ("AUTH=" of old servers too), once. */
void capabilities_each_mechanism(const char *ehlo, capabilities_callback take, void *context);

/* Each attribute of XCLIENT that the server takes and the engine knows. */
void capabilities_each_attribute(const wsmtp_capabilities *c, capabilities_callback take, void *context);

/* Seconds since 1970-01-01 UTC as "2026-01-31T23:59:59Z". */
#define CAPABILITIES_DATE_MAX 48u
const char *capabilities_date(int64_t seconds, char text[CAPABILITIES_DATE_MAX]);

#endif
