/*
 * UTF-8 (RFC 3629), one sequence at a time. Private to the engine.
 */
#ifndef WSMTP_UTF8_H
#define WSMTP_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A character: its code point, and above that the length of its sequence in bytes (1 to 4). */
typedef uint32_t wsmtp_character;
#define WSMTP_CODEPOINT(character) ((character) & 0x1FFFFFu)
#define WSMTP_SEQUENCE_LEN(character) ((character) >> 21)

/*
 * The character at the start of s. 0 if n is 0 or the bytes are not UTF-8: stray or missing continuation
 * bytes, overlong forms, surrogates, values above U+10FFFF.
 */
wsmtp_character wsmtp_utf8_step(const uint8_t *s, size_t n);

/* A control character: C0, DEL or C1. */
bool wsmtp_is_control(uint32_t codepoint);

#endif
