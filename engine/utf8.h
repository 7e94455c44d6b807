/*
 * UTF-8 (RFC 3629), one sequence at a time. Private to the engine.
 */
#ifndef WSMTP_UTF8_H
#define WSMTP_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Length in bytes (1 to 4) of the valid sequence at the start of s, and its code point in
 * *codepoint (may be NULL). 0 if n is 0 or the bytes are not UTF-8: stray or missing continuation
 * bytes, overlong forms, surrogates, values above U+10FFFF.
 */
size_t wsmtp_utf8_step(const uint8_t *s, size_t n, uint32_t *codepoint);

/* A control character: C0, DEL or C1. */
bool wsmtp_is_control(uint32_t codepoint);

#endif
