#include "deliver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envelope.h"
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
    envelope envelope;
    bool was_sent; /* the transaction was given to the client, so it has outcomes */
    wsmtp_client_error error; /* reason OK: none */
    text_list texts, queue_ids; /* of the recipients */
    char *queue_id;
    uint32_t transactions;
    bool broke; /* error is why the session ended behind a recipient that was accepted */
    char summary[512]; /* what is to be said about recipients that were not accepted */
} state;

/* Texts of the client are valid only until it waits again, and it quits before the report. */
static void keep_result(state *st)
{
    const wsmtp_client_result *result = wsmtp_client_result_get(st->session.client);
    if (!result)
        return;
    st->queue_id = memory_text(result->queue_id ? result->queue_id : "", result->queue_id_len);
    st->transactions = result->transactions;
    for (size_t i = 0; i < st->envelope.transaction.recipients_len; i++) {
        size_t n;
        const char *text = wsmtp_client_recipient_text(result, i, &n);
        text_list_add(&st->texts, text, n);
        text = wsmtp_client_recipient_queue_id(result, i, &n);
        text_list_add(&st->queue_ids, text, n);
    }
}

static void run_session(state *st, failure *f)
{
    wsmtp_client_body body = {.read = message_read, .context = &st->message,
                              .rewind = st->message.can_rewind ? message_rewind : NULL};
    bool fine = session_open(&st->session);
    if (fine) {
        st->was_sent = true;
        fine = wsmtp_client_send(st->session.client, &st->envelope.transaction, &body);
        keep_result(st);
        /* The session may break behind a message that was accepted: that changes nothing. */
        if (st->envelope.transaction.accepted_count > 0)
            fine = true;
        /* Why it broke, a command tells that cannot be sent any more. */
        st->broke = fine && !wsmtp_client_is_open(st->session.client) && !wsmtp_client_noop(st->session.client);
    }
    if (!fine || st->broke)
        session_error(&st->session, &st->error, f);
}

/* Where a recipient was refused. LMTP and PRDR refuse at RCPT and behind the message, and nothing tells which;
 * nor where a whole part of the recipients was. */
static const char *refusing_step(const state *st, const wsmtp_recipient *r)
{
    const settings *s = st->settings;
    return s->server.protocol == WSMTP_CLIENT_LMTP || s->parameters.values[WSMTP_KEYWORD_PRDR] || r->from_message
        ? "" : "RCPT TO";
}

static bool is_answered(const wsmtp_recipient *r)
{
    return r->status == WSMTP_STATUS_REFUSED || r->status == WSMTP_STATUS_DEFERRED;
}

/* What there is to be said about a recipient: doubt before all, and a refusal for good before one for now. */
static int weight(const wsmtp_recipient *r)
{
    switch (r->status) {
    case WSMTP_STATUS_ACCEPTED: return 0;
    case WSMTP_STATUS_DEFERRED: return 2;
    case WSMTP_STATUS_REFUSED: return 3;
    case WSMTP_STATUS_IN_DOUBT: return 4;
    default: return 1;
    }
}

/* The recipient to be named, and how many had the same fate; recipients_len if all were accepted. */
static size_t find_worst(const wsmtp_transaction *t, size_t *count)
{
    size_t worst = t->recipients_len;
    for (size_t i = 0; i < t->recipients_len; i++)
        if (weight(&t->recipients[i]) > (worst == t->recipients_len ? 0 : weight(&t->recipients[worst])))
            worst = i;
    *count = 0;
    for (size_t i = 0; i < t->recipients_len && worst < t->recipients_len; i++)
        *count += t->recipients[i].status == t->recipients[worst].status ||
                  (is_answered(&t->recipients[i]) && is_answered(&t->recipients[worst]));
    return worst;
}

/* "2 of 5 recipients were refused: <a@example.com> 550 5.1.1 no such user" */
static void summarize_refusal(state *st, size_t first, size_t count)
{
    const wsmtp_transaction *t = &st->envelope.transaction;
    const wsmtp_recipient *r = &t->recipients[first];
    const char *step = refusing_step(st, r);
    const char *text = first < st->texts.len ? st->texts.items[first] : "";
    char enhanced[24] = "";
    if (r->enhanced.class_)
        snprintf(enhanced, sizeof enhanced, " %u.%u.%u", r->enhanced.class_, r->enhanced.subject,
                 r->enhanced.detail);
    snprintf(st->summary, sizeof st->summary, "%s%s%s%zu of %zu recipients %s refused: <%.80s> %u%s%s%.80s",
             *step ? "during " : "", step, *step ? ", " : "", count, t->recipients_len, count == 1 ? "was" : "were", st->settings->to.items[first],
             (unsigned)r->code, enhanced, *text ? " " : "", text);
}

/* "1 of 2 recipients is in doubt: <a@example.com>; the session is over: ..." */
static void summarize_end(state *st, size_t first, size_t count)
{
    const wsmtp_transaction *t = &st->envelope.transaction;
    bool doubt = t->recipients[first].status == WSMTP_STATUS_IN_DOUBT;
    snprintf(st->summary, sizeof st->summary, "%zu of %zu recipients %s: <%.80s>; %.300s", count, t->recipients_len,
             !doubt ? "got no message" : count == 1 ? "is in doubt" : "are in doubt", st->settings->to.items[first],
             st->broke ? st->error.message : "the server takes no more messages on this connection");
}

static int summarize(state *st)
{
    const wsmtp_transaction *t = &st->envelope.transaction;
    size_t count, first = find_worst(t, &count);
    if (first == t->recipients_len)
        return EXIT_ACCEPTED;
    if (is_answered(&t->recipients[first]))
        summarize_refusal(st, first, count);
    else
        summarize_end(st, first, count);
    return exit_code_of_recipients(t);
}

static void set_summary_error(const state *st, report_error *e)
{
    const wsmtp_transaction *t = &st->envelope.transaction;
    size_t count;
    const wsmtp_recipient *r = &t->recipients[find_worst(t, &count)];
    bool for_good = exit_code_of_recipients(t) != EXIT_TRY_LATER;
    if (is_answered(r)) {
        *e = (report_error){.kind = "refused", .reason = "some-recipients-refused", .cause = "", .step = refusing_step(st, r),
                            .option = "", .message = st->summary, .code = r->code, .enhanced = r->enhanced,
                            .advice = for_good ? "check the recipients" : "try again later for those that were refused"};
        return;
    }
    *e = (report_error){.kind = "unsupported", .reason = "transaction-limit", .cause = "", .step = "", .option = ""};
    if (st->broke)
        report_error_from_client(e, &st->error);
    e->retryable = false; /* for all: others have the message */
    e->in_doubt = r->status == WSMTP_STATUS_IN_DOUBT;
    e->message = st->summary;
    e->advice = e->in_doubt ? "it may have been delivered: find out before sending it again"
                            : "try again later for those that did not get it";
}

static int report_result(state *st, const failure *f)
{
    report r = {.command = st->delivery->command, .settings = st->settings, .from = st->settings->from,
                .recipients = &st->settings->to, .queue_id = st->queue_id};
    if (st->session.client)
        r.facts = wsmtp_client_facts_get(st->session.client);
    if (st->was_sent) {
        r.transaction = &st->envelope.transaction;
        r.texts = &st->texts;
        r.queue_ids = &st->queue_ids;
        r.transactions = st->transactions;
    }
    r.octets_known = st->message.scanned;
    r.octets = st->message.scan.octets;
    if (st->error.reason != WSMTP_REASON_OK && !st->broke) {
        r.exit_code = exit_code_of_error(&st->error, st->was_sent ? &st->envelope.transaction : NULL);
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
    bool ready = message_open(&st.message, d->path, &d->message, &s->to, &f) && envelope_check(s, &f);
    if (ready) {
        envelope_make(&st.envelope, s, &st.message);
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
    text_list_free(&st.queue_ids);
    envelope_free(&st.envelope);
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
