#include "golden.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const event_names[] = {
    "NONE",  "GREETING",      "EHLO", "START_TLS", "READY", "DERIVE_KEY", "AUTHENTICATED",
    "MAIL",  "RECIPIENT",     "BODY", "DONE",      "COMPLETED", "REFUSED", "CLOSED", "FAILED",
};
static const char *const status_names[] = {
    "PENDING", "ACCEPTED", "DEFERRED", "REFUSED", "NOT_SENT", "IN_DOUBT",
};
static const char *const step_names[] = {
    "CONNECT", "TLS",  "GREETING", "EHLO",        "STARTTLS", "READY", "AUTH", "MAIL",
    "RCPT",    "DATA", "BODY",     "END_OF_DATA", "RSET",     "NOOP",  "QUIT", "CLOSED",
    "VRFY",    "EXPN", "HELP",     "XCLIENT",
};
static const char *const field_names[] = {
    "NONE",  "REVERSE_PATH", "RECIPIENT", "EHLO_NAME", "MESSAGE",   "USER",       "PASSWORD",
    "TOKEN", "AUTHZID",      "HOST",      "NONCE",     "MECHANISM", "ITERATIONS", "CONFIG",
    "BINDING", "PARAMETER", "RECIPIENT_PARAMETER", "RECIPIENTS", "ARGUMENT",
};
static const char *const reason_names[] = {
#define NAME(name, kind, sentence) #name,
    WSMTP_REASONS(NAME)
#undef NAME
};
static const char *const capability_names[] = {
    "ESMTP",    "PIPELINING", "SIZE",        "STARTTLS",      "8BITMIME",    "SMTPUTF8",
    "ENHANCEDSTATUSCODES",    "AUTH",        "DSN",           "CHUNKING",    "BINARYMIME",
    "LIMITS",   "REQUIRETLS", "DELIVERBY",   "FUTURERELEASE", "MT-PRIORITY", "PRDR",
    "PIPECONNECT",            "XCLIENT",     "VRFY",          "EXPN",        "HELP",
    "ETRN",
};

#define NAME_OF(names, value)                                                                      \
    ((size_t)(value) < sizeof(names) / sizeof *(names) ? (names)[(size_t)(value)] : "unknown")

const char *golden_event_name(wsmtp_event_type type) { return NAME_OF(event_names, type); }
const char *golden_status_name(wsmtp_status status) { return NAME_OF(status_names, status); }
const char *golden_reason_name(wsmtp_reason reason) { return NAME_OF(reason_names, reason); }
const char *golden_step_name(wsmtp_step step) { return NAME_OF(step_names, step); }
const char *golden_field_name(wsmtp_field field) { return NAME_OF(field_names, field); }

int golden_reason_find(const char *name)
{
    for (size_t i = 0; i < sizeof reason_names / sizeof *reason_names; i++)
        if (strcmp(reason_names[i], name) == 0)
            return (int)i;
    return -1;
}

static void render_enhanced(golden_bytes *out, wsmtp_enhanced_code enhanced)
{
    golden_print(out, "%u.%u.%u", enhanced.class_, enhanced.subject, enhanced.detail);
}

static void render_text(golden_bytes *out, const wsmtp_reply *reply)
{
    golden_print(out, " text=");
    for (size_t i = 0; i < reply->text_len; i++) {
        if (reply->text[i] == '\n')
            golden_add(out, "\\n", 2);
        else
            golden_add(out, &reply->text[i], 1);
    }
}

static void render_recipient(golden_bytes *out, size_t index, const wsmtp_recipient *recipient)
{
    golden_print(out, " r%zu=%s", index, golden_status_name(recipient->status));
    if (recipient->code)
        golden_print(out, ":%u", recipient->code);
    if (recipient->enhanced.class_) {
        golden_print(out, ":");
        render_enhanced(out, recipient->enhanced);
    }
    if (recipient->from_message)
        golden_print(out, ":message");
}

void golden_render_error(golden_bytes *out, const wsmtp_error *error)
{
    golden_print(out, " reason=%s step=%s", golden_reason_name(error->reason),
                 golden_step_name(error->step));
    if (error->field != WSMTP_FIELD_NONE)
        golden_print(out, " field=%s", golden_field_name(error->field));
    if (error->field == WSMTP_FIELD_RECIPIENT || error->field == WSMTP_FIELD_RECIPIENT_PARAMETER)
        golden_print(out, " index=%zu", error->index);
    golden_print(out, error->retryable ? " retryable" : " final");
    if (error->in_doubt)
        golden_print(out, " in-doubt");
    if (error->detail_len) {
        golden_print(out, " detail=");
        for (size_t i = 0; i < error->detail_len; i++)
            golden_add(out, error->detail[i] == ' ' ? "~" : &error->detail[i], 1);
    }
    if (error->kind != wsmtp_reason_kind(error->reason))
        golden_print(out, " WRONG-KIND=%d", (int)error->kind);
}

void golden_render(golden_bytes *out, const wsmtp_event *event, size_t transaction_number)
{
    const wsmtp_error *error = event->error;
    const wsmtp_reply *reply = &event->reply;
    if (!reply->code && error && error->reply.code)
        reply = &error->reply;

    golden_print(out, "%s", golden_event_name(event->type));
    if (event->transaction)
        golden_print(out, " %zu", transaction_number);
    if (event->type == WSMTP_EVENT_RECIPIENT)
        golden_print(out, " r%zu", event->recipient);
    if (event->type == WSMTP_EVENT_DERIVE_KEY) {
        golden_print(out, " hash=%s iterations=%u salt=",
                     event->hash == WSMTP_HASH_SHA_256 ? "SHA-256"
                     : event->hash == WSMTP_HASH_SHA_1 ? "SHA-1"
                     : event->hash == WSMTP_HASH_SHA_512 ? "SHA-512"
                                                       : "unknown",
                     (unsigned)event->iterations);
        for (size_t i = 0; i < event->salt_len; i++)
            golden_print(out, "%02x", event->salt[i]);
    }
    if (reply->code)
        golden_print(out, " %u", reply->code);
    if (reply->enhanced.class_) {
        golden_print(out, " enh=");
        render_enhanced(out, reply->enhanced);
    }
    if (event->type == WSMTP_EVENT_DONE && event->transaction) {
        const wsmtp_transaction *transaction = event->transaction;
        golden_print(out, " status=%s accepted=%zu", golden_status_name(transaction->status),
                     transaction->accepted_count);
        for (size_t i = 0; i < transaction->recipients_len; i++)
            render_recipient(out, i, &transaction->recipients[i]);
    }
    if (error)
        golden_render_error(out, error);
    if (reply->code)
        render_text(out, reply);
}

void golden_render_capabilities(golden_bytes *out, const wsmtp_capabilities *capabilities)
{
    uint32_t known = 0;
    for (size_t i = 0; i < sizeof capability_names / sizeof *capability_names; i++) {
        known |= UINT32_C(1) << i;
        if (capabilities->flags >> i & 1u)
            golden_print(out, " %s", capability_names[i]);
    }
    if (capabilities->flags & ~known)
        golden_print(out, " UNKNOWN-FLAG");
    if (capabilities->size)
        golden_print(out, " size=%llu", (unsigned long long)capabilities->size);
    for (int i = 1; i < WSMTP_MECHANISM_COUNT; i++)
        if (capabilities->auth >> i & 1u)
            golden_print(out, " auth=%s", wsmtp_mechanism_name((wsmtp_mechanism)i, &(size_t){0}));
    if (capabilities->mail_max)
        golden_print(out, " mailmax=%u", (unsigned)capabilities->mail_max);
    if (capabilities->rcpt_max)
        golden_print(out, " rcptmax=%u", (unsigned)capabilities->rcpt_max);
    if (capabilities->rcpt_domain_max)
        golden_print(out, " rcptdomainmax=%u", (unsigned)capabilities->rcpt_domain_max);
    if (capabilities->deliver_by_min)
        golden_print(out, " deliverbymin=%u", (unsigned)capabilities->deliver_by_min);
    if (capabilities->hold_max)
        golden_print(out, " holdmax=%u", (unsigned)capabilities->hold_max);
    for (unsigned i = WSMTP_KEYWORD_NAME; i < WSMTP_KEYWORD_COUNT; i++)
        if (capabilities->xclient >> (i - WSMTP_KEYWORD_NAME) & 1u)
            golden_print(out, " xclient=%s", wsmtp_keyword_name((wsmtp_keyword)i, &(size_t){0}));
}

/* The next word of a line; "text=" takes the rest of it. False at the end. */
static bool next_word(const char **at, const char **word, size_t *word_len)
{
    while (**at == ' ')
        ++*at;
    if (!**at)
        return false;
    *word = *at;
    *word_len = strncmp(*at, "text=", 5) == 0 ? strlen(*at) : strcspn(*at, " ");
    *at += *word_len;
    return true;
}

static size_t key_len(const char *word, size_t word_len)
{
    const char *equals = memchr(word, '=', word_len);
    return equals ? (size_t)(equals - word) + 1 : 0;
}

static bool is_code(const char *word, size_t word_len)
{
    return word_len == 3 && isdigit((unsigned char)word[0]) && isdigit((unsigned char)word[1]) &&
           isdigit((unsigned char)word[2]);
}

/* Whether line has a word that fits: equal, or of the same key with ? as its value. */
static bool has_word(const char *line, const char *word, size_t word_len)
{
    const char *other;
    size_t other_len, key = key_len(word, word_len);
    while (next_word(&line, &other, &other_len)) {
        if (other_len == word_len && memcmp(other, word, word_len) == 0)
            return true;
        if (other_len == 1 && *other == '?' && is_code(word, word_len))
            return true;
        if (key && other_len == key + 1 && memcmp(other, word, key) == 0 && other[key] == '?')
            return true;
    }
    return false;
}

static bool may_be_left_out(const char *word, size_t word_len)
{
    return (word_len >= 5 && memcmp(word, "text=", 5) == 0) ||
           (word_len == 9 && memcmp(word, "retryable", 9) == 0) ||
           (word_len == 5 && memcmp(word, "final", 5) == 0);
}

bool golden_fits(const char *expected, const char *actual)
{
    const char *word;
    size_t word_len;
    for (const char *at = actual; next_word(&at, &word, &word_len);)
        if (!may_be_left_out(word, word_len) && !has_word(expected, word, word_len))
            return false;
    for (const char *at = expected; next_word(&at, &word, &word_len);) {
        bool wildcard = word[word_len - 1] == '?' &&
                        (word_len == 1 || key_len(word, word_len) == word_len - 1);
        if (!wildcard && !has_word(actual, word, word_len))
            return false;
    }
    return true;
}
