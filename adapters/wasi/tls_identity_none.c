/* Builds whose callers have no way to give a client certificate. */
#include "tls_internal.h"

bool wsmtp_wasi_tls_identify(wsmtp_wasi_tls *tls, wsmtp_wasi_tls_failure *failure)
{
    (void)failure;
    return tls->settings->options.cert_pem == NULL;
}
