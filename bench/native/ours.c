/* The client on libuv: one message after another, or with OVERLAP of them in flight. */
#include "measure.h"

#include <stdlib.h>
#include <wsmtp_uv.h>

typedef struct slot {
    wsmtp_send_request request;
    wsmtp_transaction transaction;
    wsmtp_recipient recipient;
    size_t offset;
} slot;

static bench_arguments arguments;
static char *message;
static wsmtp_uv_client *client;
static wsmtp_request quit_request;
static size_t submitted, completed;

static void check(const wsmtp_client_error *error) {
    if (error != NULL) bench_fail("wsmtp", error->message);
}

static ptrdiff_t read_body(void *context, uint8_t *buffer, size_t len) {
    slot *s = context;
    size_t got = bench_read(&arguments, s->offset, (char *)buffer, len);
    s->offset += got;
    return (ptrdiff_t)got;
}

static void sent(wsmtp_send_request *request, const wsmtp_client_result *result);

static void submit(slot *s) {
    submitted += 1;
    wsmtp_transaction_init(&s->transaction);
    s->recipient = (wsmtp_recipient){.address = BENCH_TO, .address_len = sizeof BENCH_TO - 1};
    s->transaction.reverse_path = BENCH_FROM;
    s->transaction.reverse_path_len = sizeof BENCH_FROM - 1;
    s->transaction.recipients = &s->recipient;
    s->transaction.recipients_len = 1;
    s->transaction.message_size = arguments.octets;
    s->offset = 0;
    s->request = (wsmtp_send_request){.transaction = &s->transaction, .done = sent, .context = s};
    if (message != NULL) {
        s->request.body.data = message;
        s->request.body.data_len = arguments.octets;
    } else {
        s->transaction.body = WSMTP_BODY_7BIT;
        s->request.body.read = read_body;
        s->request.body.context = s;
    }
    wsmtp_uv_send(client, &s->request);
}

static slot *slots;

/* submitted - 1 and completed - 1 are those that count: the first message does not. */
static void sent(wsmtp_send_request *request, const wsmtp_client_result *result) {
    check(result->error);
    completed += 1;
    if (completed == 1) {
        bench_begin();
        for (unsigned at = 0; at < arguments.overlap && submitted <= arguments.count; at += 1) submit(&slots[at]);
    } else if (submitted <= arguments.count) {
        submit(request->context);
    }
    if (completed == arguments.count + 1) {
        bench_end();
        wsmtp_uv_quit(client, &quit_request);
    }
}

static void opened(wsmtp_request *request, const wsmtp_client_error *error) {
    (void)request;
    check(error);
    submit(&slots[0]);
}

static void left(wsmtp_request *request, const wsmtp_client_error *error) {
    (void)request;
    (void)error;
    wsmtp_uv_close(client, NULL, NULL);
}

int main(int argc, char **argv) {
    wsmtp_client_options options;
    wsmtp_client_error error;
    wsmtp_uv_server *server;
    wsmtp_request open_request = {.done = opened};
    uv_loop_t *loop = uv_default_loop();

    arguments = bench_parse(argc, argv);
    message = bench_message(&arguments);
    slots = calloc(arguments.overlap, sizeof *slots);
    if (slots == NULL) bench_fail("slots", "out of memory");
    quit_request.done = left;
    wsmtp_client_options_init(&options);
    options.host = "127.0.0.1";
    options.port = arguments.port;
    options.tls = WSMTP_TLS_NONE;
    options.ehlo_name = "bench.lab.test";
    options.ehlo_name_len = sizeof "bench.lab.test" - 1;
    options.overlap = arguments.overlap;
    server = wsmtp_uv_server_new(&options, &error);
    if (server == NULL) bench_fail("wsmtp", error.message);
    client = wsmtp_uv_client_new(loop, server);
    if (client == NULL) bench_fail("wsmtp", "out of memory");
    wsmtp_uv_open(client, &open_request);
    uv_run(loop, UV_RUN_DEFAULT);
    wsmtp_uv_server_free(server);
    uv_loop_close(loop);
    free(slots);
    free(message);
    return completed == arguments.count + 1 ? 0 : 1;
}
