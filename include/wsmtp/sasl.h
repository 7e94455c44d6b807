/*
 * SASL client mechanisms (RFC 4422), without I/O, heap or base64: challenges come in decoded,
 * responses go out raw; the engine does the base64 of RFC 4954. Usable on its own.
 *
 * Texts are (pointer, length). Credentials are borrowed from wsmtp_sasl_begin until wsmtp_sasl_end.
 * Responses are produced in pieces of any size, so a long token needs no long buffer.
 */
#ifndef WSMTP_SASL_H
#define WSMTP_SASL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "features.h"
#include "reason.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum wsmtp_mechanism {
    WSMTP_MECHANISM_AUTO = 0, /* SCRAM-SHA-256, else SCRAM-SHA-512, PLAIN, LOGIN; with a channel binding
                                 the -PLUS forms before them; with a token:
                                 OAUTHBEARER, else XOAUTH2 */
    WSMTP_MECHANISM_PLAIN,
    WSMTP_MECHANISM_LOGIN,
    WSMTP_MECHANISM_SCRAM_SHA_256,
    WSMTP_MECHANISM_SCRAM_SHA_1,
    WSMTP_MECHANISM_CRAM_MD5,
    WSMTP_MECHANISM_XOAUTH2,
    WSMTP_MECHANISM_OAUTHBEARER,
    WSMTP_MECHANISM_SCRAM_SHA_256_PLUS,
    WSMTP_MECHANISM_SCRAM_SHA_1_PLUS,
    WSMTP_MECHANISM_EXTERNAL,  /* RFC 4422 appendix A: the channel says who we are; authzid or empty */
    WSMTP_MECHANISM_ANONYMOUS, /* RFC 4505: user is the trace information, may be empty */
    WSMTP_MECHANISM_SCRAM_SHA_512,
    WSMTP_MECHANISM_SCRAM_SHA_512_PLUS,
    WSMTP_MECHANISM_COUNT
} wsmtp_mechanism;

/* A set of mechanisms: bit (1u << mechanism). */
typedef uint32_t wsmtp_mechanism_set;

/* Channel bindings (RFC 5802 section 6): what ties a login to its TLS channel. */
typedef enum wsmtp_binding {
    WSMTP_BINDING_NONE = 0,
    WSMTP_BINDING_TLS_EXPORTER,        /* RFC 9266: 32 bytes, TLS 1.3 */
    WSMTP_BINDING_TLS_SERVER_END_POINT /* RFC 5929: hash of the server's certificate */
} wsmtp_binding;

typedef enum wsmtp_hash {
    WSMTP_HASH_SHA_1 = 1,
    WSMTP_HASH_SHA_256 = 2,
    WSMTP_HASH_SHA_512 = 3
} wsmtp_hash;

#define WSMTP_HASH_MAX 64u               /* longest digest, bytes */
#define WSMTP_NONCE_MIN 16u              /* bytes of entropy for SCRAM */
#define WSMTP_NONCE_MAX 24u              /* more is ignored */
#define WSMTP_SCRAM_ITERATIONS_MIN 4096u /* default lower limit, RFC 7677 section 4 */
#define WSMTP_SCRAM_ITERATIONS_MAX 600000u
#define WSMTP_SASL_CHALLENGE_MAX 748u    /* bytes of a decoded challenge: one reply line of 998 octets */

/*
 * What the caller knows. Texts go out as given: a SCRAM password with non-ASCII characters should be
 * normalized by the caller (RFC 5802 section 2.2). A text that a mechanism needs must not be empty.
 */
typedef struct wsmtp_credentials {
    size_t size;                       /* sizeof(wsmtp_credentials); wsmtp_credentials_init sets it */
    wsmtp_mechanism mechanism;         /* AUTO, or the one mechanism to use and no other */
    const char *user; size_t user_len;         /* authentication identity, UTF-8, no NUL */
    const char *password; size_t password_len; /* UTF-8, no NUL */
    const char *token; size_t token_len;       /* OAuth 2.0 access token; b64token, printable ASCII */
    const char *authzid; size_t authzid_len;   /* authorization identity, normally empty; not for LOGIN, CRAM-MD5, XOAUTH2 */
    const char *host; size_t host_len;         /* OAUTHBEARER only, may be empty */
    uint32_t port;                             /* OAUTHBEARER only, 0 = leave out */
    const uint8_t *nonce; size_t nonce_len;    /* SCRAM: fresh random bytes, WSMTP_NONCE_MIN or more */
    uint32_t scram_iterations_min;     /* 0 = WSMTP_SCRAM_ITERATIONS_MIN */
    uint32_t scram_iterations_max;     /* 0 = WSMTP_SCRAM_ITERATIONS_MAX */
    bool allow_plaintext_auth;         /* send credentials although the channel is not secure */
    wsmtp_binding binding;             /* of the TLS channel in use, if the host can give one */
    const uint8_t *binding_data; size_t binding_data_len;
} wsmtp_credentials;

/* Fields named by errors (wsmtp_error.field). */
typedef enum wsmtp_field {
    WSMTP_FIELD_NONE = 0,
    WSMTP_FIELD_REVERSE_PATH,
    WSMTP_FIELD_RECIPIENT, /* wsmtp_error.index says which */
    WSMTP_FIELD_EHLO_NAME,
    WSMTP_FIELD_MESSAGE,
    WSMTP_FIELD_USER,
    WSMTP_FIELD_PASSWORD,
    WSMTP_FIELD_TOKEN,
    WSMTP_FIELD_AUTHZID,
    WSMTP_FIELD_HOST,
    WSMTP_FIELD_NONCE,
    WSMTP_FIELD_MECHANISM,
    WSMTP_FIELD_ITERATIONS,
    WSMTP_FIELD_CONFIG,
    WSMTP_FIELD_BINDING,
    WSMTP_FIELD_PARAMETER,           /* of MAIL or XCLIENT; wsmtp_error.detail is its keyword */
    WSMTP_FIELD_RECIPIENT_PARAMETER, /* the same of RCPT; wsmtp_error.index says which recipient */
    WSMTP_FIELD_RECIPIENTS,          /* all of them */
    WSMTP_FIELD_ARGUMENT             /* of VRFY, EXPN, HELP */
} wsmtp_field;

typedef enum wsmtp_sasl_status {
    WSMTP_SASL_RESPOND,  /* a response is ready: read it to its end, send it (it may be empty) */
    WSMTP_SASL_NEED_KEY, /* derive the salted password (scram_salt, scram_iterations), then call wsmtp_sasl_key */
    WSMTP_SASL_DONE,     /* success accepted */
    WSMTP_SASL_FAILED    /* see reason; cancel the exchange */
} wsmtp_sasl_status;

/* Where reading of a response has got to. */
typedef struct wsmtp_sasl_cursor {
    size_t offset;     /* in a text */
    uint8_t at;        /* in the template */
    uint8_t escape;    /* characters of an escape already read */
    bool base64;       /* inside of a stretch that is encoded */
    uint8_t quad_left; /* encoded characters still to be read */
    char quad[4];
} wsmtp_sasl_cursor;

struct wsmtp_mechanism_definition;

/*
 * State of one exchange: caller-owned, private but for what is commented. No pointer into itself:
 * it may be moved between calls.
 */
typedef struct wsmtp_sasl {
    wsmtp_mechanism mechanism;          /* in use */
    wsmtp_reason reason;                /* after FAILED */
    wsmtp_field field;                  /* after an INPUT reason */
    const wsmtp_credentials *credentials;
    const struct wsmtp_mechanism_definition *definition;
    uint8_t step;
    wsmtp_sasl_cursor cursor;
    size_t scratch_len;
    size_t challenge_len;
    /* SCRAM: valid after NEED_KEY */
    wsmtp_hash scram_hash;
    uint32_t scram_iterations;
    size_t scram_salt_len;
    size_t scram_nonce_len;
    size_t scram_server_nonce_len;      /* the combined nonce starts at challenge + 2 */
    uint8_t scram_nonce[32];            /* ours, base64 text */
    uint8_t scram_server_signature[WSMTP_HASH_MAX];
    uint8_t scratch[96];                /* small texts of a response (proof, digest, port) */
    uint8_t scram_salt[128];            /* decoded */
    uint8_t challenge[WSMTP_SASL_CHALLENGE_MAX]; /* an OAuth error's JSON stays here until the end */
} wsmtp_sasl;

/* Fills in defaults. */
void wsmtp_credentials_init(wsmtp_credentials *credentials);

/*
 * Keyword of a mechanism ("SCRAM-SHA-256"), NUL-terminated static text; "" for AUTO and unknown.
 * name_len may be NULL.
 */
const char *wsmtp_mechanism_name(wsmtp_mechanism mechanism, size_t *name_len);

/* Mechanism of a keyword, compared without regard to case; WSMTP_MECHANISM_AUTO if unknown. */
wsmtp_mechanism wsmtp_mechanism_find(const char *name, size_t name_len);

/*
 * The mechanism to use: the pinned one if offered contains it, else by the automatic order.
 * Returns OK and sets *mechanism; AUTH_NOT_OFFERED, AUTH_NO_MECHANISM or NOT_BUILT otherwise.
 * CRAM-MD5, SCRAM-SHA-1, EXTERNAL and ANONYMOUS are never chosen automatically; OAuth only if a
 * token is given, and then nothing else.
 */
wsmtp_reason wsmtp_mechanism_choose(const wsmtp_credentials *credentials,
                                    wsmtp_mechanism_set offered, wsmtp_mechanism *mechanism);

/*
 * Starts an exchange with one mechanism (not AUTO) and checks what that mechanism needs. OK, or
 * CREDENTIAL_*, NONCE_TOO_SHORT, ITERATION_LIMITS, NOT_BUILT, CONFIG_VALUE (a mechanism or port that
 * is none), with sasl->field set.
 */
wsmtp_reason wsmtp_sasl_begin(wsmtp_sasl *sasl, wsmtp_mechanism mechanism,
                              const wsmtp_credentials *credentials);

/* Whether the client speaks first; then the first response is ready after begin. */
bool wsmtp_sasl_client_first(const wsmtp_sasl *sasl);

/* Length in bytes of the response that is ready, whole. */
size_t wsmtp_sasl_response_len(const wsmtp_sasl *sasl);

/* Copies the next bytes of the response; returns how many (0 = read to its end). */
size_t wsmtp_sasl_read(wsmtp_sasl *sasl, uint8_t *out, size_t out_len);

/*
 * A challenge, decoded. RESPOND, NEED_KEY or FAILED. The empty challenge of RFC 4954 that only asks
 * for the first response of a client-first mechanism is the caller's to answer, not given here.
 */
wsmtp_sasl_status wsmtp_sasl_challenge(wsmtp_sasl *sasl, const uint8_t *challenge,
                                       size_t challenge_len);

/*
 * The salted password that NEED_KEY asked for (hash-length bytes). RESPOND, or FAILED with AUTH_KEY
 * for a wrong length, STATE if no key was asked for.
 */
wsmtp_sasl_status wsmtp_sasl_key(wsmtp_sasl *sasl, const uint8_t *key, size_t key_len);

/*
 * The server reported success, with additional data (decoded; 0 length if none). DONE, or FAILED
 * with AUTH_SERVER_SIGNATURE if a SCRAM server has not proven itself, here or before.
 */
wsmtp_sasl_status wsmtp_sasl_success(wsmtp_sasl *sasl, const uint8_t *data, size_t data_len);

/* Wipes the state. The last OAuth error JSON goes too. */
void wsmtp_sasl_end(wsmtp_sasl *sasl);

/*
 * PBKDF2-HMAC (RFC 8018) of the password into hash-length bytes: SCRAM's SaltedPassword. Zeroes for
 * an unknown hash, no iterations, and if WSMTP_FEATURE_SCRAM is off; wsmtp_hash_len is 0 then too.
 */
void wsmtp_derive_key(wsmtp_hash hash, const uint8_t *password, size_t password_len,
                      const uint8_t *salt, size_t salt_len, uint32_t iterations,
                      uint8_t key[WSMTP_HASH_MAX]);

/* Digest length in bytes; 0 if unknown. */
size_t wsmtp_hash_len(wsmtp_hash hash);

/* Overwrites memory in a way that a compiler does not remove. */
void wsmtp_wipe(void *memory, size_t memory_len);

/*
 * Base64 (RFC 4648 section 4). encode: out needs 4 * ((len + 2) / 3) bytes, returns that count.
 * decode: strict (canonical padding, no other characters), out may equal text; returns false if
 * malformed or longer than *out_len, else sets *out_len.
 */
size_t wsmtp_base64_encode(const uint8_t *data, size_t data_len, char *out);
bool wsmtp_base64_decode(const char *text, size_t text_len, uint8_t *out, size_t *out_len);

#ifdef __cplusplus
}
#endif

#endif
