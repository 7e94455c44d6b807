/*
 * The drive loop of the native clients: an engine, the requests that wait for it, the facts that are
 * learned, and the errors that come of it. It does no I/O itself; an adapter moves octets between
 * its windows and a transport, and calls wsmtp_driver_run after everything that it does to a driver.
 * Private to adapters.
 *
 *   driver.c    life, windows, time limits, failure, the loop
 *   events.c    what the engine says
 *   requests.c  what the caller wants
 *   query.c     VRFY, EXPN, HELP and XCLIENT
 *   body.c      the message, from memory or a callback
 *   login.c     tokens from a callback, salted keys from a cache
 *   early.c     commands ahead of replies, and what to do if they were not welcome
 *   addresses.c, idna.c  addresses and names with non-ASCII characters
 *   settings.c  options     error.c  errors     texts.c, names.c  words
 */
#ifndef WSMTP_CLIENT_DRIVER_H
#define WSMTP_CLIENT_DRIVER_H

#include <wsmtp/client.h>
#include <wsmtp/request.h>

#include "settings.h"

#define WSMTP_NONCE_LEN 24u
#define WSMTP_BINDING_MAX 64u    /* the longest hash of a certificate */
#define WSMTP_LOCAL_NAME_MAX 64u /* "[IPv6:" address "]" and NUL */
#define WSMTP_CAUSE_WORDS_MAX 256u

/* What an adapter provides. */
uint64_t wsmtp_host_microseconds(void); /* of a clock that only goes forward */
bool wsmtp_host_entropy(uint8_t *bytes, size_t bytes_len);

typedef enum wsmtp_request_type {
    WSMTP_REQUEST_SEND = 0,
    WSMTP_REQUEST_OPEN, /* a second one, which fails */
    WSMTP_REQUEST_LOGIN,
    WSMTP_REQUEST_NOOP,
    WSMTP_REQUEST_RESET,
    WSMTP_REQUEST_QUIT,
    WSMTP_REQUEST_QUERY /* VRFY, EXPN, HELP, XCLIENT: started by request->start */
} wsmtp_request_type;

typedef enum wsmtp_driver_stage {
    WSMTP_DRIVER_NEW = 0,
    WSMTP_DRIVER_CONNECTING,
    WSMTP_DRIVER_RUNNING, /* the engine has begun */
    WSMTP_DRIVER_OVER     /* the adapter closes its transport */
} wsmtp_driver_stage;

typedef struct wsmtp_request_queue {
    wsmtp_request *first;
    wsmtp_request *last;
} wsmtp_request_queue;

/* What of a transaction was changed for the time that it is under way. */
struct wsmtp_client_addresses {
    const char *reverse_path; size_t reverse_path_len;
    size_t recipients_len;
    char *texts;
    struct {
        const char *address; size_t address_len;
    } recipients[];
};

typedef struct wsmtp_driver wsmtp_driver;

/*
 * What wsmtp/client.h offers and the components of WASI do without. It is reached through the
 * settings, so that a program which makes these by itself, without settings.c, does not carry it.
 */
typedef struct wsmtp_services {
    bool (*begin)(wsmtp_driver *d);     /* true: the login begins when there is a token */
    bool (*ask)(wsmtp_driver *d);       /* for a token, if one is wanted; whether anything came of it */
    void (*late)(wsmtp_driver *d);      /* the time limit of a token that was to come is over */
    bool (*find_key)(wsmtp_driver *d);  /* true: the engine has got the salted key */
    void (*logged_in)(wsmtp_driver *d);
    bool (*refused)(wsmtp_driver *d, const wsmtp_error *error); /* true: the login is repeated */
    void (*end)(wsmtp_driver *d);       /* of a login, however it went: wipes */
    /* What it changes in the transaction goes to s->addresses. False with *error filled in. */
    bool (*addresses)(wsmtp_driver *d, wsmtp_send_request *s, wsmtp_client_error *error);
    bool (*send_early)(wsmtp_driver *d); /* a message behind the login; whether anything came of it */
    bool (*fall_back)(wsmtp_driver *d, const wsmtp_event *event); /* true: it was no end, but begins anew */
} wsmtp_services;
extern const wsmtp_services wsmtp_client_services;

struct wsmtp_driver {
    wsmtp_engine engine;
    wsmtp_config config;
    const wsmtp_settings *settings;
    uint8_t stage;

    /* What the adapter has to do. */
    bool wants_tls; /* a handshake: then wsmtp_driver_secured or _failed; the adapter resets it */
    bool wants_key; /* a derived key, as derive says: then wsmtp_driver_key; the adapter resets it */
    bool wants_restart; /* another connection: then wsmtp_driver_connected; the adapter resets it */
    bool learned;   /* facts.capabilities are what the server offers to everybody; the adapter resets it */
    struct {
        wsmtp_hash hash;
        uint32_t iterations;
        uint8_t salt[128];
        size_t salt_len;
        uint8_t key[WSMTP_HASH_MAX]; /* that was derived, until the login is over */
        size_t key_len;
        bool from_cache;
    } derive;

    /* requests */
    wsmtp_request *opening;       /* open, until it is done */
    wsmtp_request *command;       /* login, NOOP, RSET or QUIT under way */
    wsmtp_request_queue waiting;
    wsmtp_request_queue sending;  /* messages that the engine has, oldest first */
    wsmtp_request_queue put_back; /* messages that wait again, if it begins anew */
    bool ready;
    bool giving_up;               /* QUIT because login failed while opening */
    bool ending;                  /* cancelled, or out of time: nothing begins anew */
    bool quit_due;                /* ... but a message is still to be answered */
    bool hurried, confirmed;      /* READY came; EHLO was answered, behind TLS if there is TLS */
    bool sent_early;              /* or tried to, in the login under way */
    bool cancelled;

    /* the message under way */
    wsmtp_send_request *feeding;  /* the server waits for the rest of its body */
    wsmtp_send_request *fed;      /* the last that it waited for; only to be compared */
    bool body_later;              /* its callback said so */
    bool body_ended;              /* but is not all handed over yet */
    uint8_t *piece; size_t piece_at, piece_len; /* from its callback */

    /* login */
    const wsmtp_credentials *credentials; /* of the login under way; NULL: none is */
    wsmtp_credentials login;              /* the same with what the client fills in */
    bool login_repeated;
    const wsmtp_key_cache *keys;          /* of the options, or the adapter's own; may be NULL */
    bool takes_later;                     /* the adapter is asynchronous; set by it */
    bool token_wanted, token_later, token_ready;
    struct wsmtp_driver_token *token;     /* that the callback gave */
    uint8_t nonce[WSMTP_NONCE_LEN];
    wsmtp_binding binding; /* of the TLS channel; set by the adapter before wsmtp_driver_secured */
    uint8_t binding_data[WSMTP_BINDING_MAX];
    size_t binding_data_len;

    /* time limits: moments on the host's clock; 0 = none */
    uint64_t began;
    uint64_t phase_at, total_at, last_words_at;
    uint32_t epoch;
    bool timed;

    /* failure */
    wsmtp_cause cause;
    char cause_words[WSMTP_CAUSE_WORDS_MAX];
    wsmtp_client_error error;

    /* what is learned */
    wsmtp_client_facts facts;
    char *greeting, *ehlo, *ehlo_before_tls;
    char *answer; /* to the last VRFY, EXPN or HELP */
    char local_name[WSMTP_LOCAL_NAME_MAX];
    char reply_text[WSMTP_KEPT_TEXT_MAX + 1];
    bool answer_due;

    wsmtp_trace_callback trace; void *trace_context;
    wsmtp_event_callback event; void *event_context;
};

/* Allocates buffers; false if memory is short. settings are borrowed until _end. */
bool wsmtp_driver_init(wsmtp_driver *d, const wsmtp_settings *settings);
void wsmtp_driver_end(wsmtp_driver *d);

/* The adapter has begun to connect; the clock starts. */
void wsmtp_driver_begin(wsmtp_driver *d, wsmtp_request *request);
/* It is connected; local_name is its address as literal ("[192.0.2.1]"), used if options name none. */
void wsmtp_driver_connected(wsmtp_driver *d, const char *address, const char *local_name);
void wsmtp_driver_secured(wsmtp_driver *d);
void wsmtp_driver_key(wsmtp_driver *d, const uint8_t *key, size_t key_len);

/* The transport failed, or this side gives up. The first cause is the one that counts. */
void wsmtp_driver_failed(wsmtp_driver *d, wsmtp_reason reason, wsmtp_cause cause, const char *words);
/* Nothing can be written any more; but the server may have said why, so reading goes on for a while. */
void wsmtp_driver_write_failed(wsmtp_driver *d, wsmtp_cause cause, const char *words);

/* Does everything that can be done now without I/O. True if the state of the driver has changed. */
bool wsmtp_driver_run(wsmtp_driver *d);

/* Windows as those of the engine, with trace and counts. NULL: nothing to do now. */
uint8_t *wsmtp_driver_input(wsmtp_driver *d, size_t *len);
void wsmtp_driver_received(wsmtp_driver *d, uint8_t *window, size_t n); /* n = 0: end of input */
const uint8_t *wsmtp_driver_output(wsmtp_driver *d, size_t *len);
void wsmtp_driver_sent(wsmtp_driver *d, size_t n);

/* When to call wsmtp_driver_expire, on the host's clock; 0 = never. */
uint64_t wsmtp_driver_deadline(const wsmtp_driver *d);
void wsmtp_driver_expire(wsmtp_driver *d);
void wsmtp_driver_limit(wsmtp_driver *d, uint32_t total_timeout);
void wsmtp_driver_limit_command(wsmtp_driver *d); /* what the engine knows nothing of */
void wsmtp_driver_limit_connect(wsmtp_driver *d);

void wsmtp_driver_request(wsmtp_driver *d, wsmtp_request *request, wsmtp_request_type type);
void wsmtp_driver_send(wsmtp_driver *d, wsmtp_send_request *request);
/* As nothing of it has been done yet: for who keeps requests before a driver gets them. */
void wsmtp_send_request_begin(wsmtp_send_request *request);

/* query.c, so that only programs with such commands carry them. The step is VRFY, EXPN or HELP. */
void wsmtp_driver_query(wsmtp_driver *d, wsmtp_request *request, wsmtp_step step,
                        const char *argument, size_t argument_len);
void wsmtp_driver_xclient(wsmtp_driver *d, wsmtp_request *request, const wsmtp_parameter *attributes,
                          size_t attributes_len);

/* Completes a message that no engine ever had: NOT_SENT to every recipient. */
void wsmtp_driver_report_unsent(wsmtp_send_request *request, const wsmtp_client_error *error);

bool wsmtp_driver_idle(const wsmtp_driver *d);

/* Between the files of the driver. */
void wsmtp_driver_mark(wsmtp_driver *d, wsmtp_moment moment);
void wsmtp_driver_tell(wsmtp_driver *d, wsmtp_client_event *event);
void wsmtp_driver_engine_error(wsmtp_driver *d, wsmtp_client_error *error, const wsmtp_error *from);
void wsmtp_driver_handle(wsmtp_driver *d, const wsmtp_event *event);        /* events.c */
wsmtp_reason wsmtp_driver_login(wsmtp_driver *d, const wsmtp_credentials *credentials);
wsmtp_reason wsmtp_driver_login_begin(wsmtp_driver *d);
void wsmtp_driver_command_failed(wsmtp_driver *d, const wsmtp_client_error *error);
void wsmtp_driver_end_login(wsmtp_driver *d);
void wsmtp_driver_leave(wsmtp_driver *d); /* gives up: QUIT, or a closed connection if it cannot be said */
bool wsmtp_driver_start_requests(wsmtp_driver *d);                          /* requests.c */
wsmtp_send_request *wsmtp_driver_find(wsmtp_driver *d, const wsmtp_transaction *transaction);
/* False: it waits again, the engine does not take it before the login is over. */
bool wsmtp_driver_start_first(wsmtp_driver *d);
void wsmtp_driver_put_back(wsmtp_driver *d, const wsmtp_transaction *transaction); /* into put_back */
void wsmtp_driver_wait_again(wsmtp_driver *d); /* all of put_back, and the command under way */
void wsmtp_driver_complete(wsmtp_request *request, const wsmtp_client_error *error);
void wsmtp_driver_complete_command(wsmtp_driver *d, const wsmtp_client_error *error);
void wsmtp_driver_complete_send(wsmtp_driver *d, const wsmtp_event *event);
void wsmtp_driver_complete_all(wsmtp_driver *d);
bool wsmtp_driver_feed(wsmtp_driver *d);                                    /* body.c */
wsmtp_reason wsmtp_driver_scan(wsmtp_send_request *request);
bool wsmtp_driver_send_early(wsmtp_driver *d);                              /* early.c */
bool wsmtp_driver_fall_back(wsmtp_driver *d, const wsmtp_event *event);
bool wsmtp_addresses_prepare(wsmtp_driver *d, wsmtp_send_request *request,     /* addresses.c */
                             wsmtp_client_error *error);

#endif
