/*
 * Lists of names, as one text: each word ends with NUL, an empty one ends the list. They take less
 * room than tables of pointers, and are only searched where a name comes in. And numbers, as they come
 * in. Shared with engine/.
 */
#ifndef WSMTP_WORDS_H
#define WSMTP_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define WSMTP_NO_WORD 0xffu

/* Written the same everywhere, it is there once. */
#define WSMTP_DIGITS "0123456789ABCDEF"

/* Number of the word that text is, without regard to case; WSMTP_NO_WORD if it is none. */
unsigned wsmtp_words_find(const char *words, const char *text, size_t text_len);

/* The word of a number that the list has, NUL-terminated; word_len may be NULL. */
const char *wsmtp_words_get(const char *words, unsigned number, size_t *word_len);

/* The decimal number that text is; UINT64_MAX if it is larger, 0 if it is none. */
uint64_t wsmtp_words_number(const char *text, size_t text_len);

/* Octets of a text before its NUL. */
size_t wsmtp_word_len(const char *word);

#endif
