/*
 * What a mechanism is made of, and the texts of its responses. Private to sasl/. To add a mechanism:
 * one file that defines a wsmtp_mechanism_definition, and one line in the table of mechanism.c.
 */
#ifndef WSMTP_MECHANISM_H
#define WSMTP_MECHANISM_H

#include "wsmtp/sasl.h"

#include "octets.h"

/* One stretch of a response. */
typedef struct wsmtp_sasl_part {
    const uint8_t *data;
    size_t data_len;
    uint8_t coding;
} wsmtp_sasl_part;

#define WSMTP_CODING_NONE 0u
#define WSMTP_CODING_ESCAPE 1u /* "," as "=2C", "=" as "=3D": saslname of RFC 5802 */
#define WSMTP_CODING_BASE64 2u /* after the escaping; parts in a row are encoded as one text */

typedef struct wsmtp_sasl_parts {
    wsmtp_sasl_part part[12];
    size_t count;
} wsmtp_sasl_parts;

/* The texts are borrowed. */
void wsmtp_parts_add(wsmtp_sasl_parts *parts, const void *data, size_t data_len, unsigned coding);
#define WSMTP_PARTS_ADD_LITERAL(parts, literal, coding)                                            \
    wsmtp_parts_add(parts, literal, sizeof(literal) - 1u, coding)

/* Copies the next characters from the cursor on; returns how many (0 at the end). */
size_t wsmtp_parts_read(const wsmtp_sasl_parts *parts, wsmtp_sasl_cursor *cursor, uint8_t *out,
                        size_t out_len);

/* What a mechanism takes of the credentials: what it needs ... */
#define WSMTP_NEEDS_USER 0x01u
#define WSMTP_NEEDS_PASSWORD 0x02u
#define WSMTP_NEEDS_TOKEN 0x04u
/* ... what it has a place for ... */
#define WSMTP_TAKES_AUTHZID 0x08u
#define WSMTP_TAKES_HOST 0x40u
/* ... and the characters that its format cannot carry, besides NUL. */
#define WSMTP_REFUSES_SEPARATORS 0x10u /* CR, LF, SOH */
#define WSMTP_REFUSES_CONTROLS 0x20u   /* all of C0 and DEL */

typedef struct wsmtp_mechanism_definition {
    bool client_first;
    uint8_t takes;
    /* Further checks and preparations; may be NULL. */
    wsmtp_reason (*begin)(wsmtp_sasl *sasl);
    /* The parts of the response that the current step asks for. */
    void (*response)(const wsmtp_sasl *sasl, wsmtp_sasl_parts *parts);
    /* A challenge; never after a failure, never longer than WSMTP_SASL_CHALLENGE_MAX. */
    wsmtp_sasl_status (*challenge)(wsmtp_sasl *sasl, const uint8_t *challenge, size_t challenge_len);
    /* The derived key; NULL if the mechanism asks for none. */
    wsmtp_sasl_status (*key)(wsmtp_sasl *sasl, const uint8_t *key, size_t key_len);
    /* Success with its data; NULL if the mechanism does not prove the server. */
    wsmtp_sasl_status (*success)(wsmtp_sasl *sasl, const uint8_t *data, size_t data_len);
} wsmtp_mechanism_definition;

extern const wsmtp_mechanism_definition wsmtp_mechanism_plain;
extern const wsmtp_mechanism_definition wsmtp_mechanism_login;
extern const wsmtp_mechanism_definition wsmtp_mechanism_scram;
extern const wsmtp_mechanism_definition wsmtp_mechanism_cram_md5;
extern const wsmtp_mechanism_definition wsmtp_mechanism_xoauth2;
extern const wsmtp_mechanism_definition wsmtp_mechanism_oauthbearer;

/* The definition; NULL if it is none, or was left out of the build. */
const wsmtp_mechanism_definition *wsmtp_mechanism_definition_of(wsmtp_mechanism mechanism);

/* Checks the credentials by definition->takes. OK or CREDENTIAL_*, with sasl->field set. */
wsmtp_reason wsmtp_credentials_check(wsmtp_sasl *sasl, unsigned takes);

/* Goes to a step: its response is read from the start. */
wsmtp_sasl_status wsmtp_sasl_respond(wsmtp_sasl *sasl, uint8_t step);

/* Ends the exchange. What was kept for it is wiped, but for an OAuth error's JSON. */
wsmtp_sasl_status wsmtp_sasl_fail(wsmtp_sasl *sasl, wsmtp_reason reason);

/* Keeps a challenge. */
void wsmtp_sasl_keep(wsmtp_sasl *sasl, const uint8_t *challenge, size_t challenge_len);

/* The challenge of a mechanism that expects none. */
wsmtp_sasl_status wsmtp_no_challenge(wsmtp_sasl *sasl, const uint8_t *challenge, size_t challenge_len);

/*
 * The one challenge of OAuth: JSON that says why the token was refused (RFC 7628 section 3.2.2). It
 * is kept, and acknowledged by the response of step WSMTP_OAUTH_ERROR; the server's 5xx follows.
 */
enum { WSMTP_OAUTH_TOKEN, WSMTP_OAUTH_ERROR };
wsmtp_sasl_status wsmtp_oauth_challenge(wsmtp_sasl *sasl, const uint8_t *challenge,
                                        size_t challenge_len);

#endif
