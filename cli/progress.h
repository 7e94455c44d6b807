/* How much of a large message has gone, for a person at a terminal. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
    bool is_on;
    bool is_shown;
    uint64_t total;   /* octets; 0: unknown */
    uint64_t next_at; /* moment of the next change, microseconds */
} progress;

/* Progress is shown if stderr is a terminal and nothing else writes there. */
void progress_init(progress *p, bool wanted, uint64_t total);
void progress_show(progress *p, uint64_t octets, uint64_t at);
void progress_clear(progress *p);

#endif
