/*
 * A client for programs without an event loop: it opens the connection, does TLS, and runs the
 * engine to the end of each call. Nothing of a host occurs in this header, so a program written on
 * it builds for every host that has an implementation: libuv and OpenSSL (adapters/uv), WASI. The
 * asynchronous clients of those hosts use its types.
 *
 *     wsmtp_client_options options;
 *     wsmtp_client_options_init(&options);
 *     options.host = "mail.example.com";
 *     options.credentials = &credentials;
 *     wsmtp_client *client = wsmtp_client_new(&options);
 *     if (wsmtp_client_open(client) && wsmtp_client_send(client, &transaction, &body))
 *         ...                                    wsmtp_client_result_get(client)
 *     else
 *         fputs(wsmtp_client_error_get(client)->message, stderr);
 *     wsmtp_client_quit(client);
 *     wsmtp_client_free(client);
 *
 * Conventions, said once:
 * - Sizes are bytes, limits of time milliseconds, moments microseconds since wsmtp_client_open.
 * - Names of hosts and files are NUL-terminated; what travels in the protocol is (pointer, length).
 * - Options are copied by wsmtp_client_new, what they point to included, and files are read there;
 *   secrets are wiped by wsmtp_client_free. A transaction and a body are borrowed for the call.
 * - A call that returns bool returns true for success; else wsmtp_client_error_get says why.
 * - Pointers handed out are valid until the next call with the same client that may wait.
 * - A client belongs to one thread. Only wsmtp_client_cancel may be called from elsewhere.
 * - Server certificates are always verified, name included (RFC 8314, RFC 9525). Nothing turns
 *   that off: for a private server give its certificate authority.
 * - Host names may be internationalized ("bücher.example" in UTF-8): they are looked up, sent as SNI
 *   and compared with certificates as A-labels (RFC 5890). NOT_BUILT where the build has no IDNA.
 */
#ifndef WSMTP_CLIENT_H
#define WSMTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WSMTP_PIN_LEN 32u /* SHA-256 of a SubjectPublicKeyInfo (RFC 7469 section 2.4) */

typedef enum wsmtp_client_protocol {
    WSMTP_CLIENT_SMTP = 0,
    WSMTP_CLIENT_LMTP /* RFC 2033; NOT_BUILT where the engine has no LMTP */
} wsmtp_client_protocol;

/* What the host knows about a failure beyond the engine's reason. */
typedef enum wsmtp_cause {
    WSMTP_CAUSE_NONE = 0,
    /* opening the connection */
    WSMTP_CAUSE_HOST_NOT_FOUND,      /* the name does not exist, or has no address */
    WSMTP_CAUSE_HOST_LOOKUP_FAILED,  /* the resolver could not say: retry later */
    WSMTP_CAUSE_CONNECTION_REFUSED,  /* nothing listens there */
    WSMTP_CAUSE_HOST_UNREACHABLE,
    WSMTP_CAUSE_CONNECTION_RESET,
    WSMTP_CAUSE_CONNECTION_TIMEOUT,  /* the connection or what is on it took too long */
    /* TLS */
    WSMTP_CAUSE_CERTIFICATE_UNTRUSTED, /* no chain to a trusted authority */
    WSMTP_CAUSE_CERTIFICATE_NAME,      /* for another name */
    WSMTP_CAUSE_CERTIFICATE_EXPIRED,
    WSMTP_CAUSE_CERTIFICATE_NOT_YET_VALID,
    WSMTP_CAUSE_CERTIFICATE_INVALID,   /* any other rule broken: purpose, key size, signature ... */
    WSMTP_CAUSE_PIN_MISMATCH,          /* valid, but not with the key that was pinned */
    WSMTP_CAUSE_NOT_TLS,               /* what the server sent is no TLS */
    WSMTP_CAUSE_TLS_VERSION,           /* no protocol version, cipher or group in common */
    WSMTP_CAUSE_CLIENT_CERTIFICATE,    /* the server wants another client certificate */
    WSMTP_CAUSE_TLS_ALERT,             /* any other alert of the server */
    WSMTP_CAUSE_TLS_TRUNCATED,         /* closed without close_notify */
    WSMTP_CAUSE_TLS_OTHER,
    /* on our side */
    WSMTP_CAUSE_FILE,        /* a file cannot be read, or holds nothing usable; see option */
    WSMTP_CAUSE_BODY_SOURCE, /* the callback that gives the message failed */
    WSMTP_CAUSE_DEADLINE,    /* total_timeout, or wsmtp_client_deadline */
    WSMTP_CAUSE_QUEUE_FULL,  /* too many messages wait (connection pools) */
    WSMTP_CAUSE_MEMORY,
    WSMTP_CAUSE_SYSTEM,      /* the host's system refused something else */
    WSMTP_CAUSE_TOKEN_SOURCE, /* the callback that gives the access token failed */
    WSMTP_CAUSE_COUNT
} wsmtp_cause;

/* Moments of a session: indexes of wsmtp_client_facts.moments. */
typedef enum wsmtp_moment {
    WSMTP_MOMENT_RESOLVED = 0, /* host name resolved */
    WSMTP_MOMENT_CONNECTED,    /* TCP (or Unix) connection there */
    WSMTP_MOMENT_TLS_BEGIN,
    WSMTP_MOMENT_TLS_END,
    WSMTP_MOMENT_GREETING,
    WSMTP_MOMENT_READY,         /* EHLO answered, after TLS if there is TLS */
    WSMTP_MOMENT_AUTH_BEGIN,
    WSMTP_MOMENT_AUTH_END,
    WSMTP_MOMENT_SEND_BEGIN,    /* of the last message */
    WSMTP_MOMENT_BODY_BEGIN,    /* the server waits for the message itself */
    WSMTP_MOMENT_BODY_END,      /* all of it is handed to the transport */
    WSMTP_MOMENT_SEND_END,      /* its outcome is known */
    WSMTP_MOMENT_QUIT_BEGIN,
    WSMTP_MOMENT_CLOSED,
    WSMTP_MOMENT_COUNT
} wsmtp_moment;

/* Octets as they pass between engine and transport: inside of TLS, if there is TLS. */
typedef struct wsmtp_trace {
    bool sent;     /* to the server; else received */
    bool secure;   /* protected by TLS */
    const uint8_t *bytes; size_t bytes_len;
    size_t secret_at; /* bytes from here on carry credentials: do not show them; == bytes_len if none */
    uint64_t at;      /* moment */
} wsmtp_trace;

typedef enum wsmtp_client_event_type {
    WSMTP_CLIENT_EVENT_RESOLVED = 1,   /* addresses_len */
    WSMTP_CLIENT_EVENT_ATTEMPT,        /* address: a connection to it begins */
    WSMTP_CLIENT_EVENT_ATTEMPT_FAILED, /* address, cause */
    WSMTP_CLIENT_EVENT_CONNECTED,      /* address */
    WSMTP_CLIENT_EVENT_SECURED,        /* TLS done and verified */
    WSMTP_CLIENT_EVENT_ENGINE,         /* engine: an event of the engine */
    WSMTP_CLIENT_EVENT_PROGRESS,       /* octets: taken from the body of the message so far */
    WSMTP_CLIENT_EVENT_CLOSED          /* once, whatever came before */
} wsmtp_client_event_type;

typedef struct wsmtp_client_event {
    wsmtp_client_event_type type;
    uint64_t at;               /* moment */
    const char *address;       /* numeric, with port; NULL if the event has none */
    size_t addresses_len;      /* count */
    wsmtp_cause cause;
    const wsmtp_event *engine;
    uint64_t octets;
} wsmtp_client_event;

/* Both are called while a call of the client runs, and may call only wsmtp_client_cancel. What they
 * are given is valid until they return. */
typedef void (*wsmtp_trace_callback)(void *context, const wsmtp_trace *trace);
typedef void (*wsmtp_event_callback)(void *context, const wsmtp_client_event *event);

/*
 * Gives an OAuth 2.0 access token: writes it into buffer and returns its length in bytes, or
 * WSMTP_TOKEN_FAILED. Asynchronous clients also take WSMTP_TOKEN_LATER, and ask again after
 * wsmtp_uv_token_ready. It is asked once for each login, and once more with refused = true if the
 * server refuses that token (5xx to OAUTHBEARER or XOAUTH2, RFC 7628): with the fresh one the login
 * is repeated on the same session, once; without one the refusal stands. A token that comes later is
 * waited for as long as the answer to a command. The buffer is wiped when the login is over.
 */
#define WSMTP_TOKEN_MAX 65536u /* bytes of a buffer for a token */
#define WSMTP_TOKEN_FAILED (-1)
#define WSMTP_TOKEN_LATER (-2)
typedef ptrdiff_t (*wsmtp_token_callback)(void *context, bool refused, char *buffer,
                                          size_t buffer_len);

/* What a salted key of SCRAM (RFC 5802 section 3) was derived for: a cache compares every member. */
typedef struct wsmtp_salted_key {
    const char *host; /* or the Unix path */
    const char *user; size_t user_len;
    wsmtp_hash hash;
    uint32_t iterations;
    const uint8_t *salt; size_t salt_len;
} wsmtp_salted_key;

/*
 * Salted keys kept by the caller, so that the next connection costs no derivation. Asked for logins
 * with the credentials of the options only. A key stands for its password: who has it can log in, and
 * a login with it succeeds whatever password was given, so a cache must not serve where the login
 * itself is to show that a password is right. If a key that lookup gave is refused (5xx), it is
 * forgotten and the login repeated once with a key derived from the password. The callbacks may call
 * nothing of the client; a cache that clients of several threads share locks itself.
 */
typedef struct wsmtp_key_cache {
    void *context;
    /* Whether there is one: then its wsmtp_hash_len(of->hash) bytes are in key. */
    bool (*lookup)(void *context, const wsmtp_salted_key *of, uint8_t key[WSMTP_HASH_MAX]);
    /* A login with this key, which lookup did not give, succeeded. */
    void (*store)(void *context, const wsmtp_salted_key *of, const uint8_t *key, size_t key_len);
    /* The one that lookup gave was refused, or the session ended over it. */
    void (*forget)(void *context, const wsmtp_salted_key *of);
} wsmtp_key_cache;

typedef struct wsmtp_client_options {
    size_t size; /* sizeof(wsmtp_client_options); wsmtp_client_options_init sets it */

    wsmtp_client_protocol protocol;
    const char *host;      /* name or address literal without brackets, or NULL with unix_path */
    uint16_t port;         /* 0: 465 implicit TLS, 587 STARTTLS, 25 without TLS, 24 LMTP */
    const char *unix_path; /* Unix domain socket; counts as secure. TLS over it needs tls_name */
    wsmtp_tls tls;         /* default WSMTP_TLS_IMPLICIT */

    const char *tls_name;  /* name or address that the certificate must be for, sent as SNI if a
                              name; NULL: host */
    const char *ca_file;   /* PEM: the authorities to trust instead of the system's */
    const void *ca_pem; size_t ca_pem_len;     /* the same from memory; not both */
    const char *cert_file; /* PEM: client certificate, then its chain; with key_file */
    const char *key_file;  /* PEM, not encrypted */
    const void *cert_pem; size_t cert_pem_len; /* the same from memory; not both */
    const void *key_pem; size_t key_pem_len;
    const uint8_t *pin;    /* WSMTP_PIN_LEN bytes: the server's key must be this one, too; or NULL */

    const char *ehlo_name; size_t ehlo_name_len; /* empty: the connection's own address as literal */
    const wsmtp_credentials *credentials; /* NULL: no login. Nonce and channel binding are filled in
                                             by the client, and host and port if host is empty */
    wsmtp_token_callback token; void *token_context; /* asked when credentials have neither password
                                                        nor token, and their mechanism is AUTO or one
                                                        of OAuth; NULL: they must have what it needs */
    const wsmtp_key_cache *keys; /* copied; NULL: none but the adapter's own (see wsmtp_uv.h) */
    uint32_t flags;        /* of wsmtp_config: WSMTP_NO_PIPELINING, WSMTP_NO_CHUNKING ... */
    uint32_t eager_octets; /* as in wsmtp_config */
    uint32_t overlap;      /* as in wsmtp_config: of use if several messages are waiting */
    const wsmtp_capabilities *expected; /* copied; NULL: nothing. As in wsmtp_config: what this server
                              offered on an earlier connection, from its facts. If it has changed, or
                              the server does not like to be hurried, the client connects once more
                              without it, by itself: no message has left then */
    bool early;            /* do not wait where waiting can be avoided (WSMTP_EARLY_ENVELOPE; and a
                              server object of an asynchronous client remembers what its server offers
                              and expects it of the next connection). NOT_BUILT where the engine
                              cannot */
    uint32_t timeouts[WSMTP_PHASE_COUNT]; /* as in wsmtp_config; CONNECT bounds name and connection */
    uint32_t total_timeout; /* from wsmtp_client_open to the end of the session; 0 = no limit */
    size_t output_len;     /* output buffer; 0: 64 KiB. Larger pieces of a large body cost fewer writes */

    wsmtp_trace_callback trace; void *trace_context; /* NULL: none */
    wsmtp_event_callback event; void *event_context;
} wsmtp_client_options;

/*
 * An error, complete in itself. message is one line for people: "during RCPT TO, the server refused
 * every recipient: 550 5.1.1 no such user". It holds no credentials and nothing of the message.
 */
typedef struct wsmtp_client_error {
    wsmtp_reason reason; /* WSMTP_REASON_OK: no error */
    wsmtp_kind kind;
    wsmtp_cause cause;
    wsmtp_step step;
    wsmtp_field field;   /* for kind INPUT: what breaks the rule */
    size_t index;        /* of the recipient, for WSMTP_FIELD_RECIPIENT */
    const char *option;  /* for WSMTP_FIELD_CONFIG: name of the member of the options; else "" */
    bool retryable;      /* the same request may succeed later, and repeating it duplicates nothing */
    bool in_doubt;       /* the end of data was handed over and no answer came */
    uint16_t code;       /* of the reply that caused it; 0 = none */
    wsmtp_enhanced_code enhanced;
    size_t text_len;
    char text[WSMTP_KEPT_TEXT_MAX];   /* of that reply, cleaned, lines joined with LF */
    size_t detail_len;
    char detail[WSMTP_KEPT_TEXT_MAX]; /* OAuth: the server's error JSON (RFC 7628 section 3.2.2); of a
                                         parameter: its keyword, "RET" */
    char message[1024];               /* NUL-terminated */
} wsmtp_client_error;

/*
 * Where the message comes from: memory, or a callback that puts the next octets into buffer and
 * returns how many (0 = no more), or WSMTP_BODY_FAILED. Asynchronous clients also take
 * WSMTP_BODY_LATER. The callback is asked only when there is room, so that memory stays constant.
 *
 * A message to more recipients than the server takes at a time (LIMITS, RFC 9422; or 452 for some of
 * them) goes in several transactions, each with the whole message: possible with a body in memory, or
 * if rewind is given. It makes read begin anew and returns whether it can. Without it the limits give
 * WSMTP_REASON_TOO_MANY_RECIPIENTS, and 452 is an outcome like any other.
 */
#define WSMTP_BODY_FAILED (-1)
#define WSMTP_BODY_LATER (-2)
typedef ptrdiff_t (*wsmtp_body_callback)(void *context, uint8_t *buffer, size_t buffer_len);

typedef struct wsmtp_client_body {
    const void *data; size_t data_len; /* used if read is NULL */
    wsmtp_body_callback read; void *context;
    bool (*rewind)(void *context); /* NULL: the message can be read only once */
} wsmtp_client_body;

/* Outcome of a message. Status, code and enhanced code of each recipient are in the transaction. */
typedef struct wsmtp_client_result {
    const wsmtp_transaction *transaction;
    wsmtp_reply reply;         /* that decided about the message; code 0 = none did */
    const char *queue_id; size_t queue_id_len; /* as far as the reply's text tells; empty if not */
    uint64_t octets;           /* taken from the body, the last time that it was given */
    uint32_t transactions;     /* that it went in: MAIL commands answered; more than 1 if the server took
                                  only so many recipients at a time */
    const wsmtp_client_error *error; /* NULL if a recipient was accepted */
    const struct wsmtp_client_texts *texts; /* private: see wsmtp_client_recipient_text */
} wsmtp_client_result;

/* The certificate that the server presented: also if it was refused. */
typedef struct wsmtp_client_certificate {
    const char *subject; /* RFC 2253 form; NULL: there was none */
    const char *issuer;
    const char *names;   /* subject alternative names, separated by ", " */
    int64_t not_before;  /* seconds since 1970-01-01 UTC */
    int64_t not_after;
    uint8_t pin[WSMTP_PIN_LEN]; /* of its key, as options.pin wants it */
} wsmtp_client_certificate;

/* What is known about a session; empty, 0 or NULL as long as it is not. Text is NUL-terminated. */
typedef struct wsmtp_client_facts {
    const char *address;    /* connected to: numeric with port, or the Unix path */
    const char *local_name; /* EHLO argument that was sent */
    const char *greeting;   /* text of the 220 */
    bool secure;            /* by TLS, or a Unix socket */
    const char *tls_version; /* "TLSv1.3" */
    const char *tls_cipher;
    wsmtp_client_certificate certificate;
    /* What EHLO was answered, before TLS (STARTTLS only) and now. Texts are the reply's lines joined
     * with LF, cleaned; the first one is the server's name. NULL: not asked. */
    const char *ehlo_before_tls; wsmtp_capabilities capabilities_before_tls;
    const char *ehlo; wsmtp_capabilities capabilities;
    bool logged_in;
    wsmtp_mechanism mechanism;
    uint32_t round_trips;  /* times that octets were sent and their answer waited for, handshakes of
                              TCP and TLS not counted */
    uint64_t octets_sent;  /* inside of TLS */
    uint64_t octets_received;
    uint64_t moments[WSMTP_MOMENT_COUNT]; /* 0: not reached */
} wsmtp_client_facts;

typedef struct wsmtp_client wsmtp_client;

/* Fills in defaults: implicit TLS, system authorities, the RFC's timeouts, no login. */
void wsmtp_client_options_init(wsmtp_client_options *options);

/*
 * Makes a client and checks its options; does not connect. NULL only if memory is short. An option
 * that breaks a rule, or a file that cannot be used, is reported by wsmtp_client_open.
 */
wsmtp_client *wsmtp_client_new(const wsmtp_client_options *options);

/*
 * Connects (every address in turn, RFC 8305), does TLS, reads the greeting, says EHLO, and logs in
 * if credentials were given (RFC 5321, RFC 8314, RFC 3207, RFC 4954). Once per client. After a
 * failure only the facts, the error and wsmtp_client_free are of use.
 */
bool wsmtp_client_open(wsmtp_client *client);

/* Logs in with other credentials than those of the options, which were NULL. Refused credentials
 * leave the session usable. */
bool wsmtp_client_login(wsmtp_client *client, const wsmtp_credentials *credentials);

/*
 * Sends one message. True if at least one recipient was accepted: look at each. The outcome of every
 * recipient is in the transaction, also after a failure; see wsmtp_client_result_get. Whether the
 * session can take another message tells wsmtp_client_is_open. A body in memory is scanned first: a
 * rule that it breaks is found before anything is sent, its size is declared if message_size is
 * WSMTP_SIZE_UNKNOWN, and what it needs if body is WSMTP_BODY_AUTO.
 *
 * Parameters of the transaction and its recipients (DSN, REQUIRETLS, DELIVERBY ...) go to the engine as
 * they are: see wsmtp_parameter. One whose extension the server does not offer gives
 * PARAMETER_NOT_OFFERED before anything is sent, or is left out if it is optional; the error's detail is
 * its keyword. WSMTP_SEND_SPLIT of the flags is the client's: set if the body can be given again.
 *
 * Addresses may have non-ASCII characters. With WSMTP_SEND_SMTPUTF8 they go as they are, or not at
 * all if the server lacks it. Without that flag the client finds out what they need: where only
 * domains are non-ASCII, these are sent as A-labels (RFC 5890), to every server; a local part has no
 * ASCII form, so it makes the message one with SMTPUTF8 (RFC 6531), or SMTPUTF8_MISSING. A domain that
 * is none gives DOMAIN_CHARACTER. In a build without IDNA a non-ASCII domain needs SMTPUTF8, too;
 * where the server lacks it: NOT_BUILT. The transaction itself is as it was when the call returns.
 */
bool wsmtp_client_send(wsmtp_client *client, wsmtp_transaction *transaction,
                       const wsmtp_client_body *body);

/* Commands of an idle session (RFC 5321 section 4.1.1). */
bool wsmtp_client_noop(wsmtp_client *client);
bool wsmtp_client_reset(wsmtp_client *client);

/*
 * Asks about a mailbox (VRFY), a list (EXPN), or the server (HELP: the argument may be empty). What it
 * said, refused or not, is in wsmtp_client_reply_get. As wsmtp_vrfy.
 */
bool wsmtp_client_vrfy(wsmtp_client *client, const char *argument, size_t argument_len);
bool wsmtp_client_expn(wsmtp_client *client, const char *argument, size_t argument_len);
bool wsmtp_client_help(wsmtp_client *client, const char *argument, size_t argument_len);

/*
 * Tells a server that trusts us whom we speak for (XCLIENT). The session begins anew: what it offers may
 * be something else then, and nobody is logged in. So log in behind it, by wsmtp_client_login.
 */
bool wsmtp_client_xclient(wsmtp_client *client, const wsmtp_parameter *attributes,
                          size_t attributes_len);

/* Reply to the last of VRFY, EXPN and HELP; code 0 if none came. Never NULL; valid until the next one. */
const wsmtp_reply *wsmtp_client_reply_get(const wsmtp_client *client);

/* Ends the session politely and closes the connection. Never fails: what was sent stays sent. */
void wsmtp_client_quit(wsmtp_client *client);

/* Closes the connection if there is one, wipes secrets, frees. NULL is taken. May wait for the
 * system's resolver, which cannot be interrupted. */
void wsmtp_client_free(wsmtp_client *client);

/* Whether the session is open and idle. */
bool wsmtp_client_is_open(const wsmtp_client *client);

/* Counts total_timeout anew from now, with another limit; 0 = none. */
void wsmtp_client_deadline(wsmtp_client *client, uint32_t total_timeout);

/* Ends the call that runs with CANCELLED, or the next one. From callbacks, and on hosts that have
 * them from other threads and signal handlers. */
void wsmtp_client_cancel(wsmtp_client *client);

/* The error of the last call that failed; reason OK if none did. Never NULL. */
const wsmtp_client_error *wsmtp_client_error_get(const wsmtp_client *client);

/* Result of the last wsmtp_client_send; NULL before the first. */
const wsmtp_client_result *wsmtp_client_result_get(const wsmtp_client *client);

/* Never NULL. */
const wsmtp_client_facts *wsmtp_client_facts_get(wsmtp_client *client);

/*
 * Text of the reply that decided about a recipient, cleaned; "" if none did. NUL-terminated, too. Of a
 * message in several transactions it is that to the recipient's own one.
 */
const char *wsmtp_client_recipient_text(const wsmtp_client_result *result, size_t index,
                                        size_t *text_len);

/* The queue identifier in that text, if the recipient was accepted; not NUL-terminated, empty if none. */
const char *wsmtp_client_recipient_queue_id(const wsmtp_client_result *result, size_t index,
                                            size_t *queue_id_len);

/*
 * A domain as A-labels ("xn--bcher-kva.example"), or with U-labels for people to read: IDNA 2008
 * with the mapping of UTS #46, nontransitional, as in URLs. NUL-terminated; a domain without
 * anything to convert is copied. OK, or NOT_BUILT, DOMAIN_CHARACTER, DOMAIN_TOO_LONG,
 * DOMAIN_LABEL_TOO_LONG, ADDRESS_UTF8_INVALID.
 */
#define WSMTP_DOMAIN_UNICODE_MAX 1024u
wsmtp_reason wsmtp_domain_to_ascii(const char *domain, size_t domain_len,
                                   char ascii[WSMTP_DOMAIN_MAX + 1]);
wsmtp_reason wsmtp_domain_to_unicode(const char *domain, size_t domain_len,
                                     char unicode[WSMTP_DOMAIN_UNICODE_MAX]);

/* Words for programs and logs, NUL-terminated static text: "refused", "in-doubt", "host-not-found",
 * "tls-begin". "" for a number that is none. */
const char *wsmtp_kind_name(wsmtp_kind kind);
const char *wsmtp_status_name(wsmtp_status status);
const char *wsmtp_cause_name(wsmtp_cause cause);
const char *wsmtp_moment_name(wsmtp_moment moment);

/* The same for a reason, written into name, which is returned: "reply-unexpected". */
#define WSMTP_REASON_NAME_MAX 48u
const char *wsmtp_reason_name(wsmtp_reason reason, char name[WSMTP_REASON_NAME_MAX]);

#ifdef __cplusplus
}
#endif

#endif
