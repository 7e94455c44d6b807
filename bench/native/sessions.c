/*
 * The client on libuv, one session for each message: connect, log in, send, quit. With BENCH_EARLY in the
 * environment it does not wait where it need not: an envelope stands behind its login, and from the second
 * session on the server object knows what the server offers.
 */
#include "measure.h"

#include <stdlib.h>
#include <string.h>
#include <wsmtp_uv.h>

static bench_arguments arguments;
static char *message;
static wsmtp_uv_server *server;
static wsmtp_uv_client *client;
static wsmtp_request open_request, quit_request;
static wsmtp_send_request send_request;
static wsmtp_transaction transaction;
static wsmtp_recipient recipient;
static size_t completed;

static void check(const wsmtp_client_error *error) {
    if (error != NULL) bench_fail("wsmtp", error->message);
}

static void done(wsmtp_request *request, const wsmtp_client_error *error) {
    (void)request;
    check(error);
}

static void sent(wsmtp_send_request *request, const wsmtp_client_result *result) {
    (void)request;
    check(result->error);
    completed += 1;
    if (completed == 1) bench_begin();
    if (completed == arguments.count + 1) bench_end();
}

static void begin_session(void);

static void closed(void *context) {
    (void)context;
    if (completed <= arguments.count) begin_session();
}

static void left(wsmtp_request *request, const wsmtp_client_error *error) {
    (void)request;
    (void)error;
    wsmtp_uv_close(client, closed, NULL);
}

/* All is asked for at once, so that the client may hurry where it can. */
static void begin_session(void) {
    client = wsmtp_uv_client_new(uv_default_loop(), server);
    if (client == NULL) bench_fail("wsmtp", "out of memory");
    wsmtp_transaction_init(&transaction);
    recipient = (wsmtp_recipient){.address = BENCH_TO, .address_len = sizeof BENCH_TO - 1};
    transaction.reverse_path = BENCH_FROM;
    transaction.reverse_path_len = sizeof BENCH_FROM - 1;
    transaction.recipients = &recipient;
    transaction.recipients_len = 1;
    transaction.message_size = arguments.octets;
    send_request = (wsmtp_send_request){.transaction = &transaction, .done = sent};
    send_request.body.data = message;
    send_request.body.data_len = arguments.octets;
    open_request = (wsmtp_request){.done = done};
    quit_request = (wsmtp_request){.done = left};
    wsmtp_uv_open(client, &open_request);
    wsmtp_uv_send(client, &send_request);
    wsmtp_uv_quit(client, &quit_request);
}

int main(int argc, char **argv) {
    wsmtp_client_options options;
    wsmtp_credentials credentials;
    wsmtp_client_error error;

    arguments = bench_parse(argc, argv);
    message = bench_message(&arguments);
    if (message == NULL) bench_fail("OCTETS", "too many for this program");
    wsmtp_client_options_init(&options);
    options.host = "127.0.0.1";
    options.port = arguments.port;
    options.tls = WSMTP_TLS_NONE;
    options.ehlo_name = "bench.lab.test";
    options.ehlo_name_len = sizeof "bench.lab.test" - 1;
    options.early = getenv("BENCH_EARLY") != NULL;
    if (arguments.user != NULL) {
        wsmtp_credentials_init(&credentials);
        credentials.mechanism = WSMTP_MECHANISM_PLAIN;
        credentials.user = arguments.user;
        credentials.user_len = strlen(arguments.user);
        credentials.password = arguments.password;
        credentials.password_len = strlen(arguments.password);
        credentials.allow_plaintext_auth = true;
        options.credentials = &credentials;
    }
    server = wsmtp_uv_server_new(&options, &error);
    if (server == NULL) bench_fail("wsmtp", error.message);
    begin_session();
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    wsmtp_uv_server_free(server);
    uv_loop_close(uv_default_loop());
    free(message);
    return completed == arguments.count + 1 ? 0 : 1;
}
