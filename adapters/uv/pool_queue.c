/* Messages that wait: linked by their private member owner, which is free as long as they do. */
#include "pool_internal.h"

#include <string.h>

static wsmtp_send_request *next_of(const wsmtp_send_request *s)
{
    return s->owner;
}

void wsmtp_uv_pool_put(pool_queue *q, wsmtp_send_request *s)
{
    s->owner = NULL;
    if (q->last)
        q->last->owner = s;
    else
        q->first = s;
    q->last = s;
    q->len++;
}

void wsmtp_uv_pool_put_first(pool_queue *q, wsmtp_send_request *s)
{
    s->owner = q->first;
    q->first = s;
    if (!q->last)
        q->last = s;
    q->len++;
}

wsmtp_send_request *wsmtp_uv_pool_take(pool_queue *q)
{
    wsmtp_send_request *s = q->first;
    q->first = next_of(s);
    if (!q->first)
        q->last = NULL;
    q->len--;
    return s;
}

void wsmtp_uv_pool_fail(pool_queue *q, const wsmtp_client_error *error)
{
    pool_queue all = *q; /* callbacks may add to the queue again */
    memset(q, 0, sizeof *q);
    while (all.first) {
        wsmtp_send_request *s = wsmtp_uv_pool_take(&all);
        s->done = s->owner_done;
        wsmtp_driver_report_unsent(s, error);
    }
}
