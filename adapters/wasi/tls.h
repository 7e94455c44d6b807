/*
 * TLS on a socket: mbedTLS (tls.c), or none in builds without it (tls_none.c). Certificate and name
 * are always verified. Private.
 */
#ifndef WSMTP_WASI_TLS_H
#define WSMTP_WASI_TLS_H

#include "certificate.h"
#include "settings.h"
#include "socket.h"

#define WSMTP_WASI_BINDING_LEN 32u

typedef struct wsmtp_wasi_tls wsmtp_wasi_tls;

/* Why TLS failed: static words, or NULL. */
typedef struct wsmtp_wasi_tls_failure {
    wsmtp_reason reason;
    wsmtp_cause cause;
    const char *words;
} wsmtp_wasi_tls_failure;

/* What is known of a connection once it is secure. */
typedef struct wsmtp_wasi_tls_facts {
    const char *version; /* "TLSv1.3" */
    const char *cipher;
} wsmtp_wasi_tls_facts;

/*
 * Begins TLS with the server of the settings. All but failure are borrowed until _end. The certificate
 * that the server presents is noted, also if it is refused; not in builds whose callers cannot ask.
 * NULL with *failure filled in.
 */
wsmtp_wasi_tls *wsmtp_wasi_tls_begin(wsmtp_wasi_socket *s, const wsmtp_settings *settings,
                                     wsmtp_wasi_certificate *certificate,
                                     wsmtp_wasi_tls_failure *failure);

/* Goes on with the handshake. 1: done; WSMTP_WASI_AGAIN: wait; WSMTP_WASI_BROKEN: *failure. */
int wsmtp_wasi_tls_handshake(wsmtp_wasi_tls *tls, wsmtp_wasi_tls_failure *failure);

void wsmtp_wasi_tls_facts_get(wsmtp_wasi_tls *tls, wsmtp_wasi_tls_facts *facts);

/* What only the two ends of this connection know (RFC 9266). False: it has none, for it is TLS 1.2. */
bool wsmtp_wasi_tls_bind(wsmtp_wasi_tls *tls, uint8_t binding[WSMTP_WASI_BINDING_LEN]);

/* As wsmtp_wasi_read and _write; WSMTP_WASI_BROKEN fills in *failure. */
ptrdiff_t wsmtp_wasi_tls_read(wsmtp_wasi_tls *tls, uint8_t *buffer, size_t buffer_len,
                              wsmtp_wasi_tls_failure *failure);
ptrdiff_t wsmtp_wasi_tls_write(wsmtp_wasi_tls *tls, const uint8_t *bytes, size_t bytes_len,
                               wsmtp_wasi_tls_failure *failure);

/* Whether octets wait inside for room in the socket. */
bool wsmtp_wasi_tls_wants_room(const wsmtp_wasi_tls *tls);

/* Says close_notify if politely; wipes and frees. NULL is taken. */
void wsmtp_wasi_tls_end(wsmtp_wasi_tls *tls, bool politely);

#endif
