/*
 * The TLS settings of a server (RFC 8314, RFC 9325): version 1.2 or newer, certificates always
 * verified. Nothing here can be told not to verify.
 */
#include "internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "error.h"

static bool refuse(wsmtp_client_error *error, const char *option, const char *rule)
{
    wsmtp_error_from_option(error, WSMTP_REASON_CONFIG_VALUE, WSMTP_CAUSE_FILE, option, rule);
    ERR_clear_error();
    return false;
}

/* An encrypted key is an error, not a question at the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return 0;
}

static BIO *memory(const void *data, size_t data_len)
{
    return data_len <= INT32_MAX ? BIO_new_mem_buf(data, (int)data_len) : NULL;
}

/* Exactly the authorities that were given: these replace the system's, they are not added. */
static bool trust_given(SSL_CTX *tls, const wsmtp_client_options *o, const char *option,
                        wsmtp_client_error *error)
{
    X509_STORE *store = SSL_CTX_get_cert_store(tls);
    BIO *pem = memory(o->ca_pem, o->ca_pem_len);
    X509 *certificate;
    size_t count = 0;
    bool ok = pem != NULL;
    while (ok && (certificate = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL))) {
        ok = X509_STORE_add_cert(store, certificate) == 1;
        X509_free(certificate);
        count++;
    }
    unsigned long last = ERR_peek_last_error();
    bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
    BIO_free(pem);
    if (count == 0 && at_end)
        return refuse(error, option, "holds no certificate in PEM form");
    if (!ok || !at_end)
        return refuse(error, option, "holds a certificate that cannot be read");
    /* A given certificate is an anchor even if it is no root. */
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    ERR_clear_error();
    return true;
}

static bool use_chain(SSL_CTX *tls, BIO *pem)
{
    X509 *certificate = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL);
    bool ok = certificate && SSL_CTX_use_certificate(tls, certificate) == 1;
    X509_free(certificate);
    while (ok && (certificate = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL))) {
        ok = SSL_CTX_add0_chain_cert(tls, certificate) == 1;
        if (!ok)
            X509_free(certificate);
    }
    return ok;
}

static bool use_key(SSL_CTX *tls, BIO *pem)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, no_passphrase, NULL);
    bool ok = key && SSL_CTX_use_PrivateKey(tls, key) == 1;
    EVP_PKEY_free(key);
    return ok;
}

static bool present_certificate(SSL_CTX *tls, const wsmtp_client_options *o,
                                const wsmtp_client_options *named, wsmtp_client_error *error)
{
    if (o->cert_pem_len == 0)
        return true;
    BIO *cert = memory(o->cert_pem, o->cert_pem_len);
    BIO *key = memory(o->key_pem, o->key_pem_len);
    bool cert_ok = cert && use_chain(tls, cert);
    bool key_ok = key && cert_ok && use_key(tls, key);
    BIO_free(cert);
    BIO_free(key);
    if (!cert_ok)
        return refuse(error, named->cert_file ? "cert_file" : "cert_pem",
                      "holds no certificate in PEM form that can be used");
    if (!key_ok || SSL_CTX_check_private_key(tls) != 1)
        return refuse(error, named->key_file ? "key_file" : "key_pem",
                      "holds no unencrypted private key in PEM form that fits the certificate");
    ERR_clear_error();
    return true;
}

/* Keeps the server's certificate for the facts, above all when it is refused. Decides nothing. */
static int on_verify(int ok, X509_STORE_CTX *chain)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    wsmtp_uv_client *c = SSL_get_app_data(ssl);
    X509 *leaf = X509_STORE_CTX_get0_cert(chain);
    if (c && leaf && !c->certificate && X509_up_ref(leaf))
        c->certificate = leaf;
    return ok;
}

SSL_CTX *wsmtp_uv_tls_context(const wsmtp_settings *settings, const wsmtp_client_options *named,
                              wsmtp_client_error *error)
{
    const wsmtp_client_options *o = &settings->options;
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (!tls || SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1) {
        SSL_CTX_free(tls);
        ERR_clear_error();
        wsmtp_error_from_host(error, WSMTP_REASON_CONFIG_BUFFER, WSMTP_CAUSE_MEMORY, NULL);
        return NULL;
    }
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, on_verify);
    SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    bool ok;
    if (o->ca_pem_len)
        ok = trust_given(tls, o, named->ca_file ? "ca_file" : "ca_pem", error);
    else
        ok = SSL_CTX_set_default_verify_paths(tls) == 1 ||
             refuse(error, "ca_file", "is needed: the system has no authorities to trust");
    if (ok && present_certificate(tls, o, named, error))
        return tls;
    SSL_CTX_free(tls);
    return NULL;
}
