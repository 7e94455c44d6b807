/* libESMTP: it is given all messages of a session at once, and sends them one after another. */
#include "measure.h"

#include <libesmtp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bench_arguments arguments;
static size_t sent;

/* Everything up to the first message's reply, and QUIT, are not measured. */
static void on_event(smtp_session_t session, int event, void *context, ...) {
    (void)session;
    (void)context;
    if (event != SMTP_EV_MESSAGESENT) return;
    sent += 1;
    if (sent == 1) bench_begin();
    if (sent == arguments.count + 1) bench_end();
}

int main(int argc, char **argv) {
    smtp_session_t session;
    char *message, server[32], why[128];

    arguments = bench_parse(argc, argv);
    message = bench_message(&arguments);
    if (message == NULL) bench_fail("OCTETS", "too many for this program");
    session = smtp_create_session();
    snprintf(server, sizeof server, "127.0.0.1:%u", arguments.port);
    smtp_set_server(session, server);
    smtp_set_hostname(session, "bench.lab.test");
    smtp_set_eventcb(session, on_event, NULL);
    for (size_t at = 0; at <= arguments.count; at += 1) {
        smtp_message_t one = smtp_add_message(session);
        smtp_set_reverse_path(one, BENCH_FROM);
        smtp_add_recipient(one, BENCH_TO);
        smtp_set_message_str(one, message);
    }
    if (!smtp_start_session(session)) bench_fail("libesmtp", smtp_strerror(smtp_errno(), why, sizeof why));
    smtp_destroy_session(session);
    free(message);
    return sent == arguments.count + 1 ? 0 : 1;
}
