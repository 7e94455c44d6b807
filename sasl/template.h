/*
 * Responses as templates. Private to sasl/. A template is a C string put together from literal
 * characters and the names below: "user=" WSMTP_T_USER "\1auth=Bearer " WSMTP_T_TOKEN "\1\1".
 */
#ifndef WSMTP_TEMPLATE_H
#define WSMTP_TEMPLATE_H

#include "wsmtp/sasl.h"

/* Texts. The first five are the fields that wsmtp_credentials_check knows, in its order. */
#define WSMTP_T_USER "\x80"
#define WSMTP_T_PASSWORD "\x81"
#define WSMTP_T_TOKEN "\x82"
#define WSMTP_T_AUTHZID "\x83"
#define WSMTP_T_HOST "\x84"
#define WSMTP_T_IDENTITY "\x85" /* authorization identity if there is one, else user */
#define WSMTP_T_SCRATCH "\x86"
#define WSMTP_T_NONCE "\x87"        /* SCRAM: ours */
#define WSMTP_T_SERVER_NONCE "\x88" /* SCRAM: ours and the server's */
#define WSMTP_T_CHALLENGE "\x89"
#define WSMTP_T_NUL "\x8a"
#define WSMTP_T_BINDING_FLAG "\x8b" /* SCRAM: "n", "y" or "p=" and the name of the binding */
#define WSMTP_T_BINDING "\x8c"      /* SCRAM: its data, if a -PLUS mechanism is used */

/* The same as a saslname (RFC 5802): "," as "=2C", "=" as "=3D". */
#define WSMTP_T_USER_ESCAPED "\xc0"
#define WSMTP_T_AUTHZID_ESCAPED "\xc3"
#define WSMTP_T_IDENTITY_ESCAPED "\xc5"

/* If the text is empty, what follows is left out, up to and including the next text. */
#define WSMTP_T_IF_AUTHZID "\xa3"
#define WSMTP_T_IF_HOST "\xa4"
#define WSMTP_T_IF_IDENTITY "\xa5"
#define WSMTP_T_IF_SCRATCH "\xa6"

/* What stands between two of these is encoded in base64. */
#define WSMTP_T_BASE64 "\x9f"

typedef struct wsmtp_text {
    const uint8_t *data;
    size_t data_len;
} wsmtp_text;

/* The text of the credentials that a number below 5 stands for: of WSMTP_T_* without its upper three bits. */
wsmtp_text wsmtp_template_credential(const wsmtp_credentials *credentials, unsigned number);

/* Copies the next octets from the cursor on; returns how many (0 at the end). */
size_t wsmtp_template_read(const wsmtp_sasl *sasl, const char *text, wsmtp_sasl_cursor *cursor,
                           uint8_t *out, size_t out_len);

#endif
