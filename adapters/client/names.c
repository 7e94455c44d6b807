/* The words of wsmtp/client.h. */
#include <wsmtp/client.h>

#include <string.h>

#define NAME_OF(names, index)                                                                      \
    ((unsigned)(index) < sizeof names / sizeof names[0] && names[index] ? names[index] : "")

const char *wsmtp_kind_name(wsmtp_kind kind)
{
    static const char *const names[] = {
        [WSMTP_KIND_INPUT] = "input",         [WSMTP_KIND_MISUSE] = "misuse",
        [WSMTP_KIND_TRANSPORT] = "transport", [WSMTP_KIND_PROTOCOL] = "protocol",
        [WSMTP_KIND_REFUSED] = "refused",     [WSMTP_KIND_AUTH] = "auth",
        [WSMTP_KIND_UNSUPPORTED] = "unsupported", [WSMTP_KIND_POLICY] = "policy"};
    return NAME_OF(names, kind);
}

const char *wsmtp_status_name(wsmtp_status status)
{
    static const char *const names[] = {
        [WSMTP_STATUS_PENDING] = "pending",   [WSMTP_STATUS_ACCEPTED] = "accepted",
        [WSMTP_STATUS_DEFERRED] = "deferred", [WSMTP_STATUS_REFUSED] = "refused",
        [WSMTP_STATUS_NOT_SENT] = "not-sent", [WSMTP_STATUS_IN_DOUBT] = "in-doubt"};
    return NAME_OF(names, status);
}

const char *wsmtp_cause_name(wsmtp_cause cause)
{
    static const char *const names[] = {
        [WSMTP_CAUSE_HOST_NOT_FOUND] = "host-not-found",
        [WSMTP_CAUSE_HOST_LOOKUP_FAILED] = "host-lookup-failed",
        [WSMTP_CAUSE_CONNECTION_REFUSED] = "connection-refused",
        [WSMTP_CAUSE_HOST_UNREACHABLE] = "host-unreachable",
        [WSMTP_CAUSE_CONNECTION_RESET] = "connection-reset",
        [WSMTP_CAUSE_CONNECTION_TIMEOUT] = "connection-timeout",
        [WSMTP_CAUSE_CERTIFICATE_UNTRUSTED] = "certificate-untrusted",
        [WSMTP_CAUSE_CERTIFICATE_NAME] = "certificate-name",
        [WSMTP_CAUSE_CERTIFICATE_EXPIRED] = "certificate-expired",
        [WSMTP_CAUSE_CERTIFICATE_NOT_YET_VALID] = "certificate-not-yet-valid",
        [WSMTP_CAUSE_CERTIFICATE_INVALID] = "certificate-invalid",
        [WSMTP_CAUSE_PIN_MISMATCH] = "pin-mismatch",
        [WSMTP_CAUSE_NOT_TLS] = "not-tls",
        [WSMTP_CAUSE_TLS_VERSION] = "tls-version",
        [WSMTP_CAUSE_CLIENT_CERTIFICATE] = "client-certificate",
        [WSMTP_CAUSE_TLS_ALERT] = "tls-alert",
        [WSMTP_CAUSE_TLS_TRUNCATED] = "tls-truncated",
        [WSMTP_CAUSE_TLS_OTHER] = "tls-other",
        [WSMTP_CAUSE_FILE] = "file",
        [WSMTP_CAUSE_BODY_SOURCE] = "body-source",
        [WSMTP_CAUSE_DEADLINE] = "deadline",
        [WSMTP_CAUSE_QUEUE_FULL] = "queue-full",
        [WSMTP_CAUSE_MEMORY] = "memory",
        [WSMTP_CAUSE_SYSTEM] = "system",
        [WSMTP_CAUSE_TOKEN_SOURCE] = "token-source"};
    return NAME_OF(names, cause);
}

const char *wsmtp_moment_name(wsmtp_moment moment)
{
    static const char *const names[] = {
        [WSMTP_MOMENT_RESOLVED] = "resolved",     [WSMTP_MOMENT_CONNECTED] = "connected",
        [WSMTP_MOMENT_TLS_BEGIN] = "tls-begin",   [WSMTP_MOMENT_TLS_END] = "tls-end",
        [WSMTP_MOMENT_GREETING] = "greeting",     [WSMTP_MOMENT_READY] = "ready",
        [WSMTP_MOMENT_AUTH_BEGIN] = "auth-begin", [WSMTP_MOMENT_AUTH_END] = "auth-end",
        [WSMTP_MOMENT_SEND_BEGIN] = "send-begin", [WSMTP_MOMENT_BODY_BEGIN] = "body-begin",
        [WSMTP_MOMENT_BODY_END] = "body-end",     [WSMTP_MOMENT_SEND_END] = "send-end",
        [WSMTP_MOMENT_QUIT_BEGIN] = "quit-begin", [WSMTP_MOMENT_CLOSED] = "closed"};
    return NAME_OF(names, moment);
}

const char *wsmtp_reason_name(wsmtp_reason reason, char name[WSMTP_REASON_NAME_MAX])
{
    static const char *const identifiers[] = {
#define WSMTP_REASON_IDENTIFIER(identifier, kind, sentence) #identifier,
        WSMTP_REASONS(WSMTP_REASON_IDENTIFIER)
#undef WSMTP_REASON_IDENTIFIER
    };
    const char *from = NAME_OF(identifiers, reason);
    size_t n = strlen(from);
    for (size_t i = 0; i <= n; i++) {
        char c = from[i];
        name[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c == '_' ? '-' : c);
    }
    return name;
}
