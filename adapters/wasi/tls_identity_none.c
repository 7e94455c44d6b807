/* Builds whose callers have no way to give a client certificate, or to ask for the server's. */
#include "tls_internal.h"

bool wsmtp_wasi_tls_identify(wsmtp_wasi_tls *tls, wsmtp_wasi_tls_failure *failure)
{
    (void)failure;
    return tls->settings->options.cert_pem_len == 0;
}

void wsmtp_wasi_tls_note(wsmtp_wasi_certificate *to, const mbedtls_x509_crt *from)
{
    (void)to;
    (void)from;
}
