#include "words.h"

const char *wsmtp_wasi_words(wsmtp_cause cause)
{
    switch (cause) {
    case WSMTP_CAUSE_HOST_NOT_FOUND:
        return "host name not found";
    case WSMTP_CAUSE_HOST_LOOKUP_FAILED:
        return "the name could not be looked up: no resolver, or the host does not permit it";
    case WSMTP_CAUSE_CONNECTION_REFUSED:
        return "connection refused";
    case WSMTP_CAUSE_HOST_UNREACHABLE:
        return "host unreachable";
    case WSMTP_CAUSE_CONNECTION_RESET:
        return "connection reset";
    case WSMTP_CAUSE_CERTIFICATE_UNTRUSTED:
        return "the certificate leads to no trusted authority";
    case WSMTP_CAUSE_CERTIFICATE_NAME:
        return "the certificate is for another name";
    case WSMTP_CAUSE_CERTIFICATE_EXPIRED:
        return "the certificate has expired";
    case WSMTP_CAUSE_CERTIFICATE_NOT_YET_VALID:
        return "the certificate is not valid yet";
    case WSMTP_CAUSE_CERTIFICATE_INVALID:
        return "the certificate breaks a rule";
    case WSMTP_CAUSE_PIN_MISMATCH:
        return "the server's key is not the pinned one";
    case WSMTP_CAUSE_NOT_TLS:
        return "what the server sent is no TLS";
    case WSMTP_CAUSE_TLS_VERSION:
        return "no protocol version or cipher in common: TLS 1.2 or newer is needed";
    case WSMTP_CAUSE_CLIENT_CERTIFICATE:
        return "the server wants another client certificate";
    case WSMTP_CAUSE_TLS_ALERT:
        return "the server ended TLS with an alert";
    case WSMTP_CAUSE_TLS_TRUNCATED:
        return "closed without close_notify";
    case WSMTP_CAUSE_MEMORY:
        return "memory is short";
    default:
        return 0;
    }
}
