/*
 * Commands (RFC 5321 section 4.1): the one place that writes them. What comes from the caller is
 * checked here once more, at the moment it is written, so that no path around the checks of
 * wsmtp_submit can put a line end or a parameter into a command.
 */
#include "internal.h"

/* Longest MAIL: verb 12, path 254 + 2, " SIZE=" 20 digits, " BODY=8BITMIME", " SMTPUTF8", CRLF. */
#define PATH_COMMAND_MAX 320u
/* ... and with parameters: RET 9, ENVID 107, BY 17, HOLDUNTIL 31, MT-PRIORITY 15, REQUIRETLS 11,
 * AUTH 306, PRDR 5; of RCPT: NOTIFY 29, ORCPT 507. */
#define PARAMETERS_MAX 540u
#define WORD_MAX (sizeof "STARTTLS\r\n" - 1)

bool wsmtp_reserve(wsmtp_engine *e, size_t n)
{
    const wsmtp_config *c = e->config;
    if (c->output_len - e->output_end < n && e->output_start > 0) {
        size_t used = e->output_end - e->output_start;
        memmove(c->output, c->output + e->output_start, used);
        if (WSMTP_FEATURE_AUTH && e->secret_at != SIZE_MAX) {
            wsmtp_wipe(c->output + used, e->output_start);
            e->secret_at = e->secret_at > e->output_start ? e->secret_at - e->output_start : 0;
        }
        if (WSMTP_FEATURE_CHUNKING) {
            e->chunk_at -= e->output_start;
            if (e->held_at != SIZE_MAX)
                e->held_at -= e->output_start;
        }
        e->output_start = 0;
        e->output_end = used;
    }
    if (c->output_len - e->output_end >= n)
        return true;
    if (WSMTP_FEATURE_CHUNKING && !e->chunk_open) /* what waits for company makes room first */
        e->held_at = SIZE_MAX;
    return false;
}

void wsmtp_put(wsmtp_engine *e, const void *data, size_t n)
{
    if (n > 0) /* a null reverse-path may have no text at all */
        memcpy(e->config->output + e->output_end, data, n);
    e->output_end += n;
}

static size_t length(const char *text)
{
    size_t n = 0;
    while (text[n])
        n++;
    return n;
}

void wsmtp_put_text(wsmtp_engine *e, const char *text)
{
    wsmtp_put(e, text, length(text));
}

uint64_t wsmtp_output_position(const wsmtp_engine *e)
{
    return e->output_acked + (e->output_end - e->output_start);
}

void wsmtp_put_number(wsmtp_engine *e, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    wsmtp_put(e, digits + at, sizeof digits - at);
}

bool wsmtp_write_word(wsmtp_engine *e, const char *line)
{
    if (!wsmtp_reserve(e, WORD_MAX))
        return false;
    wsmtp_put_text(e, line);
    return true;
}

/* Begins a conversation: the output is empty, and what was offered before counts no more. */
void wsmtp_write_hello(wsmtp_engine *e, const char *verb)
{
    const wsmtp_config *c = e->config;
    if (!wsmtp_ahead(e))
        memset(&e->capabilities, 0, sizeof e->capabilities);
    wsmtp_reason reason = wsmtp_ehlo_name_check(c->ehlo_name, c->ehlo_name_len);
    if (reason != WSMTP_REASON_OK) {
        wsmtp_fail(e, reason);
        e->error.field = WSMTP_FIELD_EHLO_NAME;
        return;
    }
    wsmtp_put_text(e, verb);
    wsmtp_put(e, c->ehlo_name, c->ehlo_name_len);
    wsmtp_put_text(e, "\r\n");
}

/* Path 0 is the reverse-path, path n the recipient n - 1. */
static const char *path_text(const wsmtp_transaction *t, size_t path, size_t *len)
{
    if (path == 0) {
        *len = t->reverse_path_len;
        return t->reverse_path;
    }
    *len = t->recipients[path - 1].address_len;
    return t->recipients[path - 1].address;
}

#if WSMTP_FEATURE_PARAMETERS
static const wsmtp_parameter *path_parameters(const wsmtp_transaction *t, size_t path, size_t *count)
{
    *count = path == 0 ? t->parameters_len : t->recipients[path - 1].parameters_len;
    return path == 0 ? t->parameters : t->recipients[path - 1].parameters;
}
#endif

/* Checks a path, then its parameters: e->bad_keyword is the one that is wrong, if it is one. */
static wsmtp_reason check_path(wsmtp_engine *e, const wsmtp_transaction *t, size_t path)
{
    size_t len;
    const char *text = path_text(t, path, &len);
    wsmtp_reason reason = wsmtp_mailbox_check(
        text, len,
        (path == 0 ? WSMTP_MAILBOX_NULL : WSMTP_MAILBOX_POSTMASTER) |
            (wsmtp_sends_utf8(t) ? WSMTP_MAILBOX_UTF8 : 0),
        NULL);
#if WSMTP_FEATURE_PARAMETERS
    size_t count;
    const wsmtp_parameter *list = path_parameters(t, path, &count);
    e->bad_keyword = UINT8_MAX;
    if (reason == WSMTP_REASON_OK)
        reason = wsmtp_check_parameters(e, list, count, path == 0 ? WSMTP_KEYWORD_RET : WSMTP_KEYWORD_NOTIFY);
#else
    (void)e;
#endif
    return reason;
}

/* Says in the error what check_path has found wrong. */
static void name_path(wsmtp_engine *e, size_t path)
{
    e->error.field = path == 0 ? WSMTP_FIELD_REVERSE_PATH : WSMTP_FIELD_RECIPIENT;
    e->error.index = path == 0 ? 0 : path - 1;
#if WSMTP_FEATURE_PARAMETERS
    if (e->bad_keyword != UINT8_MAX) {
        e->error.field = path == 0 ? WSMTP_FIELD_PARAMETER : WSMTP_FIELD_RECIPIENT_PARAMETER;
        wsmtp_name_keyword(e);
    }
#endif
}

wsmtp_reason wsmtp_check_paths(wsmtp_engine *e, const wsmtp_transaction *t)
{
    for (size_t path = 0; path <= t->recipients_len; path++) {
        wsmtp_reason reason = check_path(e, t, path);
        if (reason != WSMTP_REASON_OK) {
            wsmtp_reject(e, reason, WSMTP_FIELD_NONE, 0);
            name_path(e, path);
            return reason;
        }
    }
    return WSMTP_REASON_OK;
}

bool wsmtp_write_path(wsmtp_engine *e, const wsmtp_transaction *t, size_t path)
{
    size_t len;
    const char *text = path_text(t, path, &len);
    wsmtp_reason reason = check_path(e, t, path);
    if (reason != WSMTP_REASON_OK) {
        wsmtp_fail(e, reason);
        name_path(e, path);
        return false;
    }
    size_t count = 0;
#if WSMTP_FEATURE_PARAMETERS
    const wsmtp_parameter *list = path_parameters(t, path, &count);
#endif
    if (!wsmtp_reserve(e, PATH_COMMAND_MAX + (count ? PARAMETERS_MAX : 0)))
        return false;
    wsmtp_put_text(e, path == 0 ? "MAIL FROM:<" : "RCPT TO:<");
    wsmtp_put(e, text, len);
    wsmtp_put_text(e, ">");
    if (path == 0) {
        if (wsmtp_has(e, WSMTP_CAP_SIZE) && t->message_size != WSMTP_SIZE_UNKNOWN) {
            wsmtp_put_text(e, " SIZE=");
            wsmtp_put_number(e, t->message_size);
        }
        if (t->declared_8bit)
            wsmtp_put_text(e, " BODY=8BITMIME");
        else if (wsmtp_binary(t))
            wsmtp_put_text(e, " BODY=BINARYMIME");
        if (wsmtp_sends_utf8(t))
            wsmtp_put_text(e, " SMTPUTF8");
    }
#if WSMTP_FEATURE_PARAMETERS
    wsmtp_put_parameters(e, list, count);
#endif
    wsmtp_put_text(e, "\r\n");
    return true;
}
