/* Other programs. */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "memory.h"

/*
 * Runs a program (found in PATH, without a shell; nothing on its standard input, its standard error is
 * this program's) and takes the first line that it writes, without its end, as octets into line, at
 * most line_len; the rest is dropped. False if it cannot be started, fails, says nothing or too much,
 * or takes longer than timeout milliseconds: then it is ended. what names it in messages, which never
 * hold what it wrote.
 */
bool process_first_line(const text_list *words, uint32_t timeout, const char *what, char *line,
                        size_t line_len, size_t *n, failure *f);

#endif
