/* The SHA-256 of a server's public key as text (RFC 7469 section 2.4). */
#ifndef CLI_PIN_H
#define CLI_PIN_H

#include <wsmtp/client.h>

#define PIN_TEXT_MAX (2 * WSMTP_PIN_LEN + 1)

/* 64 hexadecimal digits, colons allowed between pairs, or base64, also behind "sha256//". */
bool pin_parse(const char *text, uint8_t pin[WSMTP_PIN_LEN]);

/* Hexadecimal. */
const char *pin_text(const uint8_t pin[WSMTP_PIN_LEN], char text[PIN_TEXT_MAX]);

#endif
