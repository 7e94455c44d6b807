/* A command line taken apart into words, as a shell would, but nothing is expanded. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include "failure.h"
#include "memory.h"

/*
 * Words are separated by spaces and tabs; '...' and "..." keep them, a backslash keeps the next
 * character (not within '...'). Adds at least one word to words, or fails; origin names the option.
 */
bool words_parse(const char *text, const char *origin, text_list *words, failure *f);

#endif
