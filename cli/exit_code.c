#include "exit_code.h"

typedef struct outcomes {
    size_t accepted, deferred, refused, other;
} outcomes;

static outcomes count(const wsmtp_transaction *transaction)
{
    outcomes n = {0};
    for (size_t i = 0; i < transaction->recipients_len; i++) {
        switch (transaction->recipients[i].status) {
        case WSMTP_STATUS_ACCEPTED: n.accepted++; break;
        case WSMTP_STATUS_DEFERRED: n.deferred++; break;
        case WSMTP_STATUS_REFUSED: n.refused++; break;
        default: n.other++; break;
        }
    }
    return n;
}

int exit_code_of_recipients(const wsmtp_transaction *transaction)
{
    outcomes n = count(transaction);
    if (n.accepted == transaction->recipients_len)
        return EXIT_ACCEPTED;
    if (n.refused == transaction->recipients_len)
        return EXIT_NO_USER;
    if (n.refused > 0)
        return EXIT_UNAVAILABLE;
    return EXIT_TRY_LATER;
}

static int of_cause(wsmtp_cause cause)
{
    switch (cause) {
    case WSMTP_CAUSE_HOST_NOT_FOUND: return EXIT_NO_HOST;
    case WSMTP_CAUSE_HOST_LOOKUP_FAILED:
    case WSMTP_CAUSE_CONNECTION_REFUSED:
    case WSMTP_CAUSE_HOST_UNREACHABLE:
    case WSMTP_CAUSE_CONNECTION_RESET:
    case WSMTP_CAUSE_CONNECTION_TIMEOUT:
    case WSMTP_CAUSE_TLS_TRUNCATED:
    case WSMTP_CAUSE_DEADLINE:
    case WSMTP_CAUSE_QUEUE_FULL: return EXIT_TRY_LATER;
    case WSMTP_CAUSE_CERTIFICATE_UNTRUSTED:
    case WSMTP_CAUSE_CERTIFICATE_NAME:
    case WSMTP_CAUSE_CERTIFICATE_EXPIRED:
    case WSMTP_CAUSE_CERTIFICATE_NOT_YET_VALID:
    case WSMTP_CAUSE_CERTIFICATE_INVALID:
    case WSMTP_CAUSE_PIN_MISMATCH:
    case WSMTP_CAUSE_TLS_VERSION:
    case WSMTP_CAUSE_CLIENT_CERTIFICATE:
    case WSMTP_CAUSE_TLS_ALERT: return EXIT_UNAVAILABLE;
    case WSMTP_CAUSE_NOT_TLS:
    case WSMTP_CAUSE_TLS_OTHER: return EXIT_PROTOCOL;
    case WSMTP_CAUSE_FILE: return EXIT_CONFIG;
    case WSMTP_CAUSE_BODY_SOURCE: return EXIT_IO;
    case WSMTP_CAUSE_TOKEN_SOURCE: return EXIT_AUTH;
    case WSMTP_CAUSE_MEMORY:
    case WSMTP_CAUSE_SYSTEM: return EXIT_SYSTEM;
    case WSMTP_CAUSE_NONE:
    case WSMTP_CAUSE_COUNT: break;
    }
    return 0;
}

static int of_input(const wsmtp_client_error *error)
{
    switch (error->field) {
    case WSMTP_FIELD_EHLO_NAME:
    case WSMTP_FIELD_HOST:
    case WSMTP_FIELD_CONFIG: return EXIT_CONFIG;
    case WSMTP_FIELD_USER:
    case WSMTP_FIELD_PASSWORD:
    case WSMTP_FIELD_TOKEN:
    case WSMTP_FIELD_AUTHZID:
    case WSMTP_FIELD_NONCE:
    case WSMTP_FIELD_MECHANISM:
    case WSMTP_FIELD_ITERATIONS: return EXIT_AUTH;
    default: return EXIT_DATA;
    }
}

static int of_refusal(const wsmtp_client_error *error, const wsmtp_transaction *transaction)
{
    if (error->code >= 400 && error->code < 500 &&
        error->reason != WSMTP_REASON_ALL_RECIPIENTS_REFUSED &&
        error->reason != WSMTP_REASON_SOME_RECIPIENTS_REFUSED)
        return EXIT_TRY_LATER;
    if (transaction && error->reason == WSMTP_REASON_ALL_RECIPIENTS_REFUSED)
        return exit_code_of_recipients(transaction);
    if (transaction && error->reason == WSMTP_REASON_SOME_RECIPIENTS_REFUSED)
        return count(transaction).refused ? EXIT_UNAVAILABLE : EXIT_TRY_LATER;
    return error->reason == WSMTP_REASON_SERVICE_CLOSING ? EXIT_TRY_LATER : EXIT_UNAVAILABLE;
}

int exit_code_of_error(const wsmtp_client_error *error, const wsmtp_transaction *transaction)
{
    if (error->in_doubt)
        return EXIT_TRY_LATER;
    int code = of_cause(error->cause);
    if (code)
        return code;
    switch (error->kind) {
    case WSMTP_KIND_INPUT: return of_input(error);
    case WSMTP_KIND_TRANSPORT: return EXIT_TRY_LATER;
    case WSMTP_KIND_PROTOCOL: return EXIT_PROTOCOL;
    case WSMTP_KIND_REFUSED: return of_refusal(error, transaction);
    case WSMTP_KIND_AUTH:
        return error->code >= 400 && error->code < 500 ? EXIT_TRY_LATER : EXIT_AUTH;
    case WSMTP_KIND_UNSUPPORTED:
    case WSMTP_KIND_POLICY: return EXIT_UNAVAILABLE;
    case WSMTP_KIND_MISUSE: return error->option && *error->option ? EXIT_CONFIG : EXIT_SOFTWARE;
    case WSMTP_KIND_NONE: break;
    }
    return EXIT_SOFTWARE;
}
