/*
 * A server that is killed and started again in the middle of 3,000 messages: each message has exactly
 * one outcome, and launch.mjs finds that it is the true one.
 */
#include "support.h"

#include <stdlib.h>

#define WORKERS 20u
#define MESSAGES 3000u

typedef struct worker {
    test_message message;
    char text[128];
    unsigned number;
    uv_timer_t timer;
} worker;

static worker workers[WORKERS];
static uv_loop_t loop;
static wsmtp_uv_pool *pool;
static wsmtp_uv_server *server;
static uv_process_t sink;
static uv_timer_t restart;
static unsigned next_number, done;
static unsigned counts[WSMTP_STATUS_IN_DOUBT + 1];

static void start_sink(void);

static void on_restart(uv_timer_t *timer)
{
    (void)timer;
    start_sink();
}

static void on_sink_closed(uv_handle_t *handle)
{
    (void)handle;
    if (done < MESSAGES) /* away for a moment, so that connections are refused, too */
        uv_timer_start(&restart, on_restart, 100, 0);
    else
        uv_close((uv_handle_t *)&restart, NULL);
}

static void on_exit_of_sink(uv_process_t *process, int64_t status, int signal_number)
{
    (void)status, (void)signal_number;
    uv_close((uv_handle_t *)process, on_sink_closed);
}

static void start_sink(void)
{
    static char program[256], address[64], folder[512];
    snprintf(program, sizeof program, "%s", test_text("SINK_PROGRAM"));
    snprintf(folder, sizeof folder, "%s", test_text("SINK_FOLDER"));
    snprintf(address, sizeof address, "inet:127.0.0.1:%u", test_port("SINK"));
    static char user_option[] = "-u", user[] = "nobody", dump_option[] = "-d", dump[] = "m.",
                backlog[] = "128";
    char *arguments[] = {program, user_option, user, dump_option, dump, address, backlog, NULL};
    uv_process_options_t options;
    memset(&options, 0, sizeof options);
    options.file = program;
    options.args = arguments;
    options.cwd = folder;
    options.exit_cb = on_exit_of_sink;
    CHECK_EQ(uv_spawn(&loop, &sink, &options), 0);
}

static void next_message(worker *w);

static void on_timer(uv_timer_t *timer)
{
    next_message(timer->data);
}

static void on_pool_closed(void *context)
{
    (void)context;
    uv_process_kill(&sink, SIGTERM);
}

static void on_sent(wsmtp_send_request *request, const wsmtp_client_result *result)
{
    worker *w = (worker *)(void *)((char *)request - offsetof(worker, message.request));
    wsmtp_status status = w->message.recipients[0].status;
    test_done(request, result);
    CHECK_EQ(w->message.outcomes, 1);
    printf("message %u %s\n", w->number, wsmtp_status_name(status));
    counts[status]++;
    done++;
    if (done == MESSAGES / 6)
        uv_process_kill(&sink, SIGKILL);
    else if (done == MESSAGES / 2)
        uv_process_kill(&sink, SIGTERM);
    else if (done == MESSAGES)
        wsmtp_uv_pool_close(pool, false, on_pool_closed, NULL);
    if (result->error && result->error->cause == WSMTP_CAUSE_CONNECTION_REFUSED)
        uv_timer_start(&w->timer, on_timer, 20, 0);
    else
        next_message(w);
}

static void next_message(worker *w)
{
    if (next_number == MESSAGES) {
        uv_close((uv_handle_t *)&w->timer, NULL);
        return;
    }
    w->number = next_number++;
    snprintf(w->text, sizeof w->text, "Subject: %u\r\n\r\nbody\r\nlast line\r\n", w->number);
    test_message_init(&w->message, "bob@lab.test", w->text);
    w->message.request.done = on_sent;
    wsmtp_uv_pool_send(pool, server, &w->message.request);
}

int main(void)
{
    uv_loop_init(&loop);
    uv_timer_init(&loop, &restart);
    start_sink();
    pool = wsmtp_uv_pool_new(&loop, NULL);
    wsmtp_client_options options = test_options("SINK", WSMTP_TLS_NONE);
    server = wsmtp_uv_server_new(&options, NULL);
    for (size_t i = 0; i < WORKERS; i++) {
        uv_timer_init(&loop, &workers[i].timer);
        workers[i].timer.data = &workers[i];
        /* Not before the server listens. */
        uv_timer_start(&workers[i].timer, on_timer, 300, 0);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(done, MESSAGES);
    CHECK(counts[WSMTP_STATUS_ACCEPTED] > MESSAGES / 2);
    CHECK(counts[WSMTP_STATUS_NOT_SENT] > 0);
    CHECK_EQ(counts[WSMTP_STATUS_PENDING], 0);
    wsmtp_uv_server_free(server);
    test_loop_end(&loop);
    return check_report();
}
