/*
 * Chunks (RFC 3030): a piece of a message behind the command that gives its size. The octets are
 * written first, behind a gap; once the size is known the command is written into the gap, and what
 * waited before it moves up to it. Nothing of an open chunk leaves, and nothing of an envelope that
 * is to travel with it.
 */
#include "internal.h"

/* "BDAT ", ten digits, " LAST", line end. */
#define COMMAND_MAX 22u

bool wsmtp_chunk_possible(const wsmtp_engine *e)
{
    size_t used = e->output_end - e->output_start;
    return e->config->output_len - used >= e->config->output_len / 4;
}

bool wsmtp_chunk_begin(wsmtp_engine *e)
{
    if (!wsmtp_reserve(e, COMMAND_MAX))
        return false;
    e->chunk_open = true;
    e->chunk_at = e->output_end;
    if (e->held_at == SIZE_MAX)
        e->held_at = e->chunk_at;
    e->output_end += COMMAND_MAX;
    return true;
}

void wsmtp_chunk_end(wsmtp_engine *e, wsmtp_transaction *t, bool last)
{
    const size_t end = e->output_end;
    e->output_end = e->chunk_at;
    wsmtp_put_text(e, "BDAT ");
    wsmtp_put_number(e, end - e->chunk_at - COMMAND_MAX);
    wsmtp_put_text(e, last ? " LAST\r\n" : "\r\n");
    const size_t gap = e->chunk_at + COMMAND_MAX - e->output_end;
    uint8_t *start = e->config->output + e->output_start;
    memmove(start + gap, start, e->output_end - e->output_start);
    e->output_start += gap;
    e->output_end = end;
    e->chunk_open = false;
    e->held_at = SIZE_MAX;
    t->chunks_written++;
    if (t->awaiting == WSMTP_STEP_READY && !last)
        t->awaiting = WSMTP_STEP_BODY;
}

void wsmtp_chunk_drop(wsmtp_engine *e)
{
    if (e->chunk_open)
        e->output_end = e->chunk_at;
    e->chunk_open = false;
    e->held_at = SIZE_MAX;
}
