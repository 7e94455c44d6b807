#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append(wsmtp_client_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(wsmtp_client_error *error, const char *format, ...)
{
    size_t used = strlen(error->message);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message + used, sizeof error->message - used, format, arguments);
    va_end(arguments);
}

/* A message is one line: the lines of a reply are joined with " / ". */
static void append_reply(wsmtp_client_error *error)
{
    append(error, ": %u", error->code);
    if (error->enhanced.class_)
        append(error, " %u.%u.%u", error->enhanced.class_, error->enhanced.subject,
               error->enhanced.detail);
    for (size_t at = 0; at < error->text_len;) {
        const char *line = error->text + at;
        const char *end = memchr(line, '\n', error->text_len - at);
        size_t n = end ? (size_t)(end - line) : error->text_len - at;
        append(error, "%s%.*s", at ? " / " : " ", (int)n, line);
        at += n + 1;
    }
}

static void sentence(wsmtp_client_error *error)
{
    size_t n;
    append(error, "%s", wsmtp_reason_message(error->reason, &n));
}

/* What an INPUT error is about, in the words of the header. */
static void subject(wsmtp_client_error *error)
{
    static const char *const names[] = {
        [WSMTP_FIELD_NONE] = "the request",        [WSMTP_FIELD_REVERSE_PATH] = "the reverse-path",
        [WSMTP_FIELD_RECIPIENT] = "recipient",     [WSMTP_FIELD_EHLO_NAME] = "the EHLO name",
        [WSMTP_FIELD_MESSAGE] = "the message",     [WSMTP_FIELD_USER] = "the user name",
        [WSMTP_FIELD_PASSWORD] = "the password",   [WSMTP_FIELD_TOKEN] = "the token",
        [WSMTP_FIELD_AUTHZID] = "the authorization identity",
        [WSMTP_FIELD_HOST] = "the host name",      [WSMTP_FIELD_NONCE] = "the nonce",
        [WSMTP_FIELD_MECHANISM] = "the mechanism", [WSMTP_FIELD_ITERATIONS] = "the iteration limit",
        [WSMTP_FIELD_CONFIG] = "the configuration", [WSMTP_FIELD_BINDING] = "the channel binding",
        [WSMTP_FIELD_PARAMETER] = "the parameter", [WSMTP_FIELD_RECIPIENT_PARAMETER] = "the parameter",
        [WSMTP_FIELD_RECIPIENTS] = "the recipients", [WSMTP_FIELD_ARGUMENT] = "the argument"};
    unsigned field = (unsigned)error->field;
    append(error, "%s", field < sizeof names / sizeof names[0] ? names[field] : names[0]);
    if (error->field == WSMTP_FIELD_PARAMETER || error->field == WSMTP_FIELD_RECIPIENT_PARAMETER)
        append(error, " %.*s", (int)error->detail_len, error->detail);
    if (error->field == WSMTP_FIELD_RECIPIENT_PARAMETER)
        append(error, " of recipient");
    if (error->field == WSMTP_FIELD_RECIPIENT || error->field == WSMTP_FIELD_RECIPIENT_PARAMETER)
        append(error, " %zu", error->index + 1);
    append(error, " ");
}

/* Whether the sentence is a predicate about a field. */
static bool is_about_field(const wsmtp_client_error *error)
{
    switch (error->reason) {
    case WSMTP_REASON_EIGHTBITMIME_MISSING:
    case WSMTP_REASON_SMTPUTF8_MISSING:
    case WSMTP_REASON_BINARYMIME_MISSING:
    case WSMTP_REASON_PARAMETER_NOT_OFFERED:
    case WSMTP_REASON_PARAMETER_LIMIT:
    case WSMTP_REASON_TOO_MANY_RECIPIENTS: return true;
    case WSMTP_REASON_NOT_BUILT:
        return error->field == WSMTP_FIELD_PARAMETER || error->field == WSMTP_FIELD_RECIPIENT_PARAMETER;
    default: return error->kind == WSMTP_KIND_INPUT;
    }
}

static size_t keep(char *to, size_t to_len, const char *from, size_t from_len)
{
    size_t n = from_len < to_len ? from_len : to_len;
    if (n)
        memcpy(to, from, n);
    return n;
}

void wsmtp_error_from_engine(wsmtp_client_error *error, const wsmtp_error *from, wsmtp_cause cause,
                             const char *words)
{
    memset(error, 0, sizeof *error);
    error->reason = from->reason;
    error->kind = from->kind;
    error->cause = cause;
    error->step = from->step;
    error->field = from->field;
    error->index = from->index;
    error->option = "";
    error->retryable = from->retryable;
    error->in_doubt = from->in_doubt;
    error->code = from->reply.code;
    error->enhanced = from->reply.enhanced;
    error->text_len = keep(error->text, sizeof error->text, from->reply.text, from->reply.text_len);
    error->detail_len = keep(error->detail, sizeof error->detail, from->detail, from->detail_len);

    size_t n;
    if (is_about_field(error))
        subject(error);
    else if (error->reason == WSMTP_REASON_NOT_BUILT)
        append(error, "what was asked for ");
    else if (from->step != WSMTP_STEP_READY && from->step != WSMTP_STEP_CLOSED)
        append(error, "during %s, ", wsmtp_step_name(from->step, &n));
    sentence(error);
    if (error->code)
        append_reply(error);
    if (words && *words)
        append(error, ": %s", words);
    if (error->in_doubt)
        append(error, "; the message may have been delivered");
}

/* Causes that time alone does not mend. */
static bool lasting(wsmtp_cause cause)
{
    return cause == WSMTP_CAUSE_HOST_NOT_FOUND || cause == WSMTP_CAUSE_SYSTEM;
}

void wsmtp_error_from_host(wsmtp_client_error *error, wsmtp_reason reason, wsmtp_cause cause,
                           const char *words)
{
    wsmtp_error from;
    memset(&from, 0, sizeof from);
    from.reason = reason;
    from.kind = wsmtp_reason_kind(reason);
    from.step = WSMTP_STEP_CONNECT;
    from.retryable = from.kind == WSMTP_KIND_TRANSPORT && reason != WSMTP_REASON_CANCELLED &&
                     !lasting(cause);
    wsmtp_error_from_engine(error, &from, cause, words);
}

void wsmtp_error_from_option(wsmtp_client_error *error, wsmtp_reason reason, wsmtp_cause cause,
                             const char *option, const char *rule)
{
    memset(error, 0, sizeof *error);
    error->reason = reason;
    error->kind = wsmtp_reason_kind(reason);
    error->cause = cause;
    error->field = WSMTP_FIELD_CONFIG;
    error->option = option;
    append(error, "%s %s", option, rule);
}

void wsmtp_error_about_field(wsmtp_client_error *error, wsmtp_reason reason, wsmtp_field field,
                             size_t index, const char *rule)
{
    memset(error, 0, sizeof *error);
    error->reason = reason;
    error->kind = wsmtp_reason_kind(reason);
    error->step = WSMTP_STEP_READY;
    error->field = field;
    error->index = index;
    error->option = "";
    subject(error);
    if (rule)
        append(error, "%s", rule);
    else
        sentence(error);
}

/* What broke the session may be the fault of one message, and is then not that of another. */
static bool clear_fault(wsmtp_client_error *error)
{
    if (error->field != WSMTP_FIELD_MESSAGE && error->cause != WSMTP_CAUSE_BODY_SOURCE)
        return false;
    error->reason = WSMTP_REASON_CANCELLED;
    error->kind = wsmtp_reason_kind(error->reason);
    error->cause = WSMTP_CAUSE_NONE;
    error->field = WSMTP_FIELD_NONE;
    error->retryable = !error->in_doubt;
    return true;
}

void wsmtp_error_of_other(wsmtp_client_error *error)
{
    static const char before[] = "the session is over: ";
    const size_t before_len = sizeof before - 1, message_max = sizeof error->message - 1;
    if (!clear_fault(error))
        return;
    memmove(error->message + before_len, error->message, message_max - before_len);
    memcpy(error->message, before, before_len);
    error->message[message_max] = '\0';
}

void wsmtp_error_after_end(wsmtp_client_error *error, const wsmtp_client_error *ended)
{
    if (ended->reason == WSMTP_REASON_OK) {
        memset(error, 0, sizeof *error);
        error->reason = WSMTP_REASON_STATE;
        error->kind = WSMTP_KIND_MISUSE;
        error->step = WSMTP_STEP_CLOSED;
        error->option = "";
        append(error, "the session is over");
        return;
    }
    *error = *ended;
    error->message[0] = '\0';
    append(error, "the session is over: %.900s", ended->message);
    /* Doubt was about another message: this one can be sent on another connection. */
    error->retryable = ended->retryable || ended->in_doubt;
    error->in_doubt = false;
    clear_fault(error);
}

void wsmtp_error_append(wsmtp_client_error *error, const char *words)
{
    append(error, "%s", words);
}
