/*
 * Commands (RFC 5321 section 4.1): the one place that writes them. What comes from the caller is
 * checked here once more, at the moment it is written, so that no path around the checks of
 * wsmtp_submit can put a line end or a parameter into a command.
 */
#include "internal.h"
#include "words.h"

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

void wsmtp_put_text(wsmtp_engine *e, const char *text)
{
    wsmtp_put(e, text, wsmtp_word_len(text));
}

uint64_t wsmtp_output_position(const wsmtp_engine *e)
{
    return e->output_acked + (e->output_end - e->output_start);
}

void wsmtp_put_number(wsmtp_engine *e, uint64_t value)
{
    if (value >= 10) /* at most 19 times */
        wsmtp_put_number(e, value / 10);
    wsmtp_put(e, &WSMTP_DIGITS[value % 10], 1);
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
    memset(&e->offered, 0, sizeof e->offered);
    if (!wsmtp_ahead(e))
        e->capabilities = e->offered;
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

/* What belongs to path 0, the reverse-path, or path n, the recipient n - 1. */
typedef struct path_parts {
    const char *text;
    size_t len;
#if WSMTP_FEATURE_PARAMETERS
    const wsmtp_parameter *parameters;
    size_t parameters_len;
#endif
} path_parts;

static path_parts parts_of(const wsmtp_transaction *t, size_t path)
{
    path_parts parts = {t->reverse_path, t->reverse_path_len,
#if WSMTP_FEATURE_PARAMETERS
                        t->parameters, t->parameters_len
#endif
    };
    if (path > 0) {
        const wsmtp_recipient *r = &t->recipients[path - 1];
        parts.text = r->address;
        parts.len = r->address_len;
#if WSMTP_FEATURE_PARAMETERS
        parts.parameters = r->parameters;
        parts.parameters_len = r->parameters_len;
#endif
    }
    return parts;
}

/* Says in the error which path, or which of its parameters, is wrong. */
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

/* Checks a path, then its parameters; only then, and if so told, writes its command. */
static bool handle_path(wsmtp_engine *e, const wsmtp_transaction *t, size_t path, bool write)
{
    const path_parts p = parts_of(t, path);
    wsmtp_reason reason = wsmtp_mailbox_check(
        p.text, p.len,
        (path == 0 ? WSMTP_MAILBOX_NULL : WSMTP_MAILBOX_POSTMASTER) |
            (wsmtp_sends_utf8(t) ? WSMTP_MAILBOX_UTF8 : 0),
        NULL);
#if WSMTP_FEATURE_PARAMETERS
    e->bad_keyword = UINT8_MAX;
    if (reason == WSMTP_REASON_OK)
        reason = wsmtp_check_parameters(e, p.parameters, p.parameters_len,
                                        path == 0 ? WSMTP_KEYWORD_RET : WSMTP_KEYWORD_NOTIFY);
#endif
    if (reason != WSMTP_REASON_OK) {
        if (write)
            wsmtp_fail(e, reason);
        else
            wsmtp_reject(e, reason, WSMTP_FIELD_NONE, 0);
        name_path(e, path);
        return false;
    }
    if (!write)
        return true;
    size_t room = PATH_COMMAND_MAX;
#if WSMTP_FEATURE_PARAMETERS
    if (p.parameters_len > 0)
        room += PARAMETERS_MAX;
#endif
    if (!wsmtp_reserve(e, room))
        return false;
    wsmtp_put_text(e, path == 0 ? "MAIL FROM:<" : "RCPT TO:<");
    wsmtp_put(e, p.text, p.len);
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
    wsmtp_put_parameters(e, p.parameters, p.parameters_len);
#endif
    wsmtp_put_text(e, "\r\n");
    return true;
}

wsmtp_reason wsmtp_check_paths(wsmtp_engine *e, const wsmtp_transaction *t)
{
    for (size_t path = 0; path <= t->recipients_len; path++)
        if (!handle_path(e, t, path, false))
            return e->error.reason;
    return WSMTP_REASON_OK;
}

bool wsmtp_write_path(wsmtp_engine *e, const wsmtp_transaction *t, size_t path)
{
    return handle_path(e, t, path, true);
}
