#include "deliver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_line.h"
#include "exit_code.h"
#include "report.h"
#include "session.h"

/* Everything that one delivery holds. */
typedef struct state {
    const delivery *delivery;
    settings *settings;
    message message;
    session session;
    wsmtp_transaction transaction;
    bool was_sent; /* the transaction was given to the client, so it has outcomes */
    wsmtp_client_error error; /* reason OK: none */
    text_list texts;
    char *queue_id;
    char summary[384]; /* what is to be said about recipients that were refused */
} state;

static bool check_address(const char *address, const char *what, unsigned flags, failure *f)
{
    size_t n;
    /* What a non-ASCII address needs of the server, the client finds out when it knows the server. */
    wsmtp_reason reason = wsmtp_mailbox_check(address, strlen(address), flags | WSMTP_MAILBOX_UTF8, NULL);
    return reason == WSMTP_REASON_OK ||
           failure_input(f, "%s <%.300s> %s", what, address, wsmtp_reason_message(reason, &n));
}

static bool check_envelope(const state *st, failure *f)
{
    const settings *s = st->settings;
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

/* One recipient named twice is one recipient; the first mention counts. */
static void drop_duplicates(text_list *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->len; i++) {
        bool seen = false;
        for (size_t k = 0; k < kept && !seen; k++)
            seen = strcmp(list->items[k], list->items[i]) == 0;
        if (seen)
            free(list->items[i]);
        else
            list->items[kept++] = list->items[i];
    }
    list->len = kept;
}

static void make_transaction(state *st)
{
    const settings *s = st->settings;
    wsmtp_transaction *t = &st->transaction;
    wsmtp_transaction_init(t);
    t->reverse_path = s->from;
    t->reverse_path_len = strlen(s->from);
    t->recipients = memory_get(s->to.len * sizeof *t->recipients);
    t->recipients_len = s->to.len;
    for (size_t i = 0; i < s->to.len; i++) {
        t->recipients[i].address = s->to.items[i];
        t->recipients[i].address_len = strlen(s->to.items[i]);
    }
    t->flags = WSMTP_SEND_MAKE_CRLF;
    t->flags |= s->all_or_nothing ? WSMTP_SEND_ALL_OR_NOTHING : 0u;
    t->flags |= s->smtputf8 ? WSMTP_SEND_SMTPUTF8 : 0u;
    if (st->message.scanned) {
        t->message_size = st->message.scan.octets;
        t->body = st->message.scan.has_8bit ? WSMTP_BODY_8BIT : WSMTP_BODY_7BIT;
    }
}

/* Texts of the client are valid only until it waits again, and it quits before the report. */
static void keep_result(state *st)
{
    const wsmtp_client_result *result = wsmtp_client_result_get(st->session.client);
    if (!result)
        return;
    st->queue_id = memory_text(result->queue_id ? result->queue_id : "", result->queue_id_len);
    for (size_t i = 0; i < st->transaction.recipients_len; i++) {
        size_t n;
        const char *text = wsmtp_client_recipient_text(result, i, &n);
        text_list_add(&st->texts, text, n);
    }
}

static void run_session(state *st, failure *f)
{
    wsmtp_client *client = st->session.client;
    wsmtp_client_body body = {.read = message_read, .context = &st->message};
    bool fine = session_open(&st->session);
    if (fine) {
        st->was_sent = true;
        fine = wsmtp_client_send(client, &st->transaction, &body);
        keep_result(st);
        /* The session may break behind a message that was accepted: that changes nothing. */
        if (st->transaction.accepted_count > 0)
            fine = true;
    }
    if (fine)
        return;
    st->error = *wsmtp_client_error_get(client);
    if (st->error.cause == WSMTP_CAUSE_TOKEN_SOURCE && st->session.token_failure.exit_code) {
        *f = st->session.token_failure; /* says more */
        st->error.reason = WSMTP_REASON_OK;
    }
}

/* Where a recipient was refused. LMTP refuses at RCPT and behind the message, and does not tell which. */
static const char *refusing_step(const state *st)
{
    return st->settings->server.protocol == WSMTP_CLIENT_LMTP ? "" : "RCPT TO";
}

/* "2 of 5 recipients were refused: <a@example.com> 550 5.1.1 no such user" */
static int summarize(state *st)
{
    const wsmtp_transaction *t = &st->transaction;
    size_t first = t->recipients_len, failed = 0;
    for (size_t i = 0; i < t->recipients_len; i++) {
        if (t->recipients[i].status == WSMTP_STATUS_ACCEPTED)
            continue;
        failed++;
        /* One that was refused for good says more than one that was deferred. */
        if (first == t->recipients_len || (t->recipients[first].status != WSMTP_STATUS_REFUSED &&
                                           t->recipients[i].status == WSMTP_STATUS_REFUSED))
            first = i;
    }
    if (failed == 0)
        return EXIT_ACCEPTED;
    const wsmtp_recipient *r = &t->recipients[first];
    const char *step = refusing_step(st);
    char enhanced[24] = "";
    if (r->enhanced.class_)
        snprintf(enhanced, sizeof enhanced, " %u.%u.%u", r->enhanced.class_, r->enhanced.subject,
                 r->enhanced.detail);
    snprintf(st->summary, sizeof st->summary, "%s%s%s%zu of %zu recipients %s refused: <%.80s> %u%s %.80s",
             *step ? "during " : "", step, *step ? ", " : "", failed, t->recipients_len, failed == 1 ? "was" : "were", st->settings->to.items[first],
             (unsigned)r->code, enhanced, first < st->texts.len ? st->texts.items[first] : "");
    return exit_code_of_recipients(t);
}

static void set_summary_error(const state *st, report_error *e)
{
    const wsmtp_transaction *t = &st->transaction;
    bool for_good = exit_code_of_recipients(t) != EXIT_TRY_LATER;
    *e = (report_error){.kind = "refused", .reason = "some-recipients-refused", .cause = "", .step = refusing_step(st),
                        .option = "", .message = st->summary,
                        .advice = for_good ? "check the recipients" : "try again later for those that were refused"};
    for (size_t i = 0; i < t->recipients_len; i++) {
        bool refused = t->recipients[i].status == WSMTP_STATUS_REFUSED;
        if (refused || (t->recipients[i].status == WSMTP_STATUS_DEFERRED && !for_good)) {
            e->code = t->recipients[i].code;
            e->enhanced = t->recipients[i].enhanced;
            return;
        }
    }
}

static int report_result(state *st, const failure *f)
{
    report r = {.command = st->delivery->command, .settings = st->settings, .from = st->settings->from,
                .recipients = &st->settings->to, .queue_id = st->queue_id};
    if (st->session.client)
        r.facts = wsmtp_client_facts_get(st->session.client);
    if (st->was_sent) {
        r.transaction = &st->transaction;
        r.texts = &st->texts;
    }
    r.octets_known = st->message.scanned;
    r.octets = st->message.scan.octets;
    if (st->error.reason != WSMTP_REASON_OK) {
        r.exit_code = exit_code_of_error(&st->error, st->was_sent ? &st->transaction : NULL);
        report_error_from_client(&r.error, &st->error);
    } else if (st->was_sent && (r.exit_code = summarize(st)) != EXIT_ACCEPTED) {
        set_summary_error(st, &r.error);
    } else if (f->exit_code) {
        r.exit_code = f->exit_code;
        report_error_from_failure(&r.error, f);
    }
    if (r.error.kind)
        error_line(r.error.message, r.error.advice);
    if (st->settings->json && !report_write(&r) && r.exit_code == EXIT_ACCEPTED)
        return EXIT_IO;
    return r.exit_code;
}

int deliver(const delivery *d, settings *s)
{
    state st = {.delivery = d, .settings = s};
    failure f = {0};
    bool ready = message_open(&st.message, d->path, &d->message, &s->to, &f);
    drop_duplicates(&s->to);
    ready = ready && check_envelope(&st, &f);
    if (ready) {
        make_transaction(&st);
        ready = session_begin(&st.session, s, st.message.scanned ? st.message.scan.octets : 0, &f);
    }
    if (ready) {
        run_session(&st, &f);
        session_end(&st.session, &f);
    }
    int exit_code = report_result(&st, &f);
    session_free(&st.session);
    message_close(&st.message);
    text_list_free(&st.texts);
    free(st.transaction.recipients);
    free(st.queue_id);
    return exit_code;
}

int deliver_failure(const char *command, const settings *s, const failure *f)
{
    report r = {.command = command, .exit_code = f->exit_code, .settings = s};
    report_error_from_failure(&r.error, f);
    error_line(f->message, "");
    if (s && s->json)
        report_write(&r);
    return f->exit_code;
}
