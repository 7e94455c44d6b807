/*
 * Address literals (RFC 5321 section 4.1.3). Private to the engine.
 */
#ifndef WSMTP_LITERAL_H
#define WSMTP_LITERAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsmtp/reason.h"

/* Checks a literal from its opening bracket on. OK or LITERAL_*. */
wsmtp_reason wsmtp_literal_check(const uint8_t *s, size_t n);

#endif
