/*
 * Commands (RFC 5321 section 4.1): the one place that writes them. What comes from the caller is
 * checked here once more, at the moment it is written, so that no path around the checks of
 * wsmtp_submit can put a line end or a parameter into a command.
 */
#include "internal.h"

/* Longest MAIL: verb 12, path 254 + 2, " SIZE=" 20 digits, " BODY=8BITMIME", " SMTPUTF8", CRLF. */
#define MAIL_MAX 320u
#define RCPT_MAX (WSMTP_ADDRESS_MAX + 12u)

bool wsmtp_reserve(wsmtp_engine *e, size_t n)
{
    if (e->config->output_len - e->output_end >= n)
        return true;
    if (e->output_start > 0) {
        size_t used = e->output_end - e->output_start;
        memmove(e->config->output, e->config->output + e->output_start, used);
        if (e->secret_end > e->output_acked)
            wsmtp_wipe(e->config->output + used, e->output_end - used);
        e->output_start = 0;
        e->output_end = used;
    }
    return e->config->output_len - e->output_end >= n;
}

void wsmtp_put(wsmtp_engine *e, const void *data, size_t n)
{
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

static void put_number(wsmtp_engine *e, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    wsmtp_put(e, digits + at, sizeof digits - at);
}

/* A whole line without arguments, line end included. */
bool wsmtp_write_word(wsmtp_engine *e, const char *line)
{
    if (!wsmtp_reserve(e, length(line)))
        return false;
    wsmtp_put_text(e, line);
    return true;
}

bool wsmtp_write_hello(wsmtp_engine *e, const char *verb)
{
    const wsmtp_config *c = e->config;
    wsmtp_reason reason = wsmtp_ehlo_name_check(c->ehlo_name, c->ehlo_name_len);
    if (reason != WSMTP_REASON_OK) {
        wsmtp_fail(e, reason);
        e->error.field = WSMTP_FIELD_EHLO_NAME;
        return false;
    }
    if (!wsmtp_reserve(e, 5 + c->ehlo_name_len + 2))
        return false;
    wsmtp_put_text(e, verb);
    wsmtp_put(e, c->ehlo_name, c->ehlo_name_len);
    wsmtp_put_text(e, "\r\n");
    return true;
}

/* "VERB:<address>", checked; room was reserved. */
static bool put_path(wsmtp_engine *e, const char *verb, const char *address, size_t address_len,
                     unsigned flags, wsmtp_field field, size_t index)
{
    wsmtp_reason reason = wsmtp_mailbox_check(address, address_len, flags, NULL);
    if (reason != WSMTP_REASON_OK) {
        wsmtp_fail(e, reason);
        e->error.field = field;
        e->error.index = index;
        return false;
    }
    wsmtp_put_text(e, verb);
    if (address_len)
        wsmtp_put(e, address, address_len);
    wsmtp_put_text(e, ">");
    return true;
}

static unsigned utf8_flag(const wsmtp_transaction *t)
{
    return t->flags & WSMTP_SEND_SMTPUTF8 ? WSMTP_MAILBOX_UTF8 : 0;
}

bool wsmtp_write_mail(wsmtp_engine *e, const wsmtp_transaction *t)
{
    if (!wsmtp_reserve(e, MAIL_MAX) ||
        !put_path(e, "MAIL FROM:<", t->reverse_path, t->reverse_path_len,
                  WSMTP_MAILBOX_NULL | utf8_flag(t), WSMTP_FIELD_REVERSE_PATH, 0))
        return false;
    if (wsmtp_has(e, WSMTP_CAP_SIZE) && t->message_size != WSMTP_SIZE_UNKNOWN) {
        wsmtp_put_text(e, " SIZE=");
        put_number(e, t->message_size);
    }
    if (t->declared_8bit)
        wsmtp_put_text(e, " BODY=8BITMIME");
    if (t->flags & WSMTP_SEND_SMTPUTF8)
        wsmtp_put_text(e, " SMTPUTF8");
    wsmtp_put_text(e, "\r\n");
    return true;
}

bool wsmtp_write_rcpt(wsmtp_engine *e, const wsmtp_transaction *t, size_t index)
{
    const wsmtp_recipient *r = &t->recipients[index];
    if (!wsmtp_reserve(e, RCPT_MAX) ||
        !put_path(e, "RCPT TO:<", r->address, r->address_len,
                  WSMTP_MAILBOX_POSTMASTER | utf8_flag(t), WSMTP_FIELD_RECIPIENT, index))
        return false;
    wsmtp_put_text(e, "\r\n");
    return true;
}
