/*
 * What the parts of the libuv adapter share. Private.
 *
 *   server.c       options, certificates, ownership       tls_context.c   SSL_CTX from options
 *   client.c       the public calls, the pump, the timer  tls.c           one TLS connection
 *   lookup.c       names to addresses                     tls_cause.c     why TLS failed
 *   connect.c      addresses to a connection              certificate.c   facts about a certificate
 *   stream.c       octets in and out                      binding.c       SCRAM's channel binding
 *   derive.c       SCRAM's key derivation                 keys.c          keys kept between sessions
 *   remember.c     capabilities kept between sessions     pool*.c         the pool
 *   blocking.c     wsmtp/client.h
 */
#ifndef WSMTP_UV_INTERNAL_H
#define WSMTP_UV_INTERNAL_H

#include "wsmtp_uv.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdatomic.h>

#include "driver.h"
#include "settings.h"

#define WSMTP_UV_ADDRESSES_MAX 16u  /* tried at most */
#define WSMTP_UV_ADDRESS_TEXT 112u  /* "[address]:port", or a Unix path; with NUL */

struct wsmtp_uv_server {
    atomic_uint owners;
    wsmtp_settings settings;
    SSL_CTX *tls; /* NULL without TLS */
    wsmtp_key_cache keys; /* its own, used if the options bring none */
    uv_mutex_t mutex;     /* for what follows */
    bool knows;           /* what was offered last */
    wsmtp_capabilities offered;
    struct {
        wsmtp_hash hash; /* 0: none */
        uint32_t iterations;
        uint8_t salt[128];
        size_t salt_len;
        uint8_t key[WSMTP_HASH_MAX];
    } kept; /* the last one that logged in */
};

/* One attempt to connect, or the connection. Frees itself once it is closed. */
typedef struct wsmtp_uv_link {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    uv_connect_t connect;
    wsmtp_uv_client *client;
    bool dropped; /* is being closed */
    struct wsmtp_uv_link *next;
    char address[WSMTP_UV_ADDRESS_TEXT];
} wsmtp_uv_link;

struct wsmtp_uv_client {
    wsmtp_driver driver;
    uv_loop_t *loop;
    wsmtp_uv_server *server;
    size_t handles; /* open handles that belong to the client */

    uv_timer_t timer;
    uint64_t timer_at; /* loop time when it fires; 0 = not armed */
    bool pumping, again;
    bool disconnected;
    bool closing;
    void (*closed)(void *context); void *closed_context;
    void (*over)(void *context); void *over_context; /* for the pool: after all callbacks of requests */

    /* connecting */
    struct wsmtp_uv_lookup *lookup;
    struct sockaddr_storage addresses[WSMTP_UV_ADDRESSES_MAX];
    size_t addresses_len, addresses_at;
    uint64_t next_attempt_at; /* host's clock; 0 = none planned */
    wsmtp_uv_link *links;     /* attempts under way */
    int first_failure;        /* libuv's error of the first attempt that failed, and its address */
    char first_failed[WSMTP_UV_ADDRESS_TEXT];

    /* connected */
    wsmtp_uv_link *link;
    char address[WSMTP_UV_ADDRESS_TEXT];
    bool reading, writing, end_of_input;
    uv_write_t write;
    char *spill; size_t spill_size; /* what the socket would not take at once */

    /* TLS */
    SSL *ssl;
    BIO *net_in, *net_out;
    char *net;        /* octets off the wire */
    bool handshaking;
    bool net_ready;   /* SSL_read may have something */
    X509 *certificate;
    char *subject, *issuer, *names;

    struct wsmtp_uv_derivation *derivation;
    wsmtp_capabilities expected;
};

/* client.c */
void wsmtp_uv_pump(wsmtp_uv_client *client);
void wsmtp_uv_handle_closed(wsmtp_uv_client *client);

/* lookup.c */
void wsmtp_uv_lookup(wsmtp_uv_client *client); /* then wsmtp_uv_resolved, or failure */
void wsmtp_uv_lookup_stop(wsmtp_uv_client *client);
wsmtp_cause wsmtp_uv_cause(int status); /* of an error of libuv */
/* A numeric address with its port; as a literal of RFC 5321 section 4.1.3 if port is 0. */
void wsmtp_uv_address_text(const struct sockaddr_storage *address, unsigned port, char *text,
                           size_t text_len);

/* connect.c */
void wsmtp_uv_connect(wsmtp_uv_client *client);
void wsmtp_uv_resolved(wsmtp_uv_client *client);
void wsmtp_uv_connect_tick(wsmtp_uv_client *client);
void wsmtp_uv_connect_stop(wsmtp_uv_client *client); /* closes every attempt and the connection */

/* stream.c */
void wsmtp_uv_set_reading(wsmtp_uv_client *client);
/* Hands octets over; false if the socket is full, or broken, and nothing more should be given. */
bool wsmtp_uv_hand_over(wsmtp_uv_client *client, const uint8_t *bytes, size_t bytes_len);
bool wsmtp_uv_write_plain(wsmtp_uv_client *client);

/* tls.c */
void wsmtp_uv_tls_begin(wsmtp_uv_client *client);
bool wsmtp_uv_tls_exchange(wsmtp_uv_client *client);
void wsmtp_uv_tls_end(wsmtp_uv_client *client); /* says close_notify if the session ended well */

/* tls_context.c: NULL with *error filled in */
SSL_CTX *wsmtp_uv_tls_context(const wsmtp_settings *settings, const wsmtp_client_options *options,
                              wsmtp_client_error *error);

/* tls_cause.c: of the error that OpenSSL has queued; words are at most words_len with NUL */
wsmtp_cause wsmtp_uv_tls_cause(const SSL *ssl, char *words, size_t words_len);

/* certificate.c */
bool wsmtp_uv_pin(X509 *certificate, uint8_t pin[WSMTP_PIN_LEN]);
void wsmtp_uv_certificate_facts(wsmtp_uv_client *client);

/* binding.c: for the driver's next login */
void wsmtp_uv_bind_channel(wsmtp_uv_client *client);

/* derive.c */
void wsmtp_uv_derive(wsmtp_uv_client *client);
void wsmtp_uv_derive_stop(wsmtp_uv_client *client);

/* remember.c: what a server offers, for its next session, if the options have early */
void wsmtp_uv_remember(wsmtp_uv_client *client);
void wsmtp_uv_recall(wsmtp_uv_client *client);

/* keys.c: a server's own cache, made with the server */
bool wsmtp_uv_keys_init(wsmtp_uv_server *server);
void wsmtp_uv_keys_end(wsmtp_uv_server *server);

/* server.c */
wsmtp_uv_server *wsmtp_uv_server_keep(wsmtp_uv_server *server);

#endif
