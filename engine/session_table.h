/*
 * The session's transitions: T(state, input, next state, event, event after it). The only place that
 * says what follows what; the diagram in the docs is drawn from it. A pair that is not listed is an
 * error: a reply that does not fit, or a call out of order. What is sent belongs to the state that is
 * entered: see enter() in session.c.
 */
#ifndef WSMTP_SESSION_TABLE_H
#define WSMTP_SESSION_TABLE_H

#include "wsmtp/features.h"

#define WSMTP_SESSION_INPUTS(I)                                                                    \
    I(OPEN)       /* the connection is there */                                                    \
    I(OPEN_TLS)   /* the connection is there, TLS comes first */                                   \
    I(SECURED)    /* the handshake is done */                                                      \
    I(ACCEPTED)   /* 2xx */                                                                        \
    I(UPGRADABLE) /* 2xx to EHLO, and TLS is required but not there yet */                                 \
    I(DEFERRED)   /* 4xx */                                                                        \
    I(REFUSED)    /* 5xx */                                                                        \
    I(LOGIN)                                                                                       \
    I(SUBMIT)                                                                                      \
    I(RESET)                                                                                       \
    I(PING)                                                                                        \
    I(LEAVE)                                                                                       \
    I(QUERY)      /* VRFY, EXPN, HELP */                                                           \
    I(RELAY)      /* XCLIENT */                                                                    \
    I(EARLY)      /* what the server offers is known from before: do not wait for it */            \
    I(FINISHED)   /* login or last transaction over */                                             \
    I(ENDED)      /* any reply at all, or the connection's end */

#if WSMTP_FEATURE_EARLY
#define WSMTP_SESSION_EARLY(T)                                                                     \
    T(GREETING, EARLY, READY, NONE, READY)                                                         \
    T(EHLO, EARLY, READY, NONE, READY)
#else
#define WSMTP_SESSION_EARLY(T)
#endif

#if WSMTP_FEATURE_QUERIES
#define WSMTP_SESSION_QUERY(T)                                                                     \
    T(READY, QUERY, QUERY, NONE, NONE)                                                             \
    T(QUERY, ACCEPTED, READY, COMPLETED, NONE)                                                     \
    T(QUERY, DEFERRED, READY, REFUSED, NONE)                                                       \
    T(QUERY, REFUSED, READY, REFUSED, NONE)
#else
#define WSMTP_SESSION_QUERY(T)
#endif

#if WSMTP_FEATURE_XCLIENT
#define WSMTP_SESSION_XCLIENT(T)                                                                   \
    T(READY, RELAY, XCLIENT, NONE, NONE)                                                           \
    T(XCLIENT, ACCEPTED, EHLO, NONE, NONE)                                                         \
    T(XCLIENT, DEFERRED, READY, REFUSED, NONE)                                                     \
    T(XCLIENT, REFUSED, READY, REFUSED, NONE)
#else
#define WSMTP_SESSION_XCLIENT(T)
#endif

#define WSMTP_SESSION_TABLE(T)                                                                     \
    T(START, OPEN, GREETING, NONE, NONE)                                                           \
    T(START, OPEN_TLS, TLS, NONE, START_TLS)                                                       \
    T(TLS, SECURED, GREETING, NONE, NONE)                                                          \
    T(GREETING, ACCEPTED, EHLO, GREETING, NONE)                                                    \
    T(EHLO, ACCEPTED, READY, EHLO, READY)                                                          \
    T(EHLO, UPGRADABLE, STARTTLS, EHLO, NONE)                                                      \
    T(EHLO, REFUSED, HELO, NONE, NONE)                                                             \
    T(HELO, ACCEPTED, READY, EHLO, READY)                                                          \
    T(HELO, UPGRADABLE, STARTTLS, EHLO, NONE)                                                      \
    T(STARTTLS, ACCEPTED, UPGRADE, NONE, START_TLS)                                                \
    T(UPGRADE, SECURED, EHLO, NONE, NONE)                                                          \
    T(READY, LOGIN, AUTH, NONE, NONE)                                                              \
    T(AUTH, FINISHED, READY, NONE, NONE)                                                           \
    T(READY, SUBMIT, TRANSACTION, NONE, NONE)                                                      \
    T(TRANSACTION, SUBMIT, TRANSACTION, NONE, NONE)                                                \
    T(TRANSACTION, FINISHED, READY, NONE, NONE)                                                    \
    T(READY, RESET, RSET, NONE, NONE)                                                              \
    T(RSET, ACCEPTED, READY, COMPLETED, NONE)                                                      \
    T(RSET, DEFERRED, READY, REFUSED, NONE)                                                        \
    T(RSET, REFUSED, READY, REFUSED, NONE)                                                         \
    T(READY, PING, NOOP, NONE, NONE)                                                               \
    T(NOOP, ACCEPTED, READY, COMPLETED, NONE)                                                      \
    T(NOOP, DEFERRED, READY, REFUSED, NONE)                                                        \
    T(NOOP, REFUSED, READY, REFUSED, NONE)                                                         \
    WSMTP_SESSION_EARLY(T)                                                                         \
    WSMTP_SESSION_QUERY(T)                                                                         \
    WSMTP_SESSION_XCLIENT(T)                                                                       \
    T(READY, LEAVE, QUIT, NONE, NONE)                                                              \
    T(QUIT, ENDED, CLOSED, NONE, CLOSED)

#endif
