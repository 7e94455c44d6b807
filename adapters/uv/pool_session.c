/*
 * The sessions of a pool: a session serves one message at a time, or as many as may overlap; when it
 * ends, another is opened if messages wait.
 */
#include "pool_internal.h"

#include <stdlib.h>

#include "error.h"

/* The session is over, and every callback of its requests is done. */
static void on_over(void *context)
{
    pool_session *s = context;
    pool_group *g = s->group;
    pool_session **at = &g->sessions;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    g->sessions_len--;
    if (s->opened || !g->sessions)
        g->refused = false;
    wsmtp_uv_close(s->client, wsmtp_uv_pool_client_closed, g->pool);
    free(s);
    wsmtp_uv_pool_open_sessions(g);
    if (!g->sessions && !g->waiting.first)
        wsmtp_uv_pool_free_group(g);
}

void wsmtp_uv_pool_leave(pool_session *s)
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
 * gone, or it had gone with an envelope that the server answered by 421 to MAIL. One that ended before
 * it had a message at all says what the next would say, too.
 */
static bool found_closed(const pool_session *s, const wsmtp_send_request *m,
                         const wsmtp_client_error *error)
{
    if (!error || m->transactions > 1 || (m->body.read && m->octets > 0 && !m->body.rewind))
        return false;
    if (!m->submitted)
        return s->worn && wsmtp_uv_is_over(s->client);
    if (!s->served)
        return false;
    if (error->code == 421)
        return error->step == WSMTP_STEP_MAIL;
    return !m->body_begun && (error->reason == WSMTP_REASON_CLOSED_BY_PEER ||
                              error->reason == WSMTP_REASON_CONNECTION_LOST);
}

/*
 * Whether nothing of the message was sent because this session can take no more, as others can: a
 * message in several transactions may reach the server's limit before the pool does.
 */
static bool session_is_full(const pool_session *s, const wsmtp_send_request *m,
                            const wsmtp_client_error *error)
{
    return error && !m->submitted && error->reason == WSMTP_REASON_TRANSACTION_LIMIT && s->messages > 1;
}

/* Whether another session of the group may take what waits. */
static bool has_other(const pool_session *s)
{
    for (const pool_session *other = s->group->sessions; other; other = other->next)
        if (other != s && other->state != SESSION_LEAVING)
            return true;
    return false;
}

/* An idle session may have got its message before others lost theirs. */
static void serve_idle(const pool_session *but)
{
    for (pool_session *other = but->group->sessions; other; other = other->next)
        if (other != but && other->state == SESSION_IDLE && but->group->waiting.first)
            wsmtp_uv_pool_serve(other);
}

/* The message goes to another session. False if it cannot be given once more. */
static bool put_back(pool_session *s, wsmtp_send_request *m)
{
    if (s->group->pool->closing)
        return false;
    if (m->body.read && m->octets > 0 && !m->body.rewind(m->body.context))
        return false;
    wsmtp_uv_pool_put_first(&s->group->waiting, m);
    serve_idle(s);
    return true;
}

static void on_sent(wsmtp_send_request *m, const wsmtp_client_result *result);

/* Messages that a session may carry; 0 = no limit. The server's own limit is RFC 9422's MAILMAX. */
static uint32_t messages_max(const pool_session *s)
{
    uint32_t ours = s->group->pool->limits.messages_per_connection;
    uint32_t theirs = s->client->driver.facts.capabilities.mail_max;
    return theirs && (!ours || theirs < ours) ? theirs : ours;
}

static void give_next(pool_session *s)
{
    wsmtp_send_request *m = wsmtp_uv_pool_take(&s->group->waiting);
    s->in_flight++;
    s->messages++;
    m->owner = s;
    m->done = on_sent;
    wsmtp_uv_send(s->client, m);
}

void wsmtp_uv_pool_serve(pool_session *s)
{
    pool_group *g = s->group;
    wsmtp_uv_pool *pool = g->pool;
    uint32_t limit = messages_max(s);
    uint32_t overlap = g->server->settings.options.overlap;
    while (g->waiting.first && (!limit || s->messages < limit) &&
           (s->in_flight == 0 || s->in_flight < overlap)) {
        give_next(s);
    }
    if (s->in_flight > 0) {
        s->state = SESSION_BUSY;
        return;
    }
    if ((limit && s->messages >= limit) || pool->closing) {
        wsmtp_uv_pool_leave(s);
    } else {
        s->state = SESSION_IDLE;
        s->worn = true;
        s->idle_since = uv_now(pool->loop);
        wsmtp_uv_pool_set_timer(pool);
    }
}

static void report(wsmtp_send_request *m, const wsmtp_client_result *result)
{
    m->done = m->owner_done;
    if (m->done)
        m->done(m, result);
}

/*
 * A message that was given to a session while it opened, and the session did not open: others take it, or
 * on_open says what becomes of those that wait; if it has been there, there is nobody left.
 */
static void on_sent_early(pool_session *s, wsmtp_send_request *m, const wsmtp_client_result *result)
{
    wsmtp_client_result own = *result;
    if ((s->state != SESSION_LEAVING || has_other(s)) && put_back(s, m))
        return;
    if (wsmtp_uv_error(s->client)->reason != WSMTP_REASON_OK)
        own.error = wsmtp_uv_error(s->client); /* says what happened, not that it is over */
    report(m, &own);
}

static void on_sent(wsmtp_send_request *m, const wsmtp_client_result *result)
{
    pool_session *s = m->owner;
    s->in_flight--;
    s->worn = s->worn || m->submitted;
    if (!s->opened) {
        on_sent_early(s, m, result);
        return;
    }
    if (breaks_session(result->error))
        s->state = SESSION_LEAVING;
    if (found_closed(s, m, result->error) && put_back(s, m))
        return; /* the session's end opens another */
    if (session_is_full(s, m, result->error) && put_back(s, m)) {
        if (s->state == SESSION_BUSY)
            wsmtp_uv_pool_leave(s); /* when what it still has is done */
        return;
    }
    s->served = s->served || s->state == SESSION_BUSY;
    report(m, result);
    if (s->state == SESSION_BUSY)
        wsmtp_uv_pool_serve(s);
}

static void on_open(wsmtp_request *request, const wsmtp_client_error *error)
{
    pool_session *s = request->context;
    pool_group *g = s->group;
    if (!error) {
        s->opened = true;
        wsmtp_uv_pool_serve(s);
        return;
    }
    s->state = SESSION_LEAVING;
    g->refused = true;
    if (has_other(s))
        return; /* which serves what waits */
    wsmtp_uv_pool_fail(&g->waiting, error);
}

/* False with the messages failed, if memory is short. */
static bool open_session(pool_group *g)
{
    wsmtp_uv_pool *pool = g->pool;
    pool_session *s = calloc(1, sizeof *s);
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
    if (g->server->settings.options.early)
        give_next(s); /* its envelope travels with the login */
    return true;
}

/* As many as the waiting messages need, within the limit. */
void wsmtp_uv_pool_open_sessions(pool_group *g)
{
    size_t opening = 0; /* and without a message yet */
    if (g->pool->closing || g->refused)
        return;
    for (pool_session *s = g->sessions; s; s = s->next)
        opening += s->state == SESSION_OPENING && s->in_flight == 0;
    while (g->waiting.len > opening && g->sessions_len < g->pool->limits.connections) {
        if (!open_session(g)) {
            if (g->sessions)
                return;
            wsmtp_client_error error;
            wsmtp_error_from_host(&error, WSMTP_REASON_CONNECT_FAILED, WSMTP_CAUSE_MEMORY, NULL);
            wsmtp_uv_pool_fail(&g->waiting, &error);
            return;
        }
        opening += g->sessions->in_flight == 0;
    }
}
