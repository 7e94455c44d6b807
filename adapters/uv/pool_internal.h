/*
 * What the parts of the pool share: pool.c (its limits, its timer, its end), pool_session.c (opening,
 * serving and leaving sessions), pool_queue.c (messages that wait). Private.
 */
#ifndef WSMTP_UV_POOL_INTERNAL_H
#define WSMTP_UV_POOL_INTERNAL_H

#include "internal.h"

typedef struct pool_group pool_group;

typedef enum pool_session_state {
    SESSION_OPENING,
    SESSION_IDLE,
    SESSION_BUSY,
    SESSION_LEAVING /* QUIT, or broken: serves no more */
} pool_session_state;

typedef struct pool_session {
    struct pool_session *next;
    pool_group *group;
    wsmtp_uv_client *client;
    wsmtp_request request; /* open, then QUIT */
    pool_session_state state;
    bool opened;
    bool served;           /* a message to its end */
    bool worn;             /* has had a message, or waited for one: a new session may do better */
    uint32_t in_flight;    /* messages */
    uint32_t messages;     /* begun */
    uint64_t idle_since;   /* loop time */
} pool_session;

typedef struct pool_queue {
    wsmtp_send_request *first, *last;
    size_t len;
} pool_queue;

struct pool_group {
    pool_group *next;
    wsmtp_uv_pool *pool;
    wsmtp_uv_server *server;
    pool_session *sessions;
    size_t sessions_len;
    bool refused; /* a session could not be opened, though others are open or opening: no more now */
    pool_queue waiting;
};

struct wsmtp_uv_pool {
    uv_loop_t *loop;
    wsmtp_uv_pool_limits limits;
    uv_timer_t timer;
    pool_group *groups;
    pool_queue rejected;  /* their callbacks are due */
    size_t clients;  /* not freed yet */
    uint64_t opened;
    bool closing;
    void (*closed)(void *context); void *closed_context;
};

/* pool_queue.c */
void wsmtp_uv_pool_put(pool_queue *q, wsmtp_send_request *m);
void wsmtp_uv_pool_put_first(pool_queue *q, wsmtp_send_request *m);
wsmtp_send_request *wsmtp_uv_pool_take(pool_queue *q);
/* Every message gets the outcome NOT_SENT with this error. */
void wsmtp_uv_pool_fail(pool_queue *q, const wsmtp_client_error *error);

/* pool_session.c */
void wsmtp_uv_pool_open_sessions(pool_group *g); /* as many as the waiting messages need */
void wsmtp_uv_pool_serve(pool_session *s);       /* gives it what waits, or lets it idle or leave */
void wsmtp_uv_pool_leave(pool_session *s);

/* pool.c */
void wsmtp_uv_pool_set_timer(wsmtp_uv_pool *pool);
void wsmtp_uv_pool_free_group(pool_group *g);
void wsmtp_uv_pool_client_closed(void *pool);

#endif
