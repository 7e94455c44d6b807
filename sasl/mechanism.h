/*
 * What a mechanism is made of. Private to sasl/. To add a mechanism: one file that defines a
 * wsmtp_mechanism_definition, its declaration below, and one line in the table of mechanism.c.
 */
#ifndef WSMTP_MECHANISM_H
#define WSMTP_MECHANISM_H

#include "wsmtp/sasl.h"

#include "octets.h"
#include "template.h"

/*
 * What a mechanism takes of one text of the credentials: the lowest octet that its format can carry
 * there, and whether it needs the text. 0: it has no place for it.
 */
#define WSMTP_NO_NUL 0x01u
#define WSMTP_NO_CONTROLS 0x20u     /* nor DEL */
#define WSMTP_PRINTABLE_ASCII 0x21u /* nor anything from DEL on */
#define WSMTP_LOWEST 0x3fu
#define WSMTP_NEEDED 0x80u

typedef struct wsmtp_mechanism_definition {
    bool client_first;
    /* user, password, token, authorization identity, host */
    uint8_t credentials[5];
    /* The response of each step, as a list of words. Step 0 is where begin leaves an exchange. */
    const char *responses;
    /* Further checks and preparations; may be NULL. */
    wsmtp_reason (*begin)(wsmtp_sasl *sasl);
    /* A challenge; never after a failure, never longer than WSMTP_SASL_CHALLENGE_MAX. */
    wsmtp_sasl_status (*challenge)(wsmtp_sasl *sasl, const uint8_t *challenge,
                                   size_t challenge_len);
    /* The derived key; NULL if the mechanism asks for none. */
    wsmtp_sasl_status (*key)(wsmtp_sasl *sasl, const uint8_t *key, size_t key_len);
    /* Success with its data; NULL if the mechanism does not prove the server. */
    wsmtp_sasl_status (*success)(wsmtp_sasl *sasl, const uint8_t *data, size_t data_len);
} wsmtp_mechanism_definition;

extern const wsmtp_mechanism_definition wsmtp_mechanism_plain;
extern const wsmtp_mechanism_definition wsmtp_mechanism_login;
extern const wsmtp_mechanism_definition wsmtp_mechanism_external;
extern const wsmtp_mechanism_definition wsmtp_mechanism_anonymous;
extern const wsmtp_mechanism_definition wsmtp_mechanism_scram;
extern const wsmtp_mechanism_definition wsmtp_mechanism_cram_md5;
extern const wsmtp_mechanism_definition wsmtp_mechanism_xoauth2;
extern const wsmtp_mechanism_definition wsmtp_mechanism_oauthbearer;

/* The definition; NULL if it is none, or was left out of the build. */
const wsmtp_mechanism_definition *wsmtp_mechanism_definition_of(wsmtp_mechanism mechanism);

/* Checks by definition->credentials. False, with reason (CREDENTIAL_*) and field set, if not good. */
bool wsmtp_credentials_check(wsmtp_sasl *sasl);

/* Goes to a step: its response, which may be empty, is read from the start. Returns RESPOND. */
wsmtp_sasl_status wsmtp_sasl_respond(wsmtp_sasl *sasl, uint8_t step);

/* Ends the exchange. What was kept for it is wiped, but for an OAuth error's JSON. */
wsmtp_sasl_status wsmtp_sasl_fail(wsmtp_sasl *sasl, wsmtp_reason reason);

/* Keeps a challenge. */
void wsmtp_sasl_keep(wsmtp_sasl *sasl, const uint8_t *challenge, size_t challenge_len);

/* The challenge of a mechanism that expects none. */
wsmtp_sasl_status wsmtp_no_challenge(wsmtp_sasl *sasl, const uint8_t *challenge,
                                     size_t challenge_len);

/*
 * The one challenge of OAuth: JSON that says why the token was refused (RFC 7628 section 3.2.2). It
 * is kept, and acknowledged by the response of step WSMTP_OAUTH_ERROR; the server's 5xx follows.
 */
enum { WSMTP_OAUTH_TOKEN, WSMTP_OAUTH_ERROR };
wsmtp_sasl_status wsmtp_oauth_challenge(wsmtp_sasl *sasl, const uint8_t *challenge,
                                        size_t challenge_len);

#endif
