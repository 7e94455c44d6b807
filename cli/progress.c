#include "progress.h"

#include <stdio.h>

#include "host.h"

#define SHOWN_FROM 1000000u /* octets: a smaller message is gone before one could read this */
#define INTERVAL 100000u    /* microseconds */

void progress_init(progress *p, bool wanted, uint64_t total)
{
    *p = (progress){.is_on = wanted && host_is_terminal(stderr), .total = total};
}

void progress_show(progress *p, uint64_t octets, uint64_t at)
{
    char bar[64] = "";
    if (!p->is_on || octets < SHOWN_FROM || at < p->next_at)
        return;
    p->next_at = at + INTERVAL;
    p->is_shown = true;
    int width = host_terminal_width() - 40;
    if (p->total > 0 && width >= 10) {
        width = width < 60 ? width : 60;
        uint64_t filled = octets >= p->total ? (uint64_t)width : octets * (uint64_t)width / p->total;
        for (int i = 0; i < width; i++)
            bar[i] = (uint64_t)i < filled ? '#' : '.';
    }
    fprintf(stderr, "\rsending %.1f MB", (double)octets / 1e6);
    if (p->total > 0)
        fprintf(stderr, " of %.1f MB %s %3u%%", (double)p->total / 1e6, bar,
                (unsigned)(octets >= p->total ? 100 : octets * 100 / p->total));
    fflush(stderr);
}

void progress_clear(progress *p)
{
    if (p->is_shown)
        fputs("\r\x1b[K", stderr);
    p->is_shown = false;
}
