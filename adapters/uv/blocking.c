/*
 * wsmtp/client.h on libuv: a loop of its own for each client, run until the call is done. Written on
 * the public API of the asynchronous client.
 */
#include "wsmtp_uv.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "texts.h"

struct wsmtp_client {
    uv_loop_t loop;
    uv_async_t cancel;
    wsmtp_uv_server *server; /* NULL: the options were refused, error says why */
    wsmtp_uv_client *client;
    bool opened, closed;
    /* the call that runs */
    wsmtp_request request;
    wsmtp_send_request send;
    wsmtp_body_callback read; void *read_context;
    bool (*rewind)(void *context);
    wsmtp_reply reply; /* to the last question */
    wsmtp_token_callback token; void *token_context;
    bool done, ok;
    wsmtp_client_error error;
    /* the last message */
    bool sent;
    wsmtp_client_result result;
    wsmtp_client_error send_error;
    wsmtp_client_texts *texts;
    char reply_text[WSMTP_KEPT_TEXT_MAX + 1];
    wsmtp_client_facts no_facts;
};

static void on_cancel(uv_async_t *async)
{
    wsmtp_client *c = async->data;
    wsmtp_uv_cancel(c->client);
}

/* A stopped loop does not wait for the next event any more. */
static void call_done(wsmtp_client *c)
{
    c->done = true;
    uv_stop(&c->loop);
}

static void on_done(wsmtp_request *request, const wsmtp_client_error *error)
{
    wsmtp_client *c = request->context;
    call_done(c);
    c->ok = !error;
    if (request->reply.code)
        c->reply = request->reply;
    if (error)
        c->error = *error;
}

/* What the result points to goes with the callback; the caller of this header keeps it longer. */
static void on_sent(wsmtp_send_request *request, const wsmtp_client_result *result)
{
    wsmtp_client *c = request->context;
    call_done(c);
    c->sent = true;
    c->ok = !result->error;
    c->result = *result;
    c->result.texts = NULL;
    if (result->error) {
        c->error = c->send_error = *result->error;
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

/* Runs the loop until the call is done and stops it. */
static bool run(wsmtp_client *c)
{
    while (!c->done && uv_run(&c->loop, UV_RUN_DEFAULT))
        ;
    return c->done && c->ok;
}

static wsmtp_request *begin(wsmtp_client *c)
{
    uv_update_time(&c->loop); /* it stood still since the last call */
    c->done = c->ok = false;
    c->request.done = on_done;
    c->request.context = c;
    return &c->request;
}

static bool refuse_unopened(wsmtp_client *c)
{
    if (c->opened)
        return false;
    if (c->server)
        wsmtp_error_from_host(&c->error, WSMTP_REASON_STATE, WSMTP_CAUSE_NONE,
                              "the client was not opened");
    return true;
}

static wsmtp_client *discard(wsmtp_client *c)
{
    wsmtp_uv_server_free(c->server);
    free(c);
    return NULL;
}

/* There is no later for a caller that waits. */
static ptrdiff_t give_token(void *context, bool refused, char *buffer, size_t buffer_len)
{
    wsmtp_client *c = context;
    ptrdiff_t n = c->token(c->token_context, refused, buffer, buffer_len);
    return n < 0 ? WSMTP_TOKEN_FAILED : n;
}

wsmtp_client *wsmtp_client_new(const wsmtp_client_options *options)
{
    wsmtp_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->error.option = c->reply.text = "";
    wsmtp_client_options wrapped = *options;
    if (options->token) {
        c->token = options->token;
        c->token_context = options->token_context;
        wrapped.token = give_token;
        wrapped.token_context = c;
    }
    c->server = wsmtp_uv_server_new(&wrapped, &c->error);
    if (!c->server)
        return c;
    if (uv_loop_init(&c->loop) != 0)
        return discard(c);
    if (uv_async_init(&c->loop, &c->cancel, on_cancel) != 0) {
        uv_loop_close(&c->loop);
        return discard(c);
    }
    c->cancel.data = c;
    uv_unref((uv_handle_t *)&c->cancel);
    c->client = wsmtp_uv_client_new(&c->loop, c->server);
    if (c->client)
        return c;
    uv_close((uv_handle_t *)&c->cancel, NULL);
    uv_run(&c->loop, UV_RUN_DEFAULT);
    uv_loop_close(&c->loop);
    return discard(c);
}

bool wsmtp_client_open(wsmtp_client *c)
{
    if (!c->server)
        return false;
    c->opened = true;
    wsmtp_uv_open(c->client, begin(c));
    return run(c);
}

bool wsmtp_client_login(wsmtp_client *c, const wsmtp_credentials *credentials)
{
    if (refuse_unopened(c))
        return false;
    wsmtp_uv_login(c->client, begin(c), credentials);
    return run(c);
}

static ptrdiff_t read_body(void *context, uint8_t *buffer, size_t buffer_len)
{
    wsmtp_client *c = context;
    ptrdiff_t n = c->read(c->read_context, buffer, buffer_len);
    return n < 0 ? WSMTP_BODY_FAILED : n;
}

static bool rewind_body(void *context)
{
    wsmtp_client *c = context;
    return c->rewind(c->read_context);
}

bool wsmtp_client_send(wsmtp_client *c, wsmtp_transaction *transaction,
                       const wsmtp_client_body *body)
{
    if (refuse_unopened(c))
        return false;
    begin(c);
    wsmtp_texts_free(c->texts);
    c->texts = NULL;
    c->sent = false;
    c->send.transaction = transaction;
    c->send.body = *body;
    if (body->read) {
        c->read = body->read;
        c->read_context = body->context;
        c->rewind = body->rewind;
        c->send.body.read = read_body;
        c->send.body.rewind = body->rewind ? rewind_body : NULL;
        c->send.body.context = c;
    }
    c->send.done = on_sent;
    c->send.context = c;
    wsmtp_uv_send(c->client, &c->send);
    return run(c);
}

bool wsmtp_client_noop(wsmtp_client *c)
{
    if (refuse_unopened(c))
        return false;
    wsmtp_uv_noop(c->client, begin(c));
    return run(c);
}

bool wsmtp_client_reset(wsmtp_client *c)
{
    if (refuse_unopened(c))
        return false;
    wsmtp_uv_reset(c->client, begin(c));
    return run(c);
}

/* False if nothing can be asked. */
static bool begin_question(wsmtp_client *c)
{
    memset(&c->reply, 0, sizeof c->reply);
    c->reply.text = "";
    if (refuse_unopened(c))
        return false;
    begin(c);
    return true;
}

bool wsmtp_client_vrfy(wsmtp_client *c, const char *argument, size_t argument_len)
{
    if (!begin_question(c))
        return false;
    wsmtp_uv_vrfy(c->client, &c->request, argument, argument_len);
    return run(c);
}

bool wsmtp_client_expn(wsmtp_client *c, const char *argument, size_t argument_len)
{
    if (!begin_question(c))
        return false;
    wsmtp_uv_expn(c->client, &c->request, argument, argument_len);
    return run(c);
}

bool wsmtp_client_help(wsmtp_client *c, const char *argument, size_t argument_len)
{
    if (!begin_question(c))
        return false;
    wsmtp_uv_help(c->client, &c->request, argument, argument_len);
    return run(c);
}

bool wsmtp_client_xclient(wsmtp_client *c, const wsmtp_parameter *attributes, size_t attributes_len)
{
    if (!begin_question(c))
        return false;
    wsmtp_uv_xclient(c->client, &c->request, attributes, attributes_len);
    return run(c);
}

const wsmtp_reply *wsmtp_client_reply_get(const wsmtp_client *c)
{
    return &c->reply;
}

void wsmtp_client_quit(wsmtp_client *c)
{
    if (!c->opened || wsmtp_uv_is_over(c->client))
        return;
    wsmtp_uv_quit(c->client, begin(c));
    run(c);
}

static void on_closed(void *context)
{
    ((wsmtp_client *)context)->closed = true;
}

void wsmtp_client_free(wsmtp_client *c)
{
    if (!c)
        return;
    if (c->server) {
        wsmtp_uv_close(c->client, on_closed, c);
        uv_close((uv_handle_t *)&c->cancel, NULL);
        while (uv_run(&c->loop, UV_RUN_DEFAULT))
            ;
        uv_loop_close(&c->loop);
    }
    wsmtp_uv_server_free(c->server);
    wsmtp_texts_free(c->texts);
    wsmtp_wipe(c, sizeof *c);
    free(c);
}

bool wsmtp_client_is_open(const wsmtp_client *c)
{
    return c->opened && wsmtp_uv_is_idle(c->client);
}

void wsmtp_client_deadline(wsmtp_client *c, uint32_t total_timeout)
{
    if (c->opened)
        wsmtp_uv_deadline(c->client, total_timeout);
}

void wsmtp_client_cancel(wsmtp_client *c)
{
    if (c->server)
        uv_async_send(&c->cancel);
}

const wsmtp_client_error *wsmtp_client_error_get(const wsmtp_client *c)
{
    return &c->error;
}

const wsmtp_client_result *wsmtp_client_result_get(const wsmtp_client *c)
{
    return c->sent ? &c->result : NULL;
}

const wsmtp_client_facts *wsmtp_client_facts_get(wsmtp_client *c)
{
    return c->client ? wsmtp_uv_facts(c->client) : &c->no_facts;
}
