/* WASI has no processes. */
#include "process.h"

#if defined __wasi__

#include "exit_code.h"

bool process_first_line(const text_list *words, uint32_t timeout, const char *what, char *line,
                        size_t line_len, size_t *n, failure *f)
{
    (void)words, (void)timeout, (void)line, (void)line_len, (void)n;
    return failure_config(f, "%s cannot be run: WASI has no processes", what);
}

#endif
