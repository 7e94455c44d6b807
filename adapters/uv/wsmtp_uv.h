/*
 * Asynchronous SMTP client on libuv and OpenSSL, and a pool of such clients.
 *
 *     wsmtp_client_options options;                      (wsmtp/client.h: what can be set)
 *     wsmtp_client_options_init(&options);
 *     options.host = "mail.example.com";
 *     wsmtp_uv_server *server = wsmtp_uv_server_new(&options, &error);
 *     wsmtp_uv_client *client = wsmtp_uv_client_new(loop, server);
 *     wsmtp_uv_open(client, &open_request);
 *     wsmtp_uv_send(client, &send_request);              as many as you like: they wait their turn
 *     wsmtp_uv_quit(client, &quit_request);
 *     uv_run(loop, UV_RUN_DEFAULT);
 *
 * Conventions, beyond those of wsmtp/client.h and wsmtp/request.h:
 * - Everything that has a loop belongs to the thread of that loop. Callbacks run on that thread,
 *   never before the call that made the request has returned, and may call anything here.
 * - Requests of one client run in the order in which they were made. Every request gets exactly one
 *   callback, also when the session fails or the client is closed.
 * - Work that would stop the loop runs in libuv's thread pool: name resolution and SCRAM's key
 *   derivation. Its results are dropped if nobody waits for them any more; a loop stays alive until
 *   then.
 */
#ifndef WSMTP_UV_H
#define WSMTP_UV_H

#include <uv.h>

#include <wsmtp/client.h>
#include <wsmtp/request.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A server and how to reach it: options checked and copied, files read, certificates loaded. It never
 * changes, is shared by any number of clients, loops and threads, and counts its owners. Unless the
 * options bring a cache, it keeps the salted key that last logged in, so that SCRAM costs its clients
 * (those of a pool, too) one derivation; the key is wiped with the server.
 */
typedef struct wsmtp_uv_server wsmtp_uv_server;

/*
 * Returns NULL and fills *error (may be NULL): CONFIG_VALUE with the name of the option, EHLO name
 * reasons, NOT_BUILT; causes FILE and MEMORY. The trace and event callbacks of the options serve every
 * client of this server, with the contexts of wsmtp_uv_client_watch if that was called.
 */
wsmtp_uv_server *wsmtp_uv_server_new(const wsmtp_client_options *options,
                                     wsmtp_client_error *error);

/* Gives up one ownership; clients that still use it keep theirs. NULL is taken. */
void wsmtp_uv_server_free(wsmtp_uv_server *server);

/* One session with a server. */
typedef struct wsmtp_uv_client wsmtp_uv_client;

/* NULL if memory is short. The client starts no work until wsmtp_uv_open. */
wsmtp_uv_client *wsmtp_uv_client_new(uv_loop_t *loop, wsmtp_uv_server *server);

/* Callbacks of this client alone, instead of those of the options. Before wsmtp_uv_open. */
void wsmtp_uv_client_watch(wsmtp_uv_client *client, wsmtp_trace_callback trace, void *trace_context,
                           wsmtp_event_callback event, void *event_context);

/*
 * Connects, does TLS, reads the greeting, says EHLO, and logs in if the options have credentials.
 * The first request of a client, and once only. Addresses are tried in the order of RFC 8305: families
 * alternate, the next one starts when one fails or after 250 ms, the first to answer wins.
 */
void wsmtp_uv_open(wsmtp_uv_client *client, wsmtp_request *request);

/* The token callback that said WSMTP_TOKEN_LATER is asked again. Harmless if none did. */
void wsmtp_uv_token_ready(wsmtp_uv_client *client);

/* Logs in; credentials are borrowed until the callback. Refused credentials leave the session usable. */
void wsmtp_uv_login(wsmtp_uv_client *client, wsmtp_request *request,
                    const wsmtp_credentials *credentials);

/*
 * Sends a message. Results are those of wsmtp_client_send. A body callback that returns
 * WSMTP_BODY_LATER is asked again after wsmtp_uv_body_ready.
 */
void wsmtp_uv_send(wsmtp_uv_client *client, wsmtp_send_request *request);
void wsmtp_uv_body_ready(wsmtp_uv_client *client);

void wsmtp_uv_noop(wsmtp_uv_client *client, wsmtp_request *request);
void wsmtp_uv_reset(wsmtp_uv_client *client, wsmtp_request *request);

/* VRFY, EXPN and HELP: the reply is in the request when its callback runs. Arguments are borrowed until
 * then. */
void wsmtp_uv_vrfy(wsmtp_uv_client *client, wsmtp_request *request, const char *argument,
                   size_t argument_len);
void wsmtp_uv_expn(wsmtp_uv_client *client, wsmtp_request *request, const char *argument,
                   size_t argument_len);
void wsmtp_uv_help(wsmtp_uv_client *client, wsmtp_request *request, const char *argument,
                   size_t argument_len);

/* As wsmtp_client_xclient; attributes are borrowed until the callback. */
void wsmtp_uv_xclient(wsmtp_uv_client *client, wsmtp_request *request,
                      const wsmtp_parameter *attributes, size_t attributes_len);

/* Ends the session politely when all earlier requests are done. Never fails. */
void wsmtp_uv_quit(wsmtp_uv_client *client, wsmtp_request *request);

/* Ends the session at once: everything under way and waiting fails with CANCELLED. */
void wsmtp_uv_cancel(wsmtp_uv_client *client);

/*
 * Like wsmtp_uv_cancel, and frees the client once its handles are closed; then calls closed (may be
 * NULL). The client must not be used after this call, except in callbacks that it causes.
 */
void wsmtp_uv_close(wsmtp_uv_client *client, void (*closed)(void *context), void *context);

/* Whether the session is open, and no request is waiting or under way. */
bool wsmtp_uv_is_idle(const wsmtp_uv_client *client);

/* Whether the session is over; requests fail then. */
bool wsmtp_uv_is_over(const wsmtp_uv_client *client);

/* Counts total_timeout anew from now, with another limit in milliseconds; 0 = none. */
void wsmtp_uv_deadline(wsmtp_uv_client *client, uint32_t total_timeout);

/* Never NULL; valid until the client is closed, its members until the session goes on. */
const wsmtp_client_facts *wsmtp_uv_facts(wsmtp_uv_client *client);

/* The error that ended the session; reason OK if it has not failed. */
const wsmtp_client_error *wsmtp_uv_error(const wsmtp_uv_client *client);

/*
 * A pool: sessions kept open and shared by the messages of a program. Two servers share sessions only
 * if every setting of theirs is the same, credentials and certificates included.
 *
 * A message has exactly one outcome, and is never sent again by itself. The one thing that is done
 * twice is an envelope: if a session that served before turns out to be closed before any octet of
 * the message itself was sent, or answers MAIL by 421, the message goes to another session. What a
 * fresh session says about it is final.
 */
typedef struct wsmtp_uv_pool wsmtp_uv_pool;

typedef struct wsmtp_uv_pool_limits {
    size_t size;                     /* sizeof(wsmtp_uv_pool_limits); _init sets it */
    uint32_t connections;            /* to one server at most; default 4 */
    uint32_t messages_per_connection; /* then QUIT; default 100; 0 = no limit. Fewer if the server's
                                         MAILMAX (RFC 9422) is less */
    uint32_t idle_timeout;           /* ms after which an unused session is ended; default 10,000 */
    uint32_t waiting;                /* messages that may wait for a session of one server; default 1,000 */
} wsmtp_uv_pool_limits;

void wsmtp_uv_pool_limits_init(wsmtp_uv_pool_limits *limits);

/* NULL if memory is short or a limit is impossible (no connections). limits are copied; NULL: defaults. */
wsmtp_uv_pool *wsmtp_uv_pool_new(uv_loop_t *loop, const wsmtp_uv_pool_limits *limits);

/*
 * Sends a message through a session of the pool. If no session can be opened, the waiting messages of
 * that server fail with the reason (NOT_SENT); if the queue is full, this one does at once (POLICY,
 * cause QUEUE_FULL).
 */
void wsmtp_uv_pool_send(wsmtp_uv_pool *pool, wsmtp_uv_server *server, wsmtp_send_request *request);

/* wsmtp_uv_token_ready for every session of the pool: each asks the callback for itself. */
void wsmtp_uv_pool_token_ready(wsmtp_uv_pool *pool);

typedef struct wsmtp_uv_pool_counts {
    size_t connections; /* open or opening */
    size_t idle;        /* of them */
    size_t waiting;     /* messages without a session */
    uint64_t opened;    /* sessions opened since the pool was made */
} wsmtp_uv_pool_counts;

wsmtp_uv_pool_counts wsmtp_uv_pool_count(const wsmtp_uv_pool *pool);

/*
 * Closes the pool: waiting messages fail with CANCELLED, running ones too if at_once, else they are
 * completed and their sessions ended by QUIT. Then calls closed (may be NULL) and frees the pool.
 */
void wsmtp_uv_pool_close(wsmtp_uv_pool *pool, bool at_once, void (*closed)(void *context),
                         void *context);

#ifdef __cplusplus
}
#endif

#endif
