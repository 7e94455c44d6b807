/* What the engine says: facts, outcomes, the end of a session. */
#include "driver.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "texts.h"

/* Keeps a text; without memory the fact is lost, not the session. */
static void keep_text(char **kept, const char **fact, const wsmtp_reply *reply)
{
    free(*kept);
    *kept = malloc(reply->text_len + 1);
    if (*kept) {
        memcpy(*kept, reply->text, reply->text_len);
        (*kept)[reply->text_len] = '\0';
    }
    *fact = *kept;
}

static void hello_answered(wsmtp_driver *d, const wsmtp_reply *reply)
{
    bool before = d->config.tls == WSMTP_TLS_STARTTLS && !d->facts.tls_version;
    const wsmtp_capabilities *capabilities = wsmtp_capabilities_get(&d->engine);
    if (before) {
        d->facts.capabilities_before_tls = *capabilities;
        keep_text(&d->ehlo_before_tls, &d->facts.ehlo_before_tls, reply);
    } else {
        d->facts.capabilities = *capabilities;
        keep_text(&d->ehlo, &d->facts.ehlo, reply);
    }
}

static void opened(wsmtp_driver *d, const wsmtp_client_error *error)
{
    wsmtp_request *request = d->opening;
    d->opening = NULL;
    d->ready = error == NULL;
    if (request)
        wsmtp_driver_complete(request, error);
}

/* Login while opening went wrong: the session is ended politely, then the error is reported. */
static void give_up(wsmtp_driver *d, const wsmtp_error *error)
{
    wsmtp_driver_engine_error(d, &d->error, error);
    d->giving_up = true;
    if (wsmtp_quit(&d->engine) != WSMTP_REASON_OK)
        wsmtp_io_failed(&d->engine, WSMTP_REASON_CANCELLED);
}

wsmtp_reason wsmtp_driver_login(wsmtp_driver *d, const wsmtp_credentials *credentials)
{
    const wsmtp_client_options *o = &d->settings->options;
    d->login = *credentials;
    d->login.nonce = d->nonce;
    d->login.nonce_len = wsmtp_host_entropy(d->nonce, sizeof d->nonce) ? sizeof d->nonce : 0;
    d->login.binding = d->binding;
    d->login.binding_data = d->binding_data;
    d->login.binding_data_len = d->binding_data_len;
    if (d->login.host_len == 0 && o->host) {
        d->login.host = o->host;
        d->login.host_len = strlen(o->host);
        d->login.port = o->port;
    }
    wsmtp_reason reason = wsmtp_login(&d->engine, &d->login);
    if (reason == WSMTP_REASON_OK)
        wsmtp_driver_mark(d, WSMTP_MOMENT_AUTH_BEGIN);
    return reason;
}

static void session_ready(wsmtp_driver *d)
{
    const wsmtp_credentials *credentials = d->settings->options.credentials;
    wsmtp_driver_mark(d, WSMTP_MOMENT_READY);
    if (!credentials)
        opened(d, NULL);
    else if (wsmtp_driver_login(d, credentials) != WSMTP_REASON_OK)
        give_up(d, wsmtp_error_get(&d->engine));
}

static void authenticated(wsmtp_driver *d)
{
    wsmtp_driver_mark(d, WSMTP_MOMENT_AUTH_END);
    wsmtp_wipe(&d->login, sizeof d->login);
    d->facts.logged_in = true;
    d->facts.mechanism = wsmtp_mechanism_get(&d->engine);
    if (d->opening)
        opened(d, NULL);
    else
        wsmtp_driver_complete_command(d, NULL);
}

static void command_refused(wsmtp_driver *d, const wsmtp_error *error)
{
    wsmtp_wipe(&d->login, sizeof d->login);
    if (d->opening) {
        give_up(d, error);
        return;
    }
    wsmtp_client_error refusal;
    wsmtp_driver_engine_error(d, &refusal, error);
    wsmtp_driver_complete_command(d, &refusal);
}

static void derive_key(wsmtp_driver *d, const wsmtp_event *event)
{
    d->derive.hash = event->hash;
    d->derive.iterations = event->iterations;
    d->derive.salt_len = event->salt_len;
    memcpy(d->derive.salt, event->salt, event->salt_len);
    d->wants_key = true;
}

static void recipient_answered(wsmtp_driver *d, const wsmtp_event *event)
{
    wsmtp_send_request *s = wsmtp_driver_find(d, event->transaction);
    /* Of a recipient that RCPT agreed to the reply to the message will tell more. */
    if (s && event->transaction->recipients[event->recipient].status != WSMTP_STATUS_PENDING)
        wsmtp_texts_set(&s->texts, event->transaction->recipients_len, event->recipient,
                        event->reply.text, event->reply.text_len);
}

static void body_wanted(wsmtp_driver *d, const wsmtp_event *event)
{
    wsmtp_driver_mark(d, WSMTP_MOMENT_BODY_BEGIN);
    d->feeding = wsmtp_driver_find(d, event->transaction);
    d->feeding->body_begun = true;
    d->body_later = false;
    d->piece_at = d->piece_len = 0;
}

static void session_over(wsmtp_driver *d, const wsmtp_error *error)
{
    if (error && !d->giving_up)
        wsmtp_driver_engine_error(d, &d->error, error);
    d->stage = WSMTP_DRIVER_OVER;
    d->ready = d->wants_tls = d->wants_key = false;
    wsmtp_wipe(&d->login, sizeof d->login);
}

void wsmtp_driver_handle(wsmtp_driver *d, const wsmtp_event *event)
{
    if (d->event) {
        wsmtp_client_event told = {.type = WSMTP_CLIENT_EVENT_ENGINE, .engine = event};
        wsmtp_driver_tell(d, &told);
    }
    switch (event->type) {
    case WSMTP_EVENT_GREETING:
        wsmtp_driver_mark(d, WSMTP_MOMENT_GREETING);
        keep_text(&d->greeting, &d->facts.greeting, &event->reply);
        break;
    case WSMTP_EVENT_EHLO:
        hello_answered(d, &event->reply);
        break;
    case WSMTP_EVENT_START_TLS:
        wsmtp_driver_mark(d, WSMTP_MOMENT_TLS_BEGIN);
        d->wants_tls = true;
        break;
    case WSMTP_EVENT_READY:
        session_ready(d);
        break;
    case WSMTP_EVENT_DERIVE_KEY:
        derive_key(d, event);
        break;
    case WSMTP_EVENT_AUTHENTICATED:
        authenticated(d);
        break;
    case WSMTP_EVENT_RECIPIENT:
        recipient_answered(d, event);
        break;
    case WSMTP_EVENT_BODY:
        body_wanted(d, event);
        break;
    case WSMTP_EVENT_DONE:
        wsmtp_driver_complete_send(d, event);
        break;
    case WSMTP_EVENT_COMPLETED:
        wsmtp_driver_complete_command(d, NULL);
        break;
    case WSMTP_EVENT_REFUSED:
        command_refused(d, event->error);
        break;
    case WSMTP_EVENT_CLOSED:
        session_over(d, NULL);
        break;
    case WSMTP_EVENT_FAILED:
        session_over(d, event->error);
        break;
    default:
        break;
    }
}
