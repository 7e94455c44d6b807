/* The certificate authorities that are built in. Private. */
#ifndef WSMTP_WASI_ROOTS_H
#define WSMTP_WASI_ROOTS_H

#include <stddef.h>
#include <stdint.h>

/* "Mozilla, Debian ca-certificates 20230311, 142 certificates"; "" if there are none. */
const char *wsmtp_roots_name(void);

/*
 * Compact form, one record a certificate: length of the subject (2 octets, high first), length of
 * the SubjectPublicKeyInfo, subject, SubjectPublicKeyInfo; both in DER.
 */
extern const uint8_t wsmtp_roots[];
extern const size_t wsmtp_roots_len;

#endif
