/*
 * Sessions kept open and shared. A group holds the sessions with one server (equal settings) and the
 * messages that wait for one.
 */
#include "pool_internal.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

static void on_timer(uv_timer_t *timer);

/* Looks at what is due as soon as anything can be. */
void wsmtp_uv_pool_set_timer(wsmtp_uv_pool *pool)
{
    uint64_t at = pool->rejected.first ? uv_now(pool->loop) : UINT64_MAX;
    for (pool_group *g = pool->groups; g; g = g->next)
        for (pool_session *s = g->sessions; s; s = s->next)
            if (s->state == SESSION_IDLE && s->idle_since + pool->limits.idle_timeout < at)
                at = s->idle_since + pool->limits.idle_timeout;
    if (at == UINT64_MAX) {
        uv_timer_stop(&pool->timer);
        return;
    }
    uint64_t now = uv_now(pool->loop);
    uv_timer_start(&pool->timer, on_timer, at > now ? at - now : 0, 0);
}

static void on_pool_closed(uv_handle_t *handle)
{
    wsmtp_uv_pool *pool = handle->data;
    void (*closed)(void *) = pool->closed;
    void *context = pool->closed_context;
    free(pool);
    if (closed)
        closed(context);
}

void wsmtp_uv_pool_free_group(pool_group *g)
{
    pool_group **at = &g->pool->groups;
    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    wsmtp_uv_server_free(g->server);
    free(g);
}

static void finish_closing(wsmtp_uv_pool *pool)
{
    if (!pool->closing || pool->clients > 0 || pool->rejected.first ||
        uv_is_closing((uv_handle_t *)&pool->timer))
        return;
    while (pool->groups)
        wsmtp_uv_pool_free_group(pool->groups);
    uv_close((uv_handle_t *)&pool->timer, on_pool_closed);
}

void wsmtp_uv_pool_client_closed(void *context)
{
    wsmtp_uv_pool *pool = context;
    pool->clients--;
    finish_closing(pool);
}

static void reject(wsmtp_uv_pool *pool, wsmtp_send_request *m)
{
    wsmtp_uv_pool_put(&pool->rejected, m);
    wsmtp_uv_pool_set_timer(pool);
}

static void report_rejected(wsmtp_uv_pool *pool)
{
    wsmtp_client_error error;
    if (pool->closing) {
        wsmtp_error_from_host(&error, WSMTP_REASON_CANCELLED, WSMTP_CAUSE_NONE,
                              "the pool is closed");
    } else {
        wsmtp_error_from_host(&error, WSMTP_REASON_POLICY, WSMTP_CAUSE_QUEUE_FULL,
                              "too many messages wait for this server");
        error.retryable = true;
    }
    wsmtp_uv_pool_fail(&pool->rejected, &error);
}

static void on_timer(uv_timer_t *timer)
{
    wsmtp_uv_pool *pool = timer->data;
    uint64_t now = uv_now(pool->loop);
    report_rejected(pool);
    for (pool_group *g = pool->groups; g; g = g->next)
        for (pool_session *s = g->sessions; s; s = s->next)
            if (s->state == SESSION_IDLE && s->idle_since + pool->limits.idle_timeout <= now)
                wsmtp_uv_pool_leave(s);
    wsmtp_uv_pool_set_timer(pool);
    finish_closing(pool);
}

static pool_group *find_group(wsmtp_uv_pool *pool, wsmtp_uv_server *server)
{
    for (pool_group *g = pool->groups; g; g = g->next)
        if (g->server == server || wsmtp_settings_equal(&g->server->settings, &server->settings))
            return g;
    pool_group *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->pool = pool;
    g->server = wsmtp_uv_server_keep(server);
    g->next = pool->groups;
    pool->groups = g;
    return g;
}

void wsmtp_uv_pool_send(wsmtp_uv_pool *pool, wsmtp_uv_server *server, wsmtp_send_request *m)
{
    m->owner_done = m->done;
    wsmtp_send_request_begin(m);
    pool_group *g = pool->closing ? NULL : find_group(pool, server);
    if (!g || g->waiting.len >= pool->limits.waiting) {
        reject(pool, m);
        return;
    }
    wsmtp_uv_pool_put(&g->waiting, m);
    for (pool_session *s = g->sessions; s; s = s->next) {
        if (s->state == SESSION_IDLE) {
            wsmtp_uv_pool_serve(s);
            return;
        }
    }
    wsmtp_uv_pool_open_sessions(g);
}

void wsmtp_uv_pool_token_ready(wsmtp_uv_pool *pool)
{
    for (pool_group *g = pool->groups; g; g = g->next)
        for (pool_session *s = g->sessions; s; s = s->next)
            wsmtp_uv_token_ready(s->client);
}

void wsmtp_uv_pool_limits_init(wsmtp_uv_pool_limits *limits)
{
    memset(limits, 0, sizeof *limits);
    limits->size = sizeof *limits;
    limits->connections = 4;
    limits->messages_per_connection = 100;
    limits->idle_timeout = 10000;
    limits->waiting = 1000;
}

wsmtp_uv_pool *wsmtp_uv_pool_new(uv_loop_t *loop, const wsmtp_uv_pool_limits *limits)
{
    wsmtp_uv_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    if (limits)
        pool->limits = *limits;
    else
        wsmtp_uv_pool_limits_init(&pool->limits);
    if (pool->limits.size < sizeof *limits || pool->limits.connections == 0) {
        free(pool);
        return NULL;
    }
    pool->loop = loop;
    uv_timer_init(loop, &pool->timer);
    pool->timer.data = pool;
    return pool;
}

wsmtp_uv_pool_counts wsmtp_uv_pool_count(const wsmtp_uv_pool *pool)
{
    wsmtp_uv_pool_counts counts = {0, 0, 0, pool->opened};
    for (const pool_group *g = pool->groups; g; g = g->next) {
        counts.connections += g->sessions_len;
        counts.waiting += g->waiting.len;
        for (const pool_session *s = g->sessions; s; s = s->next)
            counts.idle += s->state == SESSION_IDLE;
    }
    return counts;
}

void wsmtp_uv_pool_close(wsmtp_uv_pool *pool, bool at_once, void (*closed)(void *context),
                         void *context)
{
    pool->closing = true;
    pool->closed = closed;
    pool->closed_context = context;
    for (pool_group *g = pool->groups; g; g = g->next) {
        while (g->waiting.first)
            wsmtp_uv_pool_put(&pool->rejected, wsmtp_uv_pool_take(&g->waiting));
        for (pool_session *s = g->sessions; s; s = s->next) {
            if (at_once || s->state == SESSION_OPENING)
                wsmtp_uv_cancel(s->client);
            else if (s->state == SESSION_IDLE)
                wsmtp_uv_pool_leave(s);
        }
    }
    uv_timer_start(&pool->timer, on_timer, 0, 0);
}
