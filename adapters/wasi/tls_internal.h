/* What the files of TLS share. Private. */
#ifndef WSMTP_WASI_TLS_INTERNAL_H
#define WSMTP_WASI_TLS_INTERNAL_H

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "tls.h"

#define WSMTP_WASI_FLIGHT_LEN 512u /* octets: a client's flight without a certificate of its own */

struct wsmtp_wasi_tls {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    mbedtls_x509_crt authorities; /* given by the caller; empty: those built in */
    mbedtls_x509_crt identity;    /* this side's certificate, if it has one */
    mbedtls_pk_context key;
    wsmtp_wasi_socket *socket;
    const wsmtp_settings *settings;
    uint32_t address[4]; /* that the certificate must be for, if tls_name is one */
    size_t address_len;  /* 0: tls_name is a name */
    size_t writing;      /* octets of a write that could not be finished */
    bool established;
    size_t flight_len;   /* octets of the handshake that have not left yet */
    uint8_t flight[WSMTP_WASI_FLIGHT_LEN];
    wsmtp_wasi_certificate *certificate; /* where to note the one presented */
};

/* tls_verify.c: which authorities are trusted, and what else a certificate has to be. */
bool wsmtp_wasi_tls_trust(wsmtp_wasi_tls *tls, wsmtp_wasi_tls_failure *failure);
bool wsmtp_wasi_tls_pinned(wsmtp_wasi_tls *tls);
wsmtp_cause wsmtp_wasi_tls_verify_cause(uint32_t flags);

/* tls_identity.c, or tls_identity_none.c: this side's certificate, if the settings have one. */
bool wsmtp_wasi_tls_identify(wsmtp_wasi_tls *tls, wsmtp_wasi_tls_failure *failure);
/* tls_certificate.c, or tls_identity_none.c */
void wsmtp_wasi_tls_note(wsmtp_wasi_certificate *to, const mbedtls_x509_crt *from);

/* mbedTLS's own parser of addresses: octets of the address, 0 if name is none. */
size_t mbedtls_x509_crt_parse_cn_inet_pton(const char *name, void *address);

#endif
