/*
 * What the bench programs share: the message, and the measure of what sending it costs. Each program is
 *
 *     PROGRAM PORT COUNT OCTETS [OVERLAP]
 *
 * It opens one connection to 127.0.0.1:PORT, sends one message that does not count, then COUNT that
 * do, and prints a line of JSON: microseconds that passed, microseconds of processor time (user and
 * system, all threads), and the peak of its resident memory in KiB. Where BENCH_USER and BENCH_PASSWORD
 * are in the environment, libcurl.c and sessions.c log in with AUTH PLAIN.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>

typedef struct bench_arguments {
    unsigned short port;
    size_t count;   /* of messages that are measured */
    size_t octets;  /* of a message; over BENCH_STREAMED it is made piece by piece */
    unsigned overlap;
    const char *user, *password; /* NULL: no login */
} bench_arguments;

#define BENCH_FROM "bench@lab.test"
#define BENCH_TO "b@lab.test"
#define BENCH_STREAMED (1024u * 1024u)

/* Ends the program with 64 if the arguments are not as above. */
bench_arguments bench_parse(int argc, char **argv);

/* Octets of the message from offset on, at most len of them; 0 at its end. */
size_t bench_read(const bench_arguments *arguments, size_t offset, char *buffer, size_t len);

/* The whole message, NUL-terminated; owned by the caller. NULL if it is to be streamed. */
char *bench_message(const bench_arguments *arguments);

void bench_begin(void);
void bench_end(void); /* prints */

/* Ends the program with 1 and says why. */
_Noreturn void bench_fail(const char *what, const char *why);

#endif
