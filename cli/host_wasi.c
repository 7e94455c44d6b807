/* WASI: no modes of files, no signals, no size of a terminal. */
#define _POSIX_C_SOURCE 200809L

#include "host.h"

#if defined __wasi__

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool host_is_terminal(FILE *stream)
{
    return isatty(fileno(stream)) == 1;
}

int host_terminal_width(void)
{
    return 80;
}

bool host_is_file(FILE *stream)
{
    struct stat status;
    return fstat(fileno(stream), &status) == 0 && S_ISREG(status.st_mode);
}

size_t host_read_stream(FILE *stream, void *buffer, size_t len, uint32_t timeout, const char **why)
{
    size_t n = fread(buffer, 1, len, stream);
    (void)timeout;
    if (n < len && ferror(stream))
        *why = strerror(errno);
    return n;
}

/* Whoever runs the program decides which folders it sees; modes are not told to it. */
bool host_others_may_read(FILE *file)
{
    (void)file;
    return false;
}

bool host_others_may_write(FILE *file)
{
    (void)file;
    return false;
}

FILE *host_open_descriptor(int descriptor)
{
    return fdopen(descriptor, "rb");
}

const char *host_home(void)
{
    const char *home = getenv("HOME");
    return home && *home ? home : NULL;
}

const char *host_system_config(void)
{
    return "/etc/wasm-smtp.conf";
}

void host_on_interrupt(void (*interrupt)(void *context), void *context)
{
    (void)interrupt;
    (void)context;
}

void host_ignore_broken_pipes(void)
{
}

#endif
