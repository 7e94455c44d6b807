/* What the C library does not tell: one implementation a kind of system. */
#ifndef CLI_HOST_H
#define CLI_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Whether a stream is shown to a person. */
bool host_is_terminal(FILE *stream);

/* Columns of the terminal behind stderr; 80 if unknown. */
int host_terminal_width(void);

/* Whether a stream can be read a second time (an ordinary file). */
bool host_is_file(FILE *stream);

/*
 * As fread, but no wait for octets is longer than timeout, milliseconds (0: no limit), where that can be had.
 * Less than len: the end, or *why says what is wrong. With a limit not to be mixed with other ways of reading.
 */
size_t host_read_stream(FILE *stream, void *buffer, size_t len, uint32_t timeout, const char **why);

/* Whether others than the owner and his group may read an open file, or change it. */
bool host_others_may_read(FILE *file);
bool host_others_may_write(FILE *file);

/* A stream on an inherited descriptor, for reading; NULL if there is none. */
FILE *host_open_descriptor(int descriptor);

/* The user's home directory; NULL if unknown. */
const char *host_home(void);

/* Name of the file of accounts that every user shares. */
const char *host_system_config(void);

/* Calls interrupt(context) when the user or the system wants the program to end; NULL: no longer. */
void host_on_interrupt(void (*interrupt)(void *context), void *context);

/* Makes writing to a closed pipe an error like any other. */
void host_ignore_broken_pipes(void);

#endif
