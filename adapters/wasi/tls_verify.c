/* Verification: authorities, built in or given; the rules of RFC 9525 for names; the pin. */
#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform.h>
#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>
#include <x509_internal.h>

#include "roots.h"
#include "tls_internal.h"

/* A root in compact form, as the certificate that mbedTLS wants to see. Validity, extensions and
 * signature of a root are not verified: it is trusted because it is in the list. */
static mbedtls_x509_crt *make_root(const uint8_t *subject, size_t subject_len, const uint8_t *key,
                                   size_t key_len)
{
    mbedtls_x509_crt *root = mbedtls_calloc(1, sizeof *root);
    if (!root)
        return NULL;
    mbedtls_x509_crt_init(root);
    root->version = 3;
    root->ca_istrue = 1;
    root->valid_from.year = 1950;
    root->valid_to.year = 9999;
    unsigned char *at = (unsigned char *)subject;
    size_t len;
    root->subject_raw.p = at;
    root->subject_raw.len = subject_len;
    unsigned char *key_at = (unsigned char *)key;
    if (mbedtls_asn1_get_tag(&at, subject + subject_len, &len,
                             MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) == 0 &&
        mbedtls_x509_get_name(&at, at + len, &root->subject) == 0 &&
        mbedtls_pk_parse_subpubkey(&key_at, key + key_len, &root->pk) == 0)
        return root;
    mbedtls_x509_crt_free(root);
    mbedtls_free(root);
    return NULL;
}

/* The roots that may have signed child: those with the name that it gives as its issuer. */
static int find_roots(void *context, mbedtls_x509_crt const *child, mbedtls_x509_crt **found)
{
    const uint8_t *at = wsmtp_roots, *end = wsmtp_roots + wsmtp_roots_len;
    mbedtls_x509_crt **last = found;
    (void)context;
    *found = NULL;
    while (at < end) {
        size_t subject_len = (size_t)(at[0] << 8 | at[1]), key_len = (size_t)(at[2] << 8 | at[3]);
        const uint8_t *subject = at + 4;
        at = subject + subject_len + key_len;
        if (subject_len != child->issuer_raw.len ||
            memcmp(subject, child->issuer_raw.p, subject_len) != 0)
            continue;
        *last = make_root(subject, subject_len, subject + subject_len, key_len);
        if (*last)
            last = &(*last)->next;
    }
    return 0;
}

/* Names count only where RFC 9525 looks for them: not in the subject. An address is compared here,
 * because mbedTLS would send it as SNI if it were told of it. */
static bool is_for(const wsmtp_wasi_tls *tls, const mbedtls_x509_crt *certificate)
{
    if (!(certificate->ext_types & MBEDTLS_X509_EXT_SUBJECT_ALT_NAME))
        return false;
    if (tls->address_len == 0)
        return true;
    for (const mbedtls_x509_sequence *name = &certificate->subject_alt_names; name; name = name->next)
        if ((name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == MBEDTLS_X509_SAN_IP_ADDRESS &&
            name->buf.len == tls->address_len &&
            memcmp(name->buf.p, tls->address, tls->address_len) == 0)
            return true;
    return false;
}

static int verify(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    wsmtp_wasi_tls *tls = context;
    if (depth == 0)
        wsmtp_wasi_tls_note(tls->certificate, certificate);
    if (depth == 0 && !is_for(tls, certificate))
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    return 0;
}

static bool read_authorities(wsmtp_wasi_tls *tls, const wsmtp_client_options *o)
{
    unsigned char *pem = malloc(o->ca_pem_len + 1); /* the parser wants a NUL behind PEM */
    if (!pem)
        return false;
    memcpy(pem, o->ca_pem, o->ca_pem_len);
    pem[o->ca_pem_len] = '\0';
    int result = mbedtls_x509_crt_parse(&tls->authorities, pem, o->ca_pem_len + 1);
    free(pem);
    return result == 0;
}

static bool fail(wsmtp_wasi_tls_failure *failure, const char *words)
{
    failure->reason = WSMTP_REASON_TLS_FAILED;
    failure->cause = WSMTP_CAUSE_FILE;
    failure->words = words;
    return false;
}

bool wsmtp_wasi_tls_trust(wsmtp_wasi_tls *tls, wsmtp_wasi_tls_failure *failure)
{
    const wsmtp_client_options *o = &tls->settings->options;
    tls->address_len = mbedtls_x509_crt_parse_cn_inet_pton(o->tls_name, tls->address);
    mbedtls_ssl_conf_verify(&tls->config, verify, tls);
    if (!o->ca_pem_len && wsmtp_roots_len == 0)
        return fail(failure, "no certificate authorities are built in: give some");
    if (!o->ca_pem_len) {
        mbedtls_ssl_conf_ca_cb(&tls->config, find_roots, NULL);
        return true;
    }
    if (!read_authorities(tls, o))
        return fail(failure, "the certificate authorities given are not all PEM certificates");
    mbedtls_ssl_conf_ca_chain(&tls->config, &tls->authorities, NULL);
    return true;
}

bool wsmtp_wasi_tls_pinned(wsmtp_wasi_tls *tls)
{
    const uint8_t *pin = tls->settings->options.pin;
    const mbedtls_x509_crt *certificate = mbedtls_ssl_get_peer_cert(&tls->ssl);
    uint8_t actual[WSMTP_PIN_LEN];
    return !pin || (certificate &&
                    mbedtls_sha256(certificate->pk_raw.p, certificate->pk_raw.len, actual, 0) == 0 &&
                    memcmp(pin, actual, sizeof actual) == 0);
}

/* What is wrong for good comes first: an expired certificate of a stranger is a stranger's. */
wsmtp_cause wsmtp_wasi_tls_verify_cause(uint32_t flags)
{
    if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
        return WSMTP_CAUSE_CERTIFICATE_UNTRUSTED;
    if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
        return WSMTP_CAUSE_CERTIFICATE_NAME;
    if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
        return WSMTP_CAUSE_CERTIFICATE_EXPIRED;
    if (flags & MBEDTLS_X509_BADCERT_FUTURE)
        return WSMTP_CAUSE_CERTIFICATE_NOT_YET_VALID;
    return WSMTP_CAUSE_CERTIFICATE_INVALID;
}
