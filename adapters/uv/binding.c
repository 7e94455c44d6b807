/* What ties a SCRAM login to its TLS connection (RFC 5802 section 6). */
#include "internal.h"

#include <openssl/err.h>
#include <openssl/evp.h>

/* RFC 9266 section 2. */
static bool exporter(wsmtp_uv_client *c)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    wsmtp_driver *d = &c->driver;
    if (SSL_export_keying_material(c->ssl, d->binding_data, 32, label, sizeof label - 1, NULL, 0,
                                   0) != 1)
        return false;
    d->binding_data_len = 32;
    d->binding = WSMTP_BINDING_TLS_EXPORTER;
    return true;
}

/* RFC 5929 section 4.1: the hash of the certificate's signature, but SHA-256 for MD5 and SHA-1. */
static bool server_end_point(wsmtp_uv_client *c)
{
    wsmtp_driver *d = &c->driver;
    int hash_nid = NID_undef;
    unsigned length = 0;
    if (X509_get_signature_info(c->certificate, &hash_nid, NULL, NULL, NULL) != 1)
        return false;
    if (hash_nid == NID_md5 || hash_nid == NID_sha1)
        hash_nid = NID_sha256;
    const EVP_MD *hash = EVP_get_digestbynid(hash_nid); /* none for EdDSA: not defined there */
    if (!hash || EVP_MD_get_size(hash) > (int)sizeof d->binding_data ||
        X509_digest(c->certificate, hash, d->binding_data, &length) != 1)
        return false;
    d->binding_data_len = length;
    d->binding = WSMTP_BINDING_TLS_SERVER_END_POINT;
    return true;
}

void wsmtp_uv_bind_channel(wsmtp_uv_client *c)
{
    if (SSL_version(c->ssl) >= TLS1_3_VERSION ? !exporter(c) : !server_end_point(c))
        c->driver.binding = WSMTP_BINDING_NONE;
    ERR_clear_error();
}
