#include "error_line.h"

#include <stdio.h>

#include "parameters.h"

static const char *of_cause(wsmtp_cause cause)
{
    switch (cause) {
    case WSMTP_CAUSE_HOST_NOT_FOUND: return "check the host in the server's URL";
    case WSMTP_CAUSE_HOST_LOOKUP_FAILED: return "the name service gave no answer: try again later";
    case WSMTP_CAUSE_CONNECTION_REFUSED: return "check host and port, and whether the server runs";
    case WSMTP_CAUSE_HOST_UNREACHABLE:
    case WSMTP_CAUSE_CONNECTION_RESET: return "check the network, then try again";
    case WSMTP_CAUSE_CONNECTION_TIMEOUT:
    case WSMTP_CAUSE_DEADLINE: return "try again later, or allow more time with --timeout";
    case WSMTP_CAUSE_CERTIFICATE_UNTRUSTED:
        return "for a private server give its certificate authority with --ca";
    case WSMTP_CAUSE_CERTIFICATE_NAME:
        return "connect by a name that the certificate is for, or give that name with --tls-name";
    case WSMTP_CAUSE_CERTIFICATE_EXPIRED:
    case WSMTP_CAUSE_CERTIFICATE_NOT_YET_VALID:
        return "the server needs a new certificate, or this machine's clock is wrong";
    case WSMTP_CAUSE_CERTIFICATE_INVALID: return "the server needs another certificate";
    case WSMTP_CAUSE_PIN_MISMATCH: return "the server's key is not the one of --pin: find out why before changing the pin";
    case WSMTP_CAUSE_NOT_TLS:
        return "smtps:// is TLS from the start (port 465), smtp:// is STARTTLS (port 587)";
    case WSMTP_CAUSE_TLS_VERSION: return "the server must offer TLS 1.2 or newer";
    case WSMTP_CAUSE_CLIENT_CERTIFICATE: return "give the certificate that the server wants with --cert and --key";
    case WSMTP_CAUSE_FILE: return "check that the file exists, is readable and holds PEM";
    default: return NULL;
    }
}

/* About a parameter that is not offered, in the words of the options. There is one error a run. */
static const char *of_parameter(const wsmtp_client_error *error)
{
    static char advice[160];
    const char *option = parameters_option(wsmtp_keyword_find(error->detail, error->detail_len));
    if (!option)
        return "\"wasm-smtp probe\" shows which attributes the server takes from us";
    snprintf(advice, sizeof advice, "leave out --%s, or have it dropped where it is not offered: --optional %s",
             option, option);
    return advice;
}

static const char *of_reason(wsmtp_reason reason)
{
    switch (reason) {
    case WSMTP_REASON_STARTTLS_MISSING:
        return "use smtps:// if the server has TLS from the start, or smtp+plain:// if it may have none";
    case WSMTP_REASON_TLS_MODE_MISMATCH:
        return "smtps:// is TLS from the start (port 465), smtp:// is STARTTLS (port 587)";
    case WSMTP_REASON_SMTPUTF8_MISSING: return "use another server, or addresses that are ASCII before the @";
    case WSMTP_REASON_EIGHTBITMIME_MISSING: return "encode the message in 7 bits (quoted-printable or base64)";
    case WSMTP_REASON_BINARYMIME_MISSING: return "encode the message (base64) and leave out --binary";
    case WSMTP_REASON_PARAMETER_LIMIT: return "\"wasm-smtp probe\" shows the limit";
    case WSMTP_REASON_TOO_MANY_RECIPIENTS:
        return "give the message in a file, so that it can be sent in parts, or name fewer recipients";
    case WSMTP_REASON_MESSAGE_TOO_LARGE: return "make the message smaller";
    case WSMTP_REASON_BODY_LINE_TOO_LONG: return "wrap or encode the long lines";
    case WSMTP_REASON_AUTH_REFUSED: return "check user and password";
    case WSMTP_REASON_AUTH_NOT_SECURE: return "use smtps:// or smtp://, or allow it with --allow-plaintext-auth";
    case WSMTP_REASON_AUTH_NOT_OFFERED:
    case WSMTP_REASON_AUTH_NO_MECHANISM: return "\"wasm-smtp probe\" shows which mechanisms the server offers";
    case WSMTP_REASON_AUTH_SERVER_SIGNATURE: return "do not trust this server";
    case WSMTP_REASON_TIMEOUT: return "try again later, or allow more time with --timeout";
    case WSMTP_REASON_ALL_RECIPIENTS_REFUSED:
    case WSMTP_REASON_SOME_RECIPIENTS_REFUSED: return "check the recipients";
    case WSMTP_REASON_CONNECTION_LOST:
    case WSMTP_REASON_CLOSED_BY_PEER: return "try again later";
    default: return NULL;
    }
}

const char *error_advice(const wsmtp_client_error *error)
{
    if (error->in_doubt)
        return "it may have been delivered: find out before sending it again";
    const char *advice = of_cause(error->cause);
    if (advice)
        return advice;
    if (error->code >= 400 && error->code < 500)
        return "try again later";
    if (error->reason == WSMTP_REASON_PARAMETER_NOT_OFFERED)
        return of_parameter(error);
    advice = of_reason(error->reason);
    if (advice)
        return advice;
    return error->kind == WSMTP_KIND_PROTOCOL ? "is this an SMTP server? --transcript shows what it says" : "";
}

void error_line(const char *message, const char *advice)
{
    fputs("wasm-smtp: ", stderr);
    for (; *message; message++)
        putc(*message == '\n' || *message == '\r' ? ' ' : *message, stderr);
    if (*advice)
        fprintf(stderr, "; %s", advice);
    putc('\n', stderr);
}
