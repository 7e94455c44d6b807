/* Why TLS failed, in terms that a caller can act on. */
#include "internal.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>

static wsmtp_cause verification_cause(long result)
{
    switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return WSMTP_CAUSE_CERTIFICATE_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return WSMTP_CAUSE_CERTIFICATE_NOT_YET_VALID;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return WSMTP_CAUSE_CERTIFICATE_NAME;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
        return WSMTP_CAUSE_CERTIFICATE_UNTRUSTED;
    default:
        return WSMTP_CAUSE_CERTIFICATE_INVALID;
    }
}

static wsmtp_cause alert_cause(int alert)
{
    switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED:
        return WSMTP_CAUSE_CLIENT_CERTIFICATE;
    case SSL_AD_PROTOCOL_VERSION:
    case SSL_AD_INSUFFICIENT_SECURITY:
    case SSL_AD_HANDSHAKE_FAILURE:
        return WSMTP_CAUSE_TLS_VERSION;
    default:
        return WSMTP_CAUSE_TLS_ALERT;
    }
}

static wsmtp_cause library_cause(unsigned long code)
{
    if (ERR_GET_LIB(code) != ERR_LIB_SSL)
        return WSMTP_CAUSE_TLS_OTHER;
    int reason = ERR_GET_REASON(code);
    if (reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256)
        return alert_cause(reason - SSL_AD_REASON_OFFSET);
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_LENGTH_MISMATCH:
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_UNEXPECTED_RECORD:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
        return WSMTP_CAUSE_NOT_TLS;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_CIPHERS_AVAILABLE:
        return WSMTP_CAUSE_TLS_VERSION;
    default:
        return WSMTP_CAUSE_TLS_OTHER;
    }
}

wsmtp_cause wsmtp_uv_tls_cause(const SSL *ssl, char *words, size_t words_len)
{
    unsigned long code = ERR_peek_error();
    long verification = SSL_get_verify_result(ssl);
    words[0] = '\0';
    if (ERR_GET_LIB(code) == ERR_LIB_SSL &&
        ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED && verification != X509_V_OK) {
        snprintf(words, words_len, "certificate not accepted: %s",
                 X509_verify_cert_error_string(verification));
        return verification_cause(verification);
    }
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    if (reason)
        snprintf(words, words_len, "%s", reason);
    return library_cause(code);
}
