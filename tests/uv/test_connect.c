/*
 * A name with several addresses, some of them dead: each is tried in turn, families alternate, and a
 * silent one holds nobody up for long (RFC 8305). The resolver is a substitute, for what a real one
 * says about any name cannot be relied on; the connections are real.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

#define ADDRESSES_MAX 4u
static const char *resolver_says[ADDRESSES_MAX + 1];

typedef struct answer {
    struct addrinfo info;
    struct sockaddr_in6 address;
} answer;

static void on_answer(uv_work_t *work)
{
    (void)work;
}

static void after_answer(uv_work_t *work, int status)
{
    uv_getaddrinfo_t *request = work->data;
    answer *answers = calloc(ADDRESSES_MAX, sizeof *answers);
    struct addrinfo *first = NULL, **last = &first;
    (void)status;
    for (size_t i = 0; resolver_says[i]; i++) {
        answer *a = &answers[i];
        int port = test_port("SERVER");
        a->info.ai_addr = (struct sockaddr *)(void *)&a->address;
        if (uv_ip4_addr(resolver_says[i], port, (struct sockaddr_in *)(void *)&a->address) == 0) {
            a->info.ai_family = AF_INET;
            a->info.ai_addrlen = sizeof(struct sockaddr_in);
        } else {
            uv_ip6_addr(resolver_says[i], port, &a->address);
            a->info.ai_family = AF_INET6;
            a->info.ai_addrlen = sizeof(struct sockaddr_in6);
        }
        *last = &a->info;
        last = &a->info.ai_next;
    }
    free(work);
    request->cb(request, first ? 0 : UV_EAI_NONAME, first);
    if (!first)
        free(answers);
}

/* Takes the place of libuv's. */
int uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *request, uv_getaddrinfo_cb callback,
                   const char *name, const char *service, const struct addrinfo *hints)
{
    CHECK(strcmp(name, "several.test") == 0 && hints->ai_socktype == SOCK_STREAM);
    CHECK_EQ(strtoul(service, NULL, 10), test_port("SERVER"));
    request->type = UV_GETADDRINFO;
    request->cb = callback;
    uv_work_t *work = calloc(1, sizeof *work);
    work->data = request;
    return uv_queue_work(loop, work, on_answer, after_answer);
}

void uv_freeaddrinfo(struct addrinfo *list)
{
    free(list); /* the first of its array */
}

typedef struct attempts {
    char order[256];
    uint64_t connected_at;
} attempts;

static void on_event(void *context, const wsmtp_client_event *event)
{
    attempts *a = context;
    if (event->type == WSMTP_CLIENT_EVENT_ATTEMPT) {
        size_t used = strlen(a->order);
        size_t address_len = (size_t)(strrchr(event->address, ':') - event->address);
        snprintf(a->order + used, sizeof a->order - used, "%s%.*s", used ? " " : "",
                 (int)address_len, event->address);
    } else if (event->type == WSMTP_CLIENT_EVENT_CONNECTED) {
        a->connected_at = event->at;
    }
}

/* Addresses to try, the order in which they must be tried; the error, or none. */
static wsmtp_client_error attempt(const char *const *addresses, const char *order, attempts *a)
{
    memset(a, 0, sizeof *a);
    memset(resolver_says, 0, sizeof resolver_says);
    for (size_t i = 0; addresses[i]; i++)
        resolver_says[i] = addresses[i];
    wsmtp_client_options options = test_options("SERVER", WSMTP_TLS_NONE);
    options.host = "several.test";
    options.timeouts[WSMTP_PHASE_CONNECT] = 1500;
    options.event = on_event;
    options.event_context = a;
    wsmtp_client *client = wsmtp_client_new(&options);
    bool opened = wsmtp_client_open(client);
    wsmtp_client_error error = *wsmtp_client_error_get(client);
    CHECK(opened == (error.reason == WSMTP_REASON_OK));
    if (opened)
        CHECK(strncmp(wsmtp_client_facts_get(client)->address, "127.0.0.1:", 10) == 0);
    wsmtp_client_quit(client);
    wsmtp_client_free(client);
    CHECK_TEXT(a->order, strlen(a->order), order);
    return error;
}

/* A listener whose queue is full answers nobody, like a host that is off. */
static void make_silent(const char *address, int sockets[4])
{
    struct sockaddr_in at;
    uv_ip4_addr(address, test_port("SERVER"), &at);
    sockets[0] = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(bind(sockets[0], (struct sockaddr *)(void *)&at, sizeof at), 0);
    CHECK_EQ(listen(sockets[0], 0), 0);
    for (int i = 1; i < 4; i++) {
        sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(sockets[i], (struct sockaddr *)(void *)&at, sizeof at);
    }
    usleep(20000);
}

int main(void)
{
    attempts a;
    static const char *const refused_first[] = {"127.0.0.2", "127.0.0.1", NULL};
    CHECK_EQ(attempt(refused_first, "127.0.0.2 127.0.0.1", &a).reason, WSMTP_REASON_OK);
    CHECK(a.connected_at < 200000);

    static const char *const families[] = {"127.0.0.2", "127.0.0.1", "::1", NULL};
    CHECK_EQ(attempt(families, "127.0.0.2 [::1] 127.0.0.1", &a).reason, WSMTP_REASON_OK);
    static const char *const other_first[] = {"::1", "127.0.0.2", "127.0.0.1", NULL};
    CHECK_EQ(attempt(other_first, "[::1] 127.0.0.2 127.0.0.1", &a).reason, WSMTP_REASON_OK);

    static const char *const all_refused[] = {"127.0.0.2", "::1", "127.0.0.4", NULL};
    wsmtp_client_error error = attempt(all_refused, "127.0.0.2 [::1] 127.0.0.4", &a);
    CHECK_EQ(error.reason, WSMTP_REASON_CONNECT_FAILED);
    CHECK_EQ(error.cause, WSMTP_CAUSE_CONNECTION_REFUSED);
    CHECK(strstr(error.message, "127.0.0.2:") != NULL);
    CHECK(error.retryable);

    static const char *const none[] = {NULL};
    error = attempt(none, "", &a);
    CHECK_EQ(error.cause, WSMTP_CAUSE_HOST_NOT_FOUND);
    CHECK(!error.retryable);

    int sockets[4];
    make_silent("127.0.0.3", sockets);
    static const char *const silent_first[] = {"127.0.0.3", "127.0.0.1", NULL};
    CHECK_EQ(attempt(silent_first, "127.0.0.3 127.0.0.1", &a).reason, WSMTP_REASON_OK);
    CHECK(a.connected_at >= 240000 && a.connected_at < 1000000);
    static const char *const all_silent[] = {"127.0.0.3", NULL};
    error = attempt(all_silent, "127.0.0.3", &a);
    CHECK_EQ(error.reason, WSMTP_REASON_TIMEOUT);
    CHECK_EQ(error.step, WSMTP_STEP_CONNECT);
    CHECK_EQ(error.cause, WSMTP_CAUSE_CONNECTION_TIMEOUT);
    for (int i = 0; i < 4; i++)
        close(sockets[i]);
    return check_report();
}
