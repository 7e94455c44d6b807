/*
 * Address literals (RFC 5321 section 4.1.3), and the comparison of words. Private to the engine.
 */
#ifndef WSMTP_LITERAL_H
#define WSMTP_LITERAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsmtp/reason.h"

/* Whether n octets at s are the word, which is in lower case, in any case of its letters. */
bool wsmtp_is_word(const uint8_t *s, const char *word, size_t n);

/* Checks a literal from its opening bracket on. OK or LITERAL_*. */
wsmtp_reason wsmtp_literal_check(const uint8_t *s, size_t n);

#endif
