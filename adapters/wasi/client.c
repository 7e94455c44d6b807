/*
 * wsmtp/client.h on WASI. There are no Unix sockets; cancelling works from the callbacks only,
 * because an instance has one thread.
 */
#include <wsmtp/client.h>

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "session.h"
#include "texts.h"

struct wsmtp_client {
    wsmtp_settings settings;
    bool usable, opened;
    wsmtp_client_error refused; /* if it is not usable */
    wsmtp_wasi_session session;
    wsmtp_reply reply; /* to the last question */
    /* the last message */
    bool sent;
    wsmtp_client_result result;
    wsmtp_client_error send_error;
    wsmtp_client_texts *texts;
    char reply_text[WSMTP_KEPT_TEXT_MAX + 1];
    wsmtp_client_facts no_facts;
};

wsmtp_client *wsmtp_client_new(const wsmtp_client_options *options)
{
    wsmtp_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->refused.option = c->reply.text = "";
    c->usable = wsmtp_settings_init(&c->settings, options, &c->refused);
    if (c->usable && options->unix_path) {
        c->usable = false;
        wsmtp_settings_end(&c->settings);
        wsmtp_error_from_option(&c->refused, WSMTP_REASON_NOT_BUILT, WSMTP_CAUSE_NONE, "unix_path",
                                "is not possible: WASI has no Unix sockets");
    }
    if (c->usable && !wsmtp_wasi_session_init(&c->session, &c->settings)) {
        wsmtp_client_free(c);
        return NULL;
    }
    return c;
}

void wsmtp_client_free(wsmtp_client *c)
{
    if (!c)
        return;
    if (c->usable) {
        wsmtp_wasi_session_end(&c->session);
        wsmtp_settings_end(&c->settings);
    }
    wsmtp_texts_free(c->texts);
    wsmtp_wipe(c, sizeof *c);
    free(c);
}

bool wsmtp_client_open(wsmtp_client *c)
{
    if (!c->usable)
        return false;
    if (c->opened)
        return wsmtp_wasi_session_command(&c->session, WSMTP_REQUEST_OPEN, NULL);
    c->opened = true;
    return wsmtp_wasi_session_open(&c->session);
}

static bool refuse_unopened(wsmtp_client *c)
{
    if (c->opened)
        return false;
    if (c->usable)
        wsmtp_error_from_host(&c->session.error, WSMTP_REASON_STATE, WSMTP_CAUSE_NONE,
                              "the client was not opened");
    return true;
}

bool wsmtp_client_login(wsmtp_client *c, const wsmtp_credentials *credentials)
{
    return !refuse_unopened(c) &&
           wsmtp_wasi_session_command(&c->session, WSMTP_REQUEST_LOGIN, credentials);
}

bool wsmtp_client_noop(wsmtp_client *c)
{
    return !refuse_unopened(c) && wsmtp_wasi_session_command(&c->session, WSMTP_REQUEST_NOOP, NULL);
}

bool wsmtp_client_reset(wsmtp_client *c)
{
    return !refuse_unopened(c) && wsmtp_wasi_session_command(&c->session, WSMTP_REQUEST_RESET, NULL);
}

static bool ask(wsmtp_client *c, wsmtp_step step, const char *argument, size_t argument_len)
{
    memset(&c->reply, 0, sizeof c->reply);
    c->reply.text = "";
    if (refuse_unopened(c))
        return false;
    bool ok = wsmtp_wasi_session_ask(&c->session, step, argument, argument_len);
    if (c->session.request.reply.code)
        c->reply = c->session.request.reply;
    return ok;
}

bool wsmtp_client_vrfy(wsmtp_client *c, const char *argument, size_t argument_len)
{
    return ask(c, WSMTP_STEP_VRFY, argument, argument_len);
}

bool wsmtp_client_expn(wsmtp_client *c, const char *argument, size_t argument_len)
{
    return ask(c, WSMTP_STEP_EXPN, argument, argument_len);
}

bool wsmtp_client_help(wsmtp_client *c, const char *argument, size_t argument_len)
{
    return ask(c, WSMTP_STEP_HELP, argument, argument_len);
}

bool wsmtp_client_xclient(wsmtp_client *c, const wsmtp_parameter *attributes, size_t attributes_len)
{
    return !refuse_unopened(c) && wsmtp_wasi_session_xclient(&c->session, attributes, attributes_len);
}

const wsmtp_reply *wsmtp_client_reply_get(const wsmtp_client *c)
{
    return &c->reply;
}

void wsmtp_client_quit(wsmtp_client *c)
{
    if (c->opened && c->session.driver.stage != WSMTP_DRIVER_OVER)
        wsmtp_wasi_session_command(&c->session, WSMTP_REQUEST_QUIT, NULL);
}

/* What the result points to goes when this returns; the caller of this header keeps it longer. */
static void on_sent(wsmtp_send_request *request, const wsmtp_client_result *result)
{
    wsmtp_client *c = request->context;
    wsmtp_wasi_session_sent(&c->session, result);
    c->sent = true;
    c->result = *result;
    c->result.texts = NULL;
    if (result->error) {
        c->send_error = *result->error;
        c->result.error = &c->send_error;
    }
    if (result->reply.code) {
        memcpy(c->reply_text, result->reply.text, result->reply.text_len);
        c->reply_text[result->reply.text_len] = '\0';
        c->result.reply.text = c->reply_text;
        c->result.queue_id = c->reply_text + (result->queue_id - result->reply.text);
    }
    c->result.texts = c->texts = wsmtp_texts_copy(result->texts);
}

bool wsmtp_client_send(wsmtp_client *c, wsmtp_transaction *transaction, const wsmtp_client_body *body)
{
    if (refuse_unopened(c))
        return false;
    wsmtp_texts_free(c->texts);
    c->texts = NULL;
    c->sent = false;
    c->session.send.transaction = transaction;
    c->session.send.body = *body;
    c->session.send.done = on_sent;
    c->session.send.context = c;
    return wsmtp_wasi_session_send(&c->session);
}

bool wsmtp_client_is_open(const wsmtp_client *c)
{
    return c->opened && wsmtp_driver_idle(&c->session.driver);
}

void wsmtp_client_deadline(wsmtp_client *c, uint32_t total_timeout)
{
    if (c->opened)
        wsmtp_driver_limit(&c->session.driver, total_timeout);
}

void wsmtp_client_cancel(wsmtp_client *c)
{
    if (c->usable)
        c->session.driver.cancelled = true;
}

const wsmtp_client_error *wsmtp_client_error_get(const wsmtp_client *c)
{
    return c->usable ? &c->session.error : &c->refused;
}

const wsmtp_client_result *wsmtp_client_result_get(const wsmtp_client *c)
{
    return c->sent ? &c->result : NULL;
}

const wsmtp_client_facts *wsmtp_client_facts_get(wsmtp_client *c)
{
    if (!c->usable)
        return &c->no_facts;
    wsmtp_client_facts *facts = &c->session.driver.facts;
    facts->secure = wsmtp_is_secure(&c->session.driver.engine);
    facts->certificate = c->session.certificate.facts;
    return facts;
}
