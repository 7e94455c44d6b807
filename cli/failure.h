/* A failure that the command finds itself, without the client: wrong usage, files, addresses. */
#ifndef CLI_FAILURE_H
#define CLI_FAILURE_H

#include <stdbool.h>

typedef struct failure {
    int exit_code;       /* 0: none */
    const char *kind;    /* "usage", "config", "input", "file": as in the JSON */
    char message[640];   /* one line, complete in itself */
} failure;

/* Sets a failure and returns false, so that a caller can return it. */
#if defined __GNUC__
__attribute__((format(printf, 4, 5)))
#endif
bool failure_set(failure *f, int exit_code, const char *kind, const char *format, ...);

/* The same with the usual exit codes. */
#define failure_usage(f, ...) failure_set(f, EXIT_USAGE, "usage", __VA_ARGS__)
#define failure_config(f, ...) failure_set(f, EXIT_CONFIG, "config", __VA_ARGS__)
#define failure_input(f, ...) failure_set(f, EXIT_DATA, "input", __VA_ARGS__)

#endif
