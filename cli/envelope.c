#include "envelope.h"

#include <stdlib.h>
#include <string.h>

#include "exit_code.h"

static bool check_address(const char *address, const char *what, unsigned flags, failure *f)
{
    size_t n;
    /* What a non-ASCII address needs of the server, the client finds out when it knows the server. */
    wsmtp_reason reason = wsmtp_mailbox_check(address, strlen(address), flags | WSMTP_MAILBOX_UTF8, NULL);
    return reason == WSMTP_REASON_OK ||
           failure_input(f, "%s <%.300s> %s", what, address, wsmtp_reason_message(reason, &n));
}

/* One recipient named twice is one recipient; the first mention counts, and what was said about it. */
static void drop_duplicates(settings *s)
{
    text_list *to = &s->to, *original = &s->original_recipients;
    size_t kept = 0;
    while (original->len < to->len)
        text_list_add(original, "", 0);
    for (size_t i = 0; i < to->len; i++) {
        bool seen = false;
        for (size_t k = 0; k < kept && !seen; k++)
            seen = strcmp(to->items[k], to->items[i]) == 0;
        if (seen) {
            free(to->items[i]);
            free(original->items[i]);
        } else {
            to->items[kept] = to->items[i];
            original->items[kept++] = original->items[i];
        }
    }
    to->len = original->len = kept;
}

bool envelope_check(settings *s, failure *f)
{
    drop_duplicates(s);
    if (!check_address(s->from, "the sender", WSMTP_MAILBOX_NULL, f))
        return false;
    for (size_t i = 0; i < s->to.len; i++) {
        if (!check_address(s->to.items[i], "the recipient", WSMTP_MAILBOX_POSTMASTER, f))
            return false;
    }
    if (s->to.len == 0)
        return failure_input(f, "there is no recipient: the message's To, Cc and Bcc name none");
    return true;
}

static void set_body(wsmtp_transaction *t, const settings *s, const message *m)
{
    if (m->scanned)
        t->message_size = m->scan.octets;
    if (s->binary) {
        t->body = WSMTP_BODY_BINARY;
        return;
    }
    t->flags |= WSMTP_SEND_MAKE_CRLF;
    if (m->scanned)
        t->body = m->scan.has_8bit ? WSMTP_BODY_8BIT : WSMTP_BODY_7BIT;
}

void envelope_make(envelope *e, const settings *s, const message *m)
{
    wsmtp_transaction *t = &e->transaction;
    wsmtp_transaction_init(t);
    t->reverse_path = s->from;
    t->reverse_path_len = strlen(s->from);
    t->parameters = e->of_mail;
    t->parameters_len = parameters_of_mail(&s->parameters, e->of_mail);
    t->recipients = memory_get(s->to.len * sizeof *t->recipients);
    t->recipients_len = s->to.len;
    e->of_recipients = memory_get(s->to.len * PARAMETERS_OF_RECIPIENT_MAX * sizeof *e->of_recipients);
    for (size_t i = 0; i < s->to.len; i++) {
        wsmtp_recipient *r = &t->recipients[i];
        wsmtp_parameter *own = e->of_recipients + i * PARAMETERS_OF_RECIPIENT_MAX;
        r->address = s->to.items[i];
        r->address_len = strlen(s->to.items[i]);
        r->parameters = own;
        r->parameters_len = parameters_of_recipient(&s->parameters, s->original_recipients.items[i], own);
    }
    t->flags |= s->all_or_nothing ? WSMTP_SEND_ALL_OR_NOTHING : 0u;
    t->flags |= s->smtputf8 ? WSMTP_SEND_SMTPUTF8 : 0u;
    set_body(t, s, m);
}

void envelope_free(envelope *e)
{
    free(e->transaction.recipients);
    free(e->of_recipients);
}
