/* Unix. */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE 1 /* TIOCGWINSZ */

#include "host.h"

#if !defined __wasi__

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

bool host_is_terminal(FILE *stream)
{
    return isatty(fileno(stream)) == 1;
}

int host_terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

static bool mode_of(FILE *file, mode_t *mode)
{
    struct stat status;
    if (fstat(fileno(file), &status) != 0)
        return false;
    *mode = status.st_mode;
    return true;
}

bool host_is_file(FILE *stream)
{
    mode_t mode;
    return mode_of(stream, &mode) && S_ISREG(mode);
}

size_t host_read_stream(FILE *stream, void *buffer, size_t len, uint32_t timeout, const char **why)
{
    struct pollfd source = {.fd = fileno(stream), .events = POLLIN};
    size_t filled = 0;
    if (timeout == 0) {
        filled = fread(buffer, 1, len, stream);
        if (filled < len && ferror(stream))
            *why = strerror(errno);
        return filled;
    }
    while (filled < len) {
        int ready = poll(&source, 1, (int)timeout);
        ssize_t n = ready > 0 ? read(source.fd, (char *)buffer + filled, len - filled) : -1;
        if (n == 0)
            break;
        if (n < 0) {
            *why = ready == 0 ? "nothing came in time" : strerror(errno);
            break;
        }
        filled += (size_t)n;
    }
    return filled;
}

bool host_others_may_read(FILE *file)
{
    mode_t mode;
    return !mode_of(file, &mode) || (mode & S_IROTH) != 0;
}

bool host_others_may_write(FILE *file)
{
    mode_t mode;
    return !mode_of(file, &mode) || (mode & S_IWOTH) != 0;
}

FILE *host_open_descriptor(int descriptor)
{
    return fdopen(descriptor, "rb");
}

const char *host_home(void)
{
    const char *home = getenv("HOME");
    if (home && *home)
        return home;
    const struct passwd *user = getpwuid(getuid());
    return user ? user->pw_dir : NULL;
}

const char *host_system_config(void)
{
    return "/etc/wasm-smtp.conf";
}

static void (*volatile on_interrupt)(void *context);
static void *volatile interrupt_context;

static void handle(int signal_number)
{
    (void)signal_number;
    void (*interrupt)(void *) = on_interrupt;
    if (interrupt)
        interrupt(interrupt_context);
}

void host_on_interrupt(void (*interrupt)(void *context), void *context)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    interrupt_context = context;
    on_interrupt = interrupt;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        /* The second signal ends the program at once, should the first one not be enough. No
         * SA_RESTART: reading the message from a terminal or pipe is broken off, too. */
        struct sigaction old, action = {0};
        action.sa_handler = interrupt ? handle : SIG_DFL;
        action.sa_flags = (int)(interrupt ? SA_RESETHAND : 0);
        sigemptyset(&action.sa_mask);
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
}

void host_ignore_broken_pipes(void)
{
    signal(SIGPIPE, SIG_IGN);
}

#endif
