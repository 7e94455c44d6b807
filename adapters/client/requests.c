/* What the caller wants: requests wait their turn, and each is completed exactly once. */
#include "driver.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "texts.h"

static void put(wsmtp_request_queue *queue, wsmtp_request *request)
{
    request->next = NULL;
    if (queue->last)
        queue->last->next = request;
    else
        queue->first = request;
    queue->last = request;
}

/* A whole queue, which is empty then, in front of another. */
static void put_first(wsmtp_request_queue *queue, wsmtp_request_queue *more)
{
    if (!more->first)
        return;
    more->last->next = queue->first;
    if (!queue->last)
        queue->last = more->last;
    queue->first = more->first;
    more->first = more->last = NULL;
}

static wsmtp_request *take(wsmtp_request_queue *queue)
{
    wsmtp_request *request = queue->first;
    queue->first = request->next;
    if (!queue->first)
        queue->last = NULL;
    return request;
}

static wsmtp_send_request *send_request(wsmtp_request *request)
{
    return (wsmtp_send_request *)(void *)((char *)request - offsetof(wsmtp_send_request, request));
}

void wsmtp_driver_request(wsmtp_driver *d, wsmtp_request *request, wsmtp_request_type type)
{
    request->type = (uint8_t)type;
    memset(&request->reply, 0, sizeof request->reply);
    put(&d->waiting, request);
}

void wsmtp_send_request_begin(wsmtp_send_request *s)
{
    s->texts = NULL;
    s->addresses = NULL;
    s->octets = 0;
    s->submitted = s->body_begun = false;
    s->flags = s->transaction->flags;
    s->message_size = s->transaction->message_size;
    s->body_type = s->transaction->body;
    s->transactions = 0;
}

void wsmtp_driver_send(wsmtp_driver *d, wsmtp_send_request *s)
{
    wsmtp_send_request_begin(s);
    wsmtp_driver_request(d, &s->request, WSMTP_REQUEST_SEND);
}

wsmtp_send_request *wsmtp_driver_find(wsmtp_driver *d, const wsmtp_transaction *transaction)
{
    for (wsmtp_request *r = d->sending.first; r; r = r->next)
        if (send_request(r)->transaction == transaction)
            return send_request(r);
    return NULL;
}

void wsmtp_driver_complete(wsmtp_request *request, const wsmtp_client_error *error)
{
    if (request->done)
        request->done(request, error);
}

void wsmtp_driver_complete_command(wsmtp_driver *d, const wsmtp_client_error *error)
{
    wsmtp_request *request = d->command;
    d->command = NULL;
    if (request)
        wsmtp_driver_complete(request, error);
}

/* Engine and caller may have many under way, and those that are split are done out of their order. */
static wsmtp_send_request *take_sending(wsmtp_driver *d, const wsmtp_transaction *transaction)
{
    wsmtp_request *before = NULL, *r = d->sending.first;
    for (; send_request(r)->transaction != transaction; r = r->next)
        before = r;
    if (before)
        before->next = r->next;
    else
        d->sending.first = r->next;
    if (d->sending.last == r)
        d->sending.last = before;
    return send_request(r);
}

/* The transaction is as the caller gave it again. */
static void restore(wsmtp_send_request *s)
{
    struct wsmtp_client_addresses *a = s->addresses;
    wsmtp_transaction *t = s->transaction;
    t->flags = s->flags;
    t->message_size = s->message_size;
    t->body = s->body_type;
    if (!a)
        return;
    s->addresses = NULL;
    t->reverse_path = a->reverse_path;
    t->reverse_path_len = a->reverse_path_len;
    for (size_t i = 0; i < a->recipients_len; i++) {
        t->recipients[i].address = a->recipients[i].address;
        t->recipients[i].address_len = a->recipients[i].address_len;
    }
    free(a->texts);
    free(a);
}

/* The caller may free the request in its callback: nothing of it is touched afterwards. */
static void report(wsmtp_send_request *s, wsmtp_client_result *result)
{
    wsmtp_client_texts *texts = s->texts;
    s->texts = NULL;
    restore(s);
    result->transaction = s->transaction;
    result->octets = s->octets;
    result->transactions = s->transactions;
    result->texts = texts;
    if (s->done)
        s->done(s, result);
    wsmtp_texts_free(texts);
}

void wsmtp_driver_complete_send(wsmtp_driver *d, const wsmtp_event *event)
{
    wsmtp_send_request *s = take_sending(d, event->transaction);
    wsmtp_client_result result;
    wsmtp_client_error error;
    memset(&result, 0, sizeof result);
    wsmtp_driver_mark(d, WSMTP_MOMENT_SEND_END);
    if (d->feeding == s) {
        d->feeding = NULL;
        d->body_ended = false;
    }
    if (event->reply.code) {
        size_t at = 0;
        result.reply = event->reply;
        if (result.reply.text_len > WSMTP_KEPT_TEXT_MAX)
            result.reply.text_len = WSMTP_KEPT_TEXT_MAX;
        memcpy(d->reply_text, event->reply.text, result.reply.text_len);
        d->reply_text[result.reply.text_len] = '\0';
        result.reply.text = d->reply_text;
        if (s->transaction->accepted_count > 0)
            result.queue_id_len =
                wsmtp_queue_id_find(d->reply_text, result.reply.text_len, &at);
        result.queue_id = d->reply_text + at;
    }
    if (event->error) {
        wsmtp_driver_engine_error(d, &error, event->error);
        if (d->fed != s)
            wsmtp_error_of_other(&error);
        result.error = &error;
    }
    report(s, &result);
}

void wsmtp_driver_report_unsent(wsmtp_send_request *s, const wsmtp_client_error *error)
{
    wsmtp_transaction *t = s->transaction;
    wsmtp_client_result result;
    memset(&result, 0, sizeof result);
    result.error = error;
    t->status = WSMTP_STATUS_NOT_SENT;
    t->accepted_count = 0;
    t->code = 0;
    for (size_t i = 0; i < t->recipients_len; i++) {
        wsmtp_recipient *r = &t->recipients[i];
        r->status = WSMTP_STATUS_NOT_SENT;
        r->from_message = false;
        r->code = 0;
        memset(&r->enhanced, 0, sizeof r->enhanced);
    }
    report(s, &result);
}

/* What the client decides about a message. */
static void set_flags(wsmtp_send_request *s)
{
    bool again = (!s->body.read || s->body.rewind) && (wsmtp_features() & WSMTP_HAS_LIMITS);
    s->transaction->flags = (s->flags & ~WSMTP_SEND_SPLIT) | (again ? WSMTP_SEND_SPLIT : 0u);
}

/* False: it is to be put first again. */
static bool start_send(wsmtp_driver *d, wsmtp_send_request *s)
{
    wsmtp_client_error error;
    set_flags(s);
    wsmtp_reason reason = wsmtp_driver_scan(s);
    if (reason != WSMTP_REASON_OK) {
        wsmtp_error broken;
        memset(&broken, 0, sizeof broken);
        broken.reason = reason;
        broken.kind = wsmtp_reason_kind(reason);
        broken.step = WSMTP_STEP_READY;
        broken.field = WSMTP_FIELD_MESSAGE;
        wsmtp_error_from_engine(&error, &broken, WSMTP_CAUSE_NONE, NULL);
        wsmtp_driver_report_unsent(s, &error);
        return true;
    }
    if (d->settings->services && !d->settings->services->addresses(d, s, &error)) {
        wsmtp_driver_report_unsent(s, &error);
        return true;
    }
    reason = wsmtp_submit(&d->engine, s->transaction);
    if (reason == WSMTP_REASON_OK) {
        wsmtp_driver_mark(d, WSMTP_MOMENT_SEND_BEGIN);
        put(&d->sending, &s->request);
        s->submitted = true;
    } else if (WSMTP_FEATURE_EARLY && reason == WSMTP_REASON_STATE && d->credentials) {
        restore(s);
        return false;
    } else {
        wsmtp_driver_engine_error(d, &error, wsmtp_error_get(&d->engine));
        wsmtp_driver_report_unsent(s, &error);
    }
    return true;
}

bool wsmtp_driver_start_first(wsmtp_driver *d)
{
    wsmtp_request_queue first = {NULL, NULL};
    put(&first, take(&d->waiting));
    if (start_send(d, send_request(first.first)))
        return true;
    put_first(&d->waiting, &first);
    return false;
}

/* ---- after a connection that was of no use */

void wsmtp_driver_put_back(wsmtp_driver *d, const wsmtp_transaction *transaction)
{
    wsmtp_send_request *s = take_sending(d, transaction);
    restore(s);
    wsmtp_texts_free(s->texts);
    s->texts = NULL;
    s->submitted = false;
    s->transactions = 0;
    put(&d->put_back, &s->request);
}

void wsmtp_driver_wait_again(wsmtp_driver *d)
{
    if (d->command)
        put(&d->put_back, d->command);
    d->command = NULL;
    put_first(&d->waiting, &d->put_back);
}

static void start_command(wsmtp_driver *d, wsmtp_request *request)
{
    wsmtp_reason reason;
    wsmtp_client_error error;
    d->command = request;
    switch (request->type) {
    case WSMTP_REQUEST_OPEN:
        wsmtp_error_from_host(&error, WSMTP_REASON_STATE, WSMTP_CAUSE_NONE, "it is open already");
        wsmtp_driver_complete_command(d, &error);
        return;
    case WSMTP_REQUEST_LOGIN:
        reason = wsmtp_driver_login(d, request->credentials);
        break;
    case WSMTP_REQUEST_NOOP:
        reason = wsmtp_noop(&d->engine);
        break;
    case WSMTP_REQUEST_RESET:
        reason = wsmtp_reset(&d->engine);
        break;
    case WSMTP_REQUEST_QUERY: /* or XCLIENT */
        reason = request->start(&d->engine, request);
        break;
    default:
        wsmtp_driver_mark(d, WSMTP_MOMENT_QUIT_BEGIN);
        reason = wsmtp_quit(&d->engine);
        break;
    }
    if (reason == WSMTP_REASON_OK)
        return;
    wsmtp_driver_engine_error(d, &error, wsmtp_error_get(&d->engine));
    wsmtp_driver_command_failed(d, &error);
}

/* Messages may follow each other before the first is done; anything else waits until all are. */
bool wsmtp_driver_start_requests(wsmtp_driver *d)
{
    wsmtp_request *first = d->waiting.first;
    if (!first || !d->ready || d->command ||
        (first->type != WSMTP_REQUEST_SEND && d->sending.first))
        return false;
    take(&d->waiting);
    if (first->type == WSMTP_REQUEST_SEND)
        start_send(d, send_request(first));
    else
        start_command(d, first);
    return true;
}

/* The session is over: what still waits fails with the reason, QUIT apart, which cannot fail. */
void wsmtp_driver_complete_all(wsmtp_driver *d)
{
    bool failed = d->error.reason != WSMTP_REASON_OK;
    wsmtp_request *opening = d->opening, *command = d->command;
    if (WSMTP_FEATURE_EARLY)
        put_first(&d->waiting, &d->put_back);
    wsmtp_request_queue waiting = d->waiting;
    memset(&d->waiting, 0, sizeof d->waiting);
    d->opening = d->command = NULL;
    wsmtp_client_error late;
    if (opening || command || waiting.first)
        wsmtp_error_after_end(&late, &d->error);
    if (opening)
        wsmtp_driver_complete(opening, failed ? &d->error : &late);
    if (command)
        wsmtp_driver_complete(command, command->type == WSMTP_REQUEST_QUIT ? NULL
                                       : failed                            ? &d->error
                                                                           : &late);
    while (waiting.first) {
        wsmtp_request *request = take(&waiting);
        if (request->type == WSMTP_REQUEST_SEND)
            wsmtp_driver_report_unsent(send_request(request), &late);
        else
            wsmtp_driver_complete(request, request->type == WSMTP_REQUEST_QUIT ? NULL : &late);
    }
}
