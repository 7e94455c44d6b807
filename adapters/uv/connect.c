/*
 * From addresses to a connection: each in turn, the next attempt when one fails or after 250 ms, the
 * first to answer wins (RFC 8305 section 5).
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define ATTEMPT_DELAY 250000u /* microseconds */

static void on_link_closed(uv_handle_t *handle)
{
    wsmtp_uv_link *link = handle->data;
    wsmtp_uv_client *c = link->client;
    free(link);
    wsmtp_uv_handle_closed(c);
}

static void close_link(wsmtp_uv_link *link)
{
    link->dropped = true;
    uv_close(&link->uv.handle, on_link_closed);
}

static void forget_attempt(wsmtp_uv_client *c, wsmtp_uv_link *link)
{
    wsmtp_uv_link **at = &c->links;
    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
}

static void give_up(wsmtp_uv_client *c)
{
    char words[WSMTP_CAUSE_WORDS_MAX];
    snprintf(words, sizeof words, "%s: %s", c->first_failed, uv_strerror(c->first_failure));
    wsmtp_driver_failed(&c->driver, WSMTP_REASON_CONNECT_FAILED, wsmtp_uv_cause(c->first_failure),
                        words);
}

static void attempt_failed(wsmtp_uv_client *c, const char *address, int status)
{
    if (!c->first_failure) {
        c->first_failure = status;
        snprintf(c->first_failed, sizeof c->first_failed, "%s", address);
    }
    wsmtp_client_event event = {.type = WSMTP_CLIENT_EVENT_ATTEMPT_FAILED,
                                .address = address,
                                .cause = wsmtp_uv_cause(status)};
    wsmtp_driver_tell(&c->driver, &event);
}

static void connected(wsmtp_uv_client *c, wsmtp_uv_link *link)
{
    char local_name[WSMTP_LOCAL_NAME_MAX] = "[127.0.0.1]"; /* for a Unix socket */
    struct sockaddr_storage local;
    int local_len = sizeof local;
    forget_attempt(c, link);
    c->link = link;
    c->next_attempt_at = 0;
    while (c->links) {
        wsmtp_uv_link *late = c->links;
        c->links = late->next;
        close_link(late);
    }
    if (link->uv.handle.type == UV_TCP &&
        uv_tcp_getsockname(&link->uv.tcp, (struct sockaddr *)&local, &local_len) == 0)
        wsmtp_uv_address_text(&local, 0, local_name, sizeof local_name);
    memcpy(c->address, link->address, sizeof c->address);
    wsmtp_driver_connected(&c->driver, c->address, local_name);
}

static void next_attempt(wsmtp_uv_client *c);

static void on_connect(uv_connect_t *connect, int status)
{
    wsmtp_uv_link *link = connect->data;
    wsmtp_uv_client *c = link->client;
    if (link->dropped)
        return;
    if (status == 0) {
        connected(c, link);
    } else {
        forget_attempt(c, link);
        attempt_failed(c, link->address, status);
        close_link(link);
        next_attempt(c);
    }
    wsmtp_uv_pump(c);
}

static wsmtp_uv_link *new_link(wsmtp_uv_client *c)
{
    wsmtp_uv_link *link = calloc(1, sizeof *link);
    if (!link)
        return NULL;
    link->client = c;
    c->handles++;
    link->connect.data = link;
    link->next = c->links;
    c->links = link;
    return link;
}

static void tell_attempt(wsmtp_uv_client *c, const wsmtp_uv_link *link)
{
    wsmtp_client_event event = {.type = WSMTP_CLIENT_EVENT_ATTEMPT, .address = link->address};
    wsmtp_driver_tell(&c->driver, &event);
}

static void no_memory(wsmtp_uv_client *c)
{
    wsmtp_driver_failed(&c->driver, WSMTP_REASON_CONNECT_FAILED, WSMTP_CAUSE_MEMORY,
                        "memory is short");
}

/* Starts an attempt; a libuv error if it failed at once. */
static int attempt(wsmtp_uv_client *c, const struct sockaddr_storage *address)
{
    wsmtp_uv_link *link = new_link(c);
    if (!link)
        return UV_ENOMEM;
    uv_tcp_init(c->loop, &link->uv.tcp);
    link->uv.handle.data = link;
    uv_tcp_nodelay(&link->uv.tcp, 1);
    wsmtp_uv_address_text(address, c->server->settings.options.port, link->address, sizeof link->address);
    tell_attempt(c, link);
    int status = uv_tcp_connect(&link->connect, &link->uv.tcp,
                                (const struct sockaddr *)address, on_connect);
    if (status < 0) {
        forget_attempt(c, link);
        attempt_failed(c, link->address, status);
        close_link(link);
    }
    return status;
}

/* The next address that can be tried at all. Without one, and without an attempt under way, it is over. */
static void next_attempt(wsmtp_uv_client *c)
{
    c->next_attempt_at = 0;
    while (c->addresses_at < c->addresses_len) {
        if (attempt(c, &c->addresses[c->addresses_at++]) == 0) {
            if (c->addresses_at < c->addresses_len)
                c->next_attempt_at = wsmtp_host_microseconds() + ATTEMPT_DELAY;
            return;
        }
    }
    if (c->links)
        return;
    if (c->first_failure)
        give_up(c);
    else
        no_memory(c);
}

void wsmtp_uv_connect_tick(wsmtp_uv_client *c)
{
    if (c->next_attempt_at && wsmtp_host_microseconds() >= c->next_attempt_at)
        next_attempt(c);
}

void wsmtp_uv_resolved(wsmtp_uv_client *c)
{
    wsmtp_driver_mark(&c->driver, WSMTP_MOMENT_RESOLVED);
    wsmtp_client_event event = {.type = WSMTP_CLIENT_EVENT_RESOLVED,
                                .addresses_len = c->addresses_len};
    wsmtp_driver_tell(&c->driver, &event);
    next_attempt(c);
}

static void connect_unix(wsmtp_uv_client *c, const char *path)
{
    wsmtp_uv_link *link = new_link(c);
    if (!link) {
        no_memory(c);
        return;
    }
    uv_pipe_init(c->loop, &link->uv.pipe, 0);
    link->uv.handle.data = link;
    snprintf(link->address, sizeof link->address, "%s", path);
    tell_attempt(c, link);
    if (strlen(path) < sizeof((struct sockaddr_un *)NULL)->sun_path) {
        uv_pipe_connect(&link->connect, &link->uv.pipe, path, on_connect);
        return;
    }
    forget_attempt(c, link); /* libuv would cut it short, and connect to something else */
    attempt_failed(c, link->address, UV_ENAMETOOLONG);
    close_link(link);
    give_up(c);
}

void wsmtp_uv_connect(wsmtp_uv_client *c)
{
    const wsmtp_client_options *o = &c->server->settings.options;
    struct sockaddr_storage *first = &c->addresses[0];
    if (o->unix_path) {
        connect_unix(c, o->unix_path);
    } else if (uv_ip4_addr(o->host, o->port, (struct sockaddr_in *)(void *)first) == 0 ||
               uv_ip6_addr(o->host, o->port, (struct sockaddr_in6 *)(void *)first) == 0) {
        c->addresses_len = 1;
        wsmtp_uv_resolved(c);
    } else {
        wsmtp_uv_lookup(c);
    }
}

void wsmtp_uv_connect_stop(wsmtp_uv_client *c)
{
    wsmtp_uv_lookup_stop(c);
    c->next_attempt_at = 0;
    while (c->links) {
        wsmtp_uv_link *link = c->links;
        c->links = link->next;
        close_link(link);
    }
    if (c->link)
        close_link(c->link);
    c->link = NULL;
    c->reading = false;
}
