/*
 * Sessions kept open and shared. A group holds the sessions with one server (equal settings) and the
 * messages that wait for one; a session serves one message at a time, or as many as may overlap.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

typedef struct group group;

typedef enum session_state {
    SESSION_OPENING,
    SESSION_IDLE,
    SESSION_BUSY,
    SESSION_LEAVING /* QUIT, or broken: serves no more */
} session_state;

typedef struct session {
    struct session *next;
    group *group;
    wsmtp_uv_client *client;
    wsmtp_request request; /* open, then QUIT */
    session_state state;
    bool opened;
    bool served;           /* a message to its end */
    uint32_t in_flight;    /* messages */
    uint32_t messages;     /* begun */
    uint64_t idle_since;   /* loop time */
} session;

typedef struct queue {
    wsmtp_send_request *first, *last;
    size_t len;
} queue;

struct group {
    group *next;
    wsmtp_uv_pool *pool;
    wsmtp_uv_server *server;
    session *sessions;
    size_t sessions_len;
    bool refused; /* a session could not be opened, though others are open or opening: no more now */
    queue waiting;
};

struct wsmtp_uv_pool {
    uv_loop_t *loop;
    wsmtp_uv_pool_limits limits;
    uv_timer_t timer;
    group *groups;
    queue rejected;  /* their callbacks are due */
    size_t clients;  /* not freed yet */
    uint64_t opened;
    bool closing;
    void (*closed)(void *context); void *closed_context;
};

static wsmtp_send_request *next_of(const wsmtp_send_request *s)
{
    return s->owner;
}

static void put(queue *q, wsmtp_send_request *s)
{
    s->owner = NULL;
    if (q->last)
        q->last->owner = s;
    else
        q->first = s;
    q->last = s;
    q->len++;
}

static void put_first(queue *q, wsmtp_send_request *s)
{
    s->owner = q->first;
    q->first = s;
    if (!q->last)
        q->last = s;
    q->len++;
}

static wsmtp_send_request *take(queue *q)
{
    wsmtp_send_request *s = q->first;
    q->first = next_of(s);
    if (!q->first)
        q->last = NULL;
    q->len--;
    return s;
}

static void fail_all(queue *q, const wsmtp_client_error *error)
{
    queue all = *q; /* callbacks may add to the queue again */
    memset(q, 0, sizeof *q);
    while (all.first) {
        wsmtp_send_request *s = take(&all);
        s->done = s->owner_done;
        wsmtp_driver_report_unsent(s, error);
    }
}

static void on_timer(uv_timer_t *timer);

/* Looks at what is due as soon as anything can be. */
static void set_timer(wsmtp_uv_pool *pool)
{
    uint64_t at = pool->rejected.first ? uv_now(pool->loop) : UINT64_MAX;
    for (group *g = pool->groups; g; g = g->next)
        for (session *s = g->sessions; s; s = s->next)
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

static void free_group(group *g)
{
    group **at = &g->pool->groups;
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
        free_group(pool->groups);
    uv_close((uv_handle_t *)&pool->timer, on_pool_closed);
}

static void on_client_closed(void *context)
{
    wsmtp_uv_pool *pool = context;
    pool->clients--;
    finish_closing(pool);
}

static void open_sessions(group *g);

/* The session is over, and every callback of its requests is done. */
static void on_over(void *context)
{
    session *s = context;
    group *g = s->group;
    session **at = &g->sessions;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    g->sessions_len--;
    if (s->opened || !g->sessions)
        g->refused = false;
    wsmtp_uv_close(s->client, on_client_closed, g->pool);
    free(s);
    open_sessions(g);
    if (!g->sessions && !g->waiting.first)
        free_group(g);
}

static void leave(session *s)
{
    s->state = SESSION_LEAVING;
    s->request.done = NULL;
    wsmtp_uv_quit(s->client, &s->request);
}

/* Errors after which a session takes no more messages. */
static bool breaks_session(const wsmtp_client_error *error)
{
    return error && (error->kind == WSMTP_KIND_TRANSPORT || error->kind == WSMTP_KIND_PROTOCOL ||
                     error->kind == WSMTP_KIND_MISUSE || error->code == 421);
}

/*
 * Whether a session that had served before was closed behind our back: nothing of the message had
 * gone, or it had gone with an envelope that the server answered by 421 to MAIL.
 */
static bool found_closed(const session *s, const wsmtp_send_request *m,
                         const wsmtp_client_error *error)
{
    if (!error || (m->body.read && m->octets > 0))
        return false;
    if (!m->submitted)
        return wsmtp_uv_is_over(s->client);
    if (!s->served)
        return false;
    if (error->code == 421)
        return error->step == WSMTP_STEP_MAIL;
    return !m->body_begun && (error->reason == WSMTP_REASON_CLOSED_BY_PEER ||
                              error->reason == WSMTP_REASON_CONNECTION_LOST);
}

static void on_sent(wsmtp_send_request *m, const wsmtp_client_result *result);

static void serve(session *s)
{
    group *g = s->group;
    wsmtp_uv_pool *pool = g->pool;
    uint32_t limit = pool->limits.messages_per_connection;
    uint32_t overlap = g->server->settings.options.overlap;
    while (g->waiting.first && (!limit || s->messages < limit) &&
           (s->in_flight == 0 || s->in_flight < overlap)) {
        wsmtp_send_request *m = take(&g->waiting);
        s->state = SESSION_BUSY;
        s->in_flight++;
        s->messages++;
        m->owner = s;
        m->done = on_sent;
        wsmtp_uv_send(s->client, m);
    }
    if (s->in_flight > 0)
        return;
    if ((limit && s->messages >= limit) || pool->closing) {
        leave(s);
    } else {
        s->state = SESSION_IDLE;
        s->idle_since = uv_now(pool->loop);
        set_timer(pool);
    }
}

static void on_sent(wsmtp_send_request *m, const wsmtp_client_result *result)
{
    session *s = m->owner;
    s->in_flight--;
    if (breaks_session(result->error))
        s->state = SESSION_LEAVING;
    if (found_closed(s, m, result->error) && !s->group->pool->closing) {
        put_first(&s->group->waiting, m);
        return; /* the session's end opens another */
    }
    s->served = s->served || s->state == SESSION_BUSY;
    m->done = m->owner_done;
    if (m->done)
        m->done(m, result);
    if (s->state == SESSION_BUSY)
        serve(s);
}

static void on_open(wsmtp_request *request, const wsmtp_client_error *error)
{
    session *s = request->context;
    group *g = s->group;
    if (!error) {
        s->opened = true;
        serve(s);
        return;
    }
    s->state = SESSION_LEAVING;
    g->refused = true;
    for (session *other = g->sessions; other; other = other->next)
        if (other->state != SESSION_LEAVING)
            return; /* which serves what waits */
    fail_all(&g->waiting, error);
}

/* False with the messages failed, if memory is short. */
static bool open_session(group *g)
{
    wsmtp_uv_pool *pool = g->pool;
    session *s = calloc(1, sizeof *s);
    wsmtp_uv_client *client = s ? wsmtp_uv_client_new(pool->loop, g->server) : NULL;
    if (!client) {
        free(s);
        return false;
    }
    s->group = g;
    s->client = client;
    s->state = SESSION_OPENING;
    s->request.done = on_open;
    s->request.context = s;
    s->next = g->sessions;
    g->sessions = s;
    g->sessions_len++;
    pool->clients++;
    pool->opened++;
    client->over = on_over;
    client->over_context = s;
    wsmtp_uv_open(client, &s->request);
    return true;
}

/* As many as the waiting messages need, within the limit. */
static void open_sessions(group *g)
{
    size_t opening = 0;
    if (g->pool->closing || g->refused)
        return;
    for (session *s = g->sessions; s; s = s->next)
        opening += s->state == SESSION_OPENING;
    while (g->waiting.len > opening && g->sessions_len < g->pool->limits.connections) {
        if (!open_session(g)) {
            if (g->sessions)
                return;
            wsmtp_client_error error;
            wsmtp_error_from_host(&error, WSMTP_REASON_CONNECT_FAILED, WSMTP_CAUSE_MEMORY, NULL);
            fail_all(&g->waiting, &error);
            return;
        }
        opening++;
    }
}

static void reject(wsmtp_uv_pool *pool, wsmtp_send_request *m)
{
    put(&pool->rejected, m);
    set_timer(pool);
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
    fail_all(&pool->rejected, &error);
}

static void on_timer(uv_timer_t *timer)
{
    wsmtp_uv_pool *pool = timer->data;
    uint64_t now = uv_now(pool->loop);
    report_rejected(pool);
    for (group *g = pool->groups; g; g = g->next)
        for (session *s = g->sessions; s; s = s->next)
            if (s->state == SESSION_IDLE && s->idle_since + pool->limits.idle_timeout <= now)
                leave(s);
    set_timer(pool);
    finish_closing(pool);
}

static group *find_group(wsmtp_uv_pool *pool, wsmtp_uv_server *server)
{
    for (group *g = pool->groups; g; g = g->next)
        if (g->server == server || wsmtp_settings_equal(&g->server->settings, &server->settings))
            return g;
    group *g = calloc(1, sizeof *g);
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
    m->texts = NULL;
    m->octets = 0;
    m->submitted = m->body_begun = false;
    group *g = pool->closing ? NULL : find_group(pool, server);
    if (!g || g->waiting.len >= pool->limits.waiting) {
        reject(pool, m);
        return;
    }
    put(&g->waiting, m);
    for (session *s = g->sessions; s; s = s->next) {
        if (s->state == SESSION_IDLE) {
            serve(s);
            return;
        }
    }
    open_sessions(g);
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
    for (const group *g = pool->groups; g; g = g->next) {
        counts.connections += g->sessions_len;
        counts.waiting += g->waiting.len;
        for (const session *s = g->sessions; s; s = s->next)
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
    for (group *g = pool->groups; g; g = g->next) {
        while (g->waiting.first)
            put(&pool->rejected, take(&g->waiting));
        for (session *s = g->sessions; s; s = s->next) {
            if (at_once || s->state == SESSION_OPENING)
                wsmtp_uv_cancel(s->client);
            else if (s->state == SESSION_IDLE)
                leave(s);
        }
    }
    uv_timer_start(&pool->timer, on_timer, 0, 0);
}
