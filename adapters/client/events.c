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
    bool introduced = d->command && d->command->type == WSMTP_REQUEST_QUERY; /* by XCLIENT */
    const wsmtp_capabilities *capabilities = wsmtp_capabilities_get(&d->engine);
    if (before) {
        d->facts.capabilities_before_tls = *capabilities;
        keep_text(&d->ehlo_before_tls, &d->facts.ehlo_before_tls, reply);
    } else {
        d->facts.capabilities = *capabilities;
        keep_text(&d->ehlo, &d->facts.ehlo, reply);
        d->confirmed = true;
        d->learned = !introduced;
        if (WSMTP_FEATURE_XCLIENT && introduced) { /* nobody is logged in any more */
            d->facts.logged_in = false;
            d->facts.mechanism = WSMTP_MECHANISM_AUTO;
        }
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

/* It is over, however it went. */
void wsmtp_driver_end_login(wsmtp_driver *d)
{
    if (d->settings->services)
        d->settings->services->end(d);
    d->credentials = NULL;
    wsmtp_wipe(&d->login, sizeof d->login);
    wsmtp_wipe(&d->derive, sizeof d->derive);
}

/* A command, or the login while opening. */
void wsmtp_driver_command_failed(wsmtp_driver *d, const wsmtp_client_error *error)
{
    wsmtp_driver_end_login(d);
    if (!d->opening) {
        wsmtp_driver_complete_command(d, error);
        return;
    }
    /* The session is ended politely, then the error is reported. */
    d->error = *error;
    d->giving_up = true;
    if (WSMTP_FEATURE_EARLY && d->sending.first)
        d->quit_due = true; /* it went behind the login, and is to be answered, too */
    else
        wsmtp_driver_leave(d);
}

void wsmtp_driver_leave(wsmtp_driver *d)
{
    d->quit_due = false;
    if (wsmtp_quit(&d->engine) != WSMTP_REASON_OK)
        wsmtp_io_failed(&d->engine, WSMTP_REASON_CANCELLED);
}

static void engine_refused(wsmtp_driver *d, const wsmtp_error *from)
{
    wsmtp_client_error error;
    wsmtp_driver_engine_error(d, &error, from);
    wsmtp_driver_command_failed(d, &error);
}

wsmtp_reason wsmtp_driver_login_begin(wsmtp_driver *d)
{
    d->login.nonce = d->nonce;
    d->login.nonce_len = wsmtp_host_entropy(d->nonce, sizeof d->nonce) ? sizeof d->nonce : 0;
    d->derive.key_len = 0;
    d->derive.from_cache = false;
    d->sent_early = false;
    wsmtp_reason reason = wsmtp_login(&d->engine, &d->login);
    if (reason == WSMTP_REASON_OK && !d->login_repeated)
        wsmtp_driver_mark(d, WSMTP_MOMENT_AUTH_BEGIN);
    return reason;
}

wsmtp_reason wsmtp_driver_login(wsmtp_driver *d, const wsmtp_credentials *credentials)
{
    const wsmtp_client_options *o = &d->settings->options;
    d->credentials = credentials;
    d->login_repeated = false;
    d->login = *credentials;
    d->login.binding = d->binding;
    d->login.binding_data = d->binding_data;
    d->login.binding_data_len = d->binding_data_len;
    if (d->login.host_len == 0 && o->host) {
        d->login.host = o->host;
        d->login.host_len = strlen(o->host);
        d->login.port = o->port;
    }
    if (d->settings->services && d->settings->services->begin(d))
        return WSMTP_REASON_OK;
    return wsmtp_driver_login_begin(d);
}

static void session_ready(wsmtp_driver *d)
{
    const wsmtp_credentials *credentials = d->settings->options.credentials;
    if (WSMTP_FEATURE_XCLIENT && d->command) {
        wsmtp_driver_complete_command(d, NULL);
        return;
    }
    d->hurried = true;
    wsmtp_driver_mark(d, WSMTP_MOMENT_READY);
    if (!credentials)
        opened(d, NULL);
    else if (wsmtp_driver_login(d, credentials) != WSMTP_REASON_OK)
        engine_refused(d, wsmtp_error_get(&d->engine));
}

static void authenticated(wsmtp_driver *d)
{
    wsmtp_driver_mark(d, WSMTP_MOMENT_AUTH_END);
    if (d->settings->services)
        d->settings->services->logged_in(d);
    wsmtp_driver_end_login(d);
    d->facts.logged_in = true;
    d->facts.mechanism = wsmtp_mechanism_get(&d->engine);
    if (d->opening)
        opened(d, NULL);
    else
        wsmtp_driver_complete_command(d, NULL);
}

/* What was said to a command that asks for something. */
static void keep_answer(wsmtp_driver *d, const wsmtp_reply *reply)
{
    const char *text;
    if (!WSMTP_FEATURE_QUERIES || !d->command || d->command->type != WSMTP_REQUEST_QUERY)
        return;
    keep_text(&d->answer, &text, reply);
    d->command->reply = *reply;
    d->command->reply.text = text ? text : "";
    d->command->reply.text_len = text ? reply->text_len : 0;
}

static void command_refused(wsmtp_driver *d, const wsmtp_error *error)
{
    if (d->credentials && d->settings->services && d->settings->services->refused(d, error))
        return;
    engine_refused(d, error);
}

static void derive_key(wsmtp_driver *d, const wsmtp_event *event)
{
    d->derive.hash = event->hash;
    d->derive.iterations = event->iterations;
    d->derive.salt_len = event->salt_len;
    memcpy(d->derive.salt, event->salt, event->salt_len);
    d->wants_key = !d->settings->services || !d->settings->services->find_key(d);
}

static void recipient_answered(wsmtp_driver *d, const wsmtp_event *event)
{
    wsmtp_texts_answered(&wsmtp_driver_find(d, event->transaction)->texts, event);
}

static void mail_answered(wsmtp_driver *d, const wsmtp_event *event)
{
    wsmtp_send_request *s = wsmtp_driver_find(d, event->transaction);
    wsmtp_texts_keep_part(&s->texts, s->transaction, &d->engine.kept);
    s->transactions++;
}

static void body_wanted(wsmtp_driver *d, const wsmtp_event *event)
{
    wsmtp_send_request *s = wsmtp_driver_find(d, event->transaction);
    bool again = s->body_begun;
    wsmtp_texts_keep_part(&s->texts, s->transaction, &d->engine.kept);
    wsmtp_driver_mark(d, WSMTP_MOMENT_BODY_BEGIN);
    d->feeding = d->fed = s;
    d->body_later = false;
    d->piece_at = d->piece_len = 0;
    s->body_begun = true;
    s->octets = 0;
    if (WSMTP_FEATURE_LIMITS && again && s->body.read && !s->body.rewind(s->body.context))
        wsmtp_driver_failed(d, WSMTP_REASON_CANCELLED, WSMTP_CAUSE_BODY_SOURCE,
                            "the message could not be given again");
}

static void session_over(wsmtp_driver *d, const wsmtp_error *error)
{
    if (error && !d->giving_up)
        wsmtp_driver_engine_error(d, &d->error, error);
    d->stage = WSMTP_DRIVER_OVER;
    d->ready = d->wants_tls = d->wants_key = false;
    wsmtp_driver_end_login(d);
}

void wsmtp_driver_handle(wsmtp_driver *d, const wsmtp_event *event)
{
    if (d->event) {
        wsmtp_client_event told = {.type = WSMTP_CLIENT_EVENT_ENGINE, .engine = event};
        wsmtp_driver_tell(d, &told);
    }
    if (d->settings->services && d->settings->services->fall_back(d, event))
        return;
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
    case WSMTP_EVENT_MAIL:
        mail_answered(d, event);
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
        keep_answer(d, &event->reply);
        wsmtp_driver_complete_command(d, NULL);
        break;
    case WSMTP_EVENT_REFUSED:
        keep_answer(d, &event->reply);
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
