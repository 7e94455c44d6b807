/*
 * The server's side of a SCRAM exchange (RFC 5802 section 7), taken apart. Private to sasl/.
 */
#ifndef WSMTP_SCRAM_H
#define WSMTP_SCRAM_H

#include "mechanism.h"

/*
 * Takes apart the server-first message that is kept in sasl->challenge, into sasl->scram_*. OK, or
 * AUTH_CHALLENGE, AUTH_EXTENSION, AUTH_NONCE, AUTH_ITERATIONS, AUTH_SERVER_ERROR.
 */
wsmtp_reason wsmtp_scram_server_first(wsmtp_sasl *sasl, uint32_t iterations_min,
                                      uint32_t iterations_max);

/* The gs2-cbind-flag, and the binding itself: empty without a -PLUS mechanism. */
wsmtp_text wsmtp_scram_binding_flag(const wsmtp_sasl *sasl);
wsmtp_text wsmtp_scram_binding(const wsmtp_sasl *sasl);

/* Compares in a time that does not tell how much was the same. */
bool wsmtp_scram_equal(const uint8_t *one, const uint8_t *other, size_t len);

/*
 * Takes the signature, of WSMTP_HASH_MAX bytes at most, out of a server-final message. OK, or
 * AUTH_CHALLENGE, AUTH_EXTENSION, AUTH_SERVER_ERROR.
 */
wsmtp_reason wsmtp_scram_server_final(const uint8_t *text, size_t text_len, uint8_t *signature,
                                      size_t *signature_len);

#endif
