/* Unix. */
#define _POSIX_C_SOURCE 200809L

#include "process.h"

#if !defined __wasi__

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <wsmtp/sasl.h>

#include "exit_code.h"

#define TICK 10 /* milliseconds between looks at a program that has closed its output */

extern char **environ;

typedef struct process {
    const char *what;
    pid_t id;
    int output;
    int64_t deadline; /* milliseconds of the clock that only goes forward */
    failure *f;
} process;

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool late(const process *p)
{
    return failure_set(p->f, EXIT_TRY_LATER, "config", "%s did not end in time", p->what);
}

static bool interrupted(const process *p)
{
    return failure_set(p->f, EXIT_TRY_LATER, "config", "%s was interrupted", p->what);
}

static bool open_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return false;
    for (int i = 0; i < 2; i++)
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    return true;
}

static int spawn(pid_t *id, char **words, int output)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE); /* ignored by this program, which is nobody else's business */
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    int status = posix_spawnp(id, words[0], &actions, &attributes, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return status;
}

static bool start(process *p, const text_list *words)
{
    int ends[2];
    if (!open_pipe(ends))
        return failure_set(p->f, EXIT_SYSTEM, "internal", "%s cannot be run: %s", p->what, strerror(errno));
    char **arguments = memory_get((words->len + 1) * sizeof *arguments);
    memcpy(arguments, words->items, words->len * sizeof *arguments);
    int status = spawn(&p->id, arguments, ends[1]);
    free(arguments);
    close(ends[1]);
    p->output = ends[0];
    if (status == 0)
        return true;
    close(ends[0]);
    return failure_config(p->f, "%s cannot be run: %s", p->what, strerror(status));
}

/* Waits until there is something to read, or the end. */
static bool wait_for_output(const process *p)
{
    struct pollfd poll_output = {.fd = p->output, .events = POLLIN};
    int64_t left = p->deadline - now();
    int status = poll(&poll_output, 1, left > 0 ? (int)left : 0);
    if (status > 0)
        return true;
    return status == 0 ? late(p) : interrupted(p);
}

/* Everything that it writes, of which the first line is kept. */
static bool read_line(const process *p, char *line, size_t line_len, size_t *n)
{
    bool ended = false;
    *n = 0;
    for (;;) {
        char piece[4096];
        if (!wait_for_output(p))
            return false;
        ssize_t got = read(p->output, piece, sizeof piece);
        if (got < 0)
            return interrupted(p);
        if (got == 0)
            return true;
        bool fits = true;
        for (ssize_t i = 0; i < got && !ended && fits; i++) {
            ended = piece[i] == '\n';
            fits = ended || *n < line_len;
            if (!ended && fits)
                line[(*n)++] = piece[i];
        }
        wsmtp_wipe(piece, sizeof piece);
        if (!fits)
            return failure_config(p->f, "%s wrote a line of more than %zu octets", p->what, line_len);
    }
}

static bool wait_for_end(process *p, int *status)
{
    pid_t ended;
    while ((ended = waitpid(p->id, status, WNOHANG)) == 0) {
        if (now() >= p->deadline)
            return late(p);
        poll(NULL, 0, TICK);
    }
    p->id = 0;
    if (ended < 0)
        return failure_set(p->f, EXIT_SYSTEM, "internal", "%s: %s", p->what, strerror(errno));
    return true;
}

static bool judge(const process *p, int status, const char *line, size_t *n)
{
    if (WIFSIGNALED(status))
        return failure_set(p->f, EXIT_AUTH, "config", "%s was ended by signal %d", p->what, WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return failure_set(p->f, EXIT_AUTH, "config", "%s ended with status %d", p->what, WEXITSTATUS(status));
    if (*n > 0 && line[*n - 1] == '\r')
        --*n;
    if (*n == 0)
        return failure_set(p->f, EXIT_AUTH, "config", "%s wrote no line on its standard output", p->what);
    return true;
}

bool process_first_line(const text_list *words, uint32_t timeout, const char *what, char *line,
                        size_t line_len, size_t *n, failure *f)
{
    process p = {.what = what, .deadline = now() + timeout, .f = f};
    int status;
    if (!start(&p, words))
        return false;
    bool fine = read_line(&p, line, line_len, n) && wait_for_end(&p, &status) && judge(&p, status, line, n);
    close(p.output);
    if (p.id) {
        kill(p.id, SIGKILL);
        while (waitpid(p.id, &status, 0) < 0 && errno == EINTR)
            ;
    }
    return fine;
}

#endif
