/*
 * The session's transitions: T(state, input, next state, action). The only place that says what
 * follows what; the diagram in the docs is drawn from it. A pair that is not listed is an error:
 * a reply that does not fit, or a call out of order.
 */
#ifndef WSMTP_SESSION_TABLE_H
#define WSMTP_SESSION_TABLE_H

#define WSMTP_SESSION_INPUTS(I)                                                                    \
    I(OPEN)       /* the connection is there */                                                    \
    I(OPEN_TLS)   /* the connection is there, TLS comes first */                                   \
    I(SECURED)    /* the handshake is done */                                                      \
    I(ACCEPTED)   /* 2xx */                                                                        \
    I(UPGRADABLE) /* 2xx, and TLS is required but not there yet */                                 \
    I(DEFERRED)   /* 4xx */                                                                        \
    I(REFUSED)    /* 5xx */                                                                        \
    I(LOGIN)                                                                                       \
    I(SUBMIT)                                                                                      \
    I(RESET)                                                                                       \
    I(PING)                                                                                        \
    I(LEAVE)                                                                                       \
    I(FINISHED)   /* login or last transaction over */                                             \
    I(ENDED)      /* any reply at all, or the connection's end */

#define WSMTP_SESSION_ACTIONS(A)                                                                   \
    A(NOTHING)                                                                                     \
    A(HANDSHAKE)     /* event START_TLS */                                                         \
    A(GREETED)       /* event GREETING, send EHLO */                                               \
    A(SEND_EHLO)                                                                                   \
    A(SEND_HELO)                                                                                   \
    A(SEND_STARTTLS) /* event EHLO, send STARTTLS */                                               \
    A(OPENED)        /* events EHLO and READY */                                                   \
    A(COMPLETED)     /* event COMPLETED */                                                         \
    A(DECLINED)      /* event REFUSED */                                                           \
    A(CLOSE)         /* event CLOSED */

#define WSMTP_SESSION_TABLE(T)                                                                     \
    T(START, OPEN, GREETING, NOTHING)                                                              \
    T(START, OPEN_TLS, TLS, HANDSHAKE)                                                             \
    T(TLS, SECURED, GREETING, NOTHING)                                                             \
    T(GREETING, ACCEPTED, EHLO, GREETED)                                                           \
    T(EHLO, ACCEPTED, READY, OPENED)                                                               \
    T(EHLO, UPGRADABLE, STARTTLS, SEND_STARTTLS)                                                   \
    T(EHLO, REFUSED, HELO, SEND_HELO)                                                              \
    T(HELO, ACCEPTED, READY, OPENED)                                                               \
    T(STARTTLS, ACCEPTED, UPGRADE, HANDSHAKE)                                                      \
    T(UPGRADE, SECURED, EHLO, SEND_EHLO)                                                           \
    T(READY, LOGIN, AUTH, NOTHING)                                                                 \
    T(AUTH, FINISHED, READY, NOTHING)                                                              \
    T(READY, SUBMIT, TRANSACTION, NOTHING)                                                         \
    T(TRANSACTION, SUBMIT, TRANSACTION, NOTHING)                                                   \
    T(TRANSACTION, FINISHED, READY, NOTHING)                                                       \
    T(READY, RESET, RSET, NOTHING)                                                                 \
    T(RSET, ACCEPTED, READY, COMPLETED)                                                            \
    T(RSET, DEFERRED, READY, DECLINED)                                                             \
    T(RSET, REFUSED, READY, DECLINED)                                                              \
    T(READY, PING, NOOP, NOTHING)                                                                  \
    T(NOOP, ACCEPTED, READY, COMPLETED)                                                            \
    T(NOOP, DEFERRED, READY, DECLINED)                                                             \
    T(NOOP, REFUSED, READY, DECLINED)                                                              \
    T(READY, LEAVE, QUIT, NOTHING)                                                                 \
    T(QUIT, ENDED, CLOSED, CLOSE)

#endif
