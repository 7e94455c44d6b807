/* This side's certificate and key. */
#include <mbedtls/pk.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "tls_internal.h"

static int entropy(void *context, unsigned char *bytes, size_t bytes_len)
{
    (void)context;
    return wsmtp_host_entropy(bytes, bytes_len) ? 0 : MBEDTLS_ERR_PK_FILE_IO_ERROR;
}

/* A copy with a NUL behind it, as the parsers want PEM. */
static unsigned char *with_nul(const void *pem, size_t pem_len)
{
    unsigned char *copy = malloc(pem_len + 1);
    if (copy) {
        memcpy(copy, pem, pem_len);
        copy[pem_len] = '\0';
    }
    return copy;
}

bool wsmtp_wasi_tls_identify(wsmtp_wasi_tls *tls, wsmtp_wasi_tls_failure *failure)
{
    const wsmtp_client_options *o = &tls->settings->options;
    if (!o->cert_pem_len)
        return true;
    unsigned char *certificate = with_nul(o->cert_pem, o->cert_pem_len);
    unsigned char *key = with_nul(o->key_pem, o->key_pem_len);
    bool ok = certificate && key &&
              mbedtls_x509_crt_parse(&tls->identity, certificate, o->cert_pem_len + 1) == 0 &&
              mbedtls_pk_parse_key(&tls->key, key, o->key_pem_len + 1, NULL, 0, entropy, NULL) == 0 &&
              mbedtls_pk_check_pair(&tls->identity.pk, &tls->key, entropy, NULL) == 0 &&
              mbedtls_ssl_conf_own_cert(&tls->config, &tls->identity, &tls->key) == 0;
    if (key)
        wsmtp_wipe(key, o->key_pem_len);
    free(certificate);
    free(key);
    if (!ok) {
        failure->reason = WSMTP_REASON_TLS_FAILED;
        failure->cause = WSMTP_CAUSE_FILE;
        failure->words = "the client certificate and its key cannot be used together";
    }
    return ok;
}
