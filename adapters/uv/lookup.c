/* From a name to addresses, in the order in which they are tried. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct wsmtp_uv_lookup {
    uv_getaddrinfo_t request;
    wsmtp_uv_client *client; /* NULL: nobody waits for it any more */
} lookup;

static const struct {
    int status;
    wsmtp_cause cause;
} causes[] = {{UV_ECONNREFUSED, WSMTP_CAUSE_CONNECTION_REFUSED},
              {UV_ENOENT, WSMTP_CAUSE_CONNECTION_REFUSED}, /* of a Unix socket */
              {UV_EHOSTUNREACH, WSMTP_CAUSE_HOST_UNREACHABLE},
              {UV_ENETUNREACH, WSMTP_CAUSE_HOST_UNREACHABLE},
              {UV_EADDRNOTAVAIL, WSMTP_CAUSE_HOST_UNREACHABLE},
              {UV_ECONNRESET, WSMTP_CAUSE_CONNECTION_RESET},
              {UV_ECONNABORTED, WSMTP_CAUSE_CONNECTION_RESET},
              {UV_EPIPE, WSMTP_CAUSE_CONNECTION_RESET},
              {UV_ETIMEDOUT, WSMTP_CAUSE_CONNECTION_TIMEOUT},
              {UV_EAI_NONAME, WSMTP_CAUSE_HOST_NOT_FOUND},
              {UV_EAI_NODATA, WSMTP_CAUSE_HOST_NOT_FOUND},
              {UV_EAI_ADDRFAMILY, WSMTP_CAUSE_HOST_NOT_FOUND},
              {UV_EAI_AGAIN, WSMTP_CAUSE_HOST_LOOKUP_FAILED},
              {UV_EAI_FAIL, WSMTP_CAUSE_HOST_LOOKUP_FAILED},
              {UV_EAI_MEMORY, WSMTP_CAUSE_MEMORY},
              {UV_ENOMEM, WSMTP_CAUSE_MEMORY}};

wsmtp_cause wsmtp_uv_cause(int status)
{
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (causes[i].status == status)
            return causes[i].cause;
    return WSMTP_CAUSE_SYSTEM;
}

void wsmtp_uv_address_text(const struct sockaddr_storage *address, unsigned port, char *text,
                         size_t text_len)
{
    char name[INET6_ADDRSTRLEN] = "";
    bool six = address->ss_family == AF_INET6;
    if (six)
        uv_ip6_name((const struct sockaddr_in6 *)(const void *)address, name, sizeof name);
    else
        uv_ip4_name((const struct sockaddr_in *)(const void *)address, name, sizeof name);
    if (port == 0)
        snprintf(text, text_len, six ? "[IPv6:%s]" : "[%s]", name);
    else
        snprintf(text, text_len, six ? "[%s]:%u" : "%s:%u", name, port);
}

/* Takes addresses of one family after the other, beginning with the family that the resolver prefers. */
static void take_addresses(wsmtp_uv_client *c, const struct addrinfo *list)
{
    const struct addrinfo *next[2] = {list, list};
    for (size_t turn = 0; next[0] || next[1]; turn ^= 1u) {
        const struct addrinfo *a = next[turn];
        while (a && !((a->ai_family == list->ai_family) == (turn == 0) &&
                      (a->ai_family == AF_INET || a->ai_family == AF_INET6)))
            a = a->ai_next;
        next[turn] = a ? a->ai_next : NULL;
        if (!a)
            continue;
        if (c->addresses_len == WSMTP_UV_ADDRESSES_MAX)
            return;
        memcpy(&c->addresses[c->addresses_len++], a->ai_addr, a->ai_addrlen);
    }
}

static void on_lookup(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    lookup *l = request->data;
    wsmtp_uv_client *c = l->client;
    free(l);
    if (c) {
        c->lookup = NULL;
        if (status == 0)
            take_addresses(c, list);
        if (status == 0 && c->addresses_len == 0)
            status = UV_EAI_NODATA;
        if (status == 0) {
            wsmtp_uv_resolved(c);
        } else {
            char words[WSMTP_CAUSE_WORDS_MAX];
            snprintf(words, sizeof words, "%.160s: %s", c->server->settings.options.host,
                     uv_strerror(status));
            wsmtp_driver_failed(&c->driver, WSMTP_REASON_CONNECT_FAILED, wsmtp_uv_cause(status),
                                words);
        }
        wsmtp_uv_pump(c);
    }
    uv_freeaddrinfo(list);
}

void wsmtp_uv_lookup(wsmtp_uv_client *c)
{
    const wsmtp_client_options *o = &c->server->settings.options;
    char port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    c->lookup = calloc(1, sizeof *c->lookup);
    if (!c->lookup) {
        wsmtp_driver_failed(&c->driver, WSMTP_REASON_CONNECT_FAILED, WSMTP_CAUSE_MEMORY,
                            "memory is short");
        return;
    }
    c->lookup->client = c;
    c->lookup->request.data = c->lookup;
    snprintf(port, sizeof port, "%u", o->port);
    int status = uv_getaddrinfo(c->loop, &c->lookup->request, on_lookup, o->host, port, &hints);
    if (status < 0) {
        free(c->lookup);
        c->lookup = NULL;
        wsmtp_driver_failed(&c->driver, WSMTP_REASON_CONNECT_FAILED, wsmtp_uv_cause(status),
                            uv_strerror(status));
    }
}

void wsmtp_uv_lookup_stop(wsmtp_uv_client *c)
{
    if (!c->lookup)
        return;
    c->lookup->client = NULL;
    uv_cancel((uv_req_t *)&c->lookup->request);
    c->lookup = NULL;
}
