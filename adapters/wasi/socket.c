/* socket.h on WASI 0.2: wasi:sockets, wasi:io. */
#include "socket.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "host.h"

#define NANOSECONDS 1000u     /* in a microsecond */
#define WRITE_MAX 65536u      /* octets handed over in one call */
#define NOT_PERMITTED "the host does not permit network connections to this program"
#define NO_LOOKUP "the host does not permit this program to look up names"

/* ---- waiting */

/* Waits for one of the pollables, or for the deadline; they stay the caller's. There is room for one more. */
static void wait_for(int32_t *pollables, size_t count, uint64_t deadline)
{
    host_ready ready;
    int32_t timer = 0;
    if (deadline)
        pollables[count++] = timer = host_subscribe_instant(deadline * NANOSECONDS);
    host_poll(pollables, count, &ready);
    if (ready.len)
        free(ready.ptr);
    if (deadline)
        host_pollable_drop(timer);
}

static void wait_and_drop(int32_t pollable, uint64_t deadline)
{
    int32_t list[2] = {pollable};
    wait_for(list, 1, deadline);
    host_pollable_drop(pollable);
}

static bool is_over(uint64_t deadline)
{
    return deadline && wsmtp_host_microseconds() >= deadline;
}

/* ---- names and addresses */

/* The host's network: one handle, as long as the instance lives. */
static int32_t network(void)
{
    static bool known;
    static int32_t handle;
    if (!known)
        handle = host_network();
    known = true;
    return handle;
}

static wsmtp_cause cause_of(uint8_t code, const char **words)
{
    switch (code) {
    case HOST_ACCESS_DENIED:
        *words = NOT_PERMITTED;
        return WSMTP_CAUSE_SYSTEM;
    case HOST_NAME_UNRESOLVABLE:
    case HOST_INVALID_ARGUMENT:
        return WSMTP_CAUSE_HOST_NOT_FOUND;
    case HOST_TEMPORARY_RESOLVER_FAILURE:
    case HOST_PERMANENT_RESOLVER_FAILURE:
        return WSMTP_CAUSE_HOST_LOOKUP_FAILED;
    case HOST_CONNECTION_REFUSED:
        return WSMTP_CAUSE_CONNECTION_REFUSED;
    case HOST_REMOTE_UNREACHABLE:
    case HOST_NOT_SUPPORTED:
    case HOST_ADDRESS_NOT_BINDABLE:
        return WSMTP_CAUSE_HOST_UNREACHABLE;
    case HOST_CONNECTION_RESET:
    case HOST_CONNECTION_ABORTED:
        return WSMTP_CAUSE_CONNECTION_RESET;
    case HOST_TIMEOUT:
        return WSMTP_CAUSE_CONNECTION_TIMEOUT;
    case HOST_OUT_OF_MEMORY:
        return WSMTP_CAUSE_MEMORY;
    default:
        return WSMTP_CAUSE_SYSTEM;
    }
}

static void take_groups(wsmtp_wasi_address *address, const uint16_t *groups)
{
    for (size_t i = 0; i < 8; i++) {
        address->octets[2 * i] = (uint8_t)(groups[i] >> 8);
        address->octets[2 * i + 1] = (uint8_t)groups[i];
    }
}

static wsmtp_cause collect(int32_t lookup, uint64_t deadline, wsmtp_wasi_address *addresses,
                           size_t *count, const char **words)
{
    while (*count < WSMTP_WASI_ADDRESSES_MAX) {
        host_next_address next;
        host_next(lookup, &next);
        if (!next.failed) {
            if (!next.is_some)
                break;
            wsmtp_wasi_address *address = &addresses[(*count)++];
            address->v6 = next.address.v6;
            if (address->v6)
                take_groups(address, next.address.groups);
            else
                memcpy(address->octets, next.address.v4_octets, 4);
            continue;
        }
        if (next.code != HOST_WOULD_BLOCK)
            return *count ? WSMTP_CAUSE_NONE : cause_of(next.code, words);
        if (is_over(deadline))
            return WSMTP_CAUSE_CONNECTION_TIMEOUT;
        wait_and_drop(host_lookup_subscribe(lookup), deadline);
    }
    return *count ? WSMTP_CAUSE_NONE : WSMTP_CAUSE_HOST_NOT_FOUND;
}

wsmtp_cause wsmtp_wasi_resolve(const char *host, uint64_t deadline,
                               wsmtp_wasi_address addresses[WSMTP_WASI_ADDRESSES_MAX],
                               size_t *count, const char **words)
{
    host_handle lookup;
    wsmtp_cause cause;
    *count = 0;
    *words = NULL;
    host_resolve(network(), host, strlen(host), &lookup);
    if (!lookup.failed) {
        cause = collect(lookup.handle, deadline, addresses, count, words);
        host_lookup_drop(lookup.handle);
    } else {
        cause = cause_of(lookup.code, words);
    }
    if (cause == WSMTP_CAUSE_SYSTEM)
        *words = NO_LOOKUP;
    return cause;
}

void wsmtp_wasi_local(const wsmtp_wasi_socket *s, wsmtp_wasi_address *address)
{
    host_socket_address local;
    host_local_address(s->socket, &local);
    if (local.failed)
        return;
    address->v6 = local.v6;
    if (address->v6)
        take_groups(address, local.v6_at.groups);
    else
        memcpy(address->octets, local.v4_at.octets, 4);
}

/* ---- connections */

/* 0, or the error code of the host. */
static uint8_t start(int32_t socket, const wsmtp_wasi_address *address, uint16_t port)
{
    const uint8_t *octet = address->octets;
    host_started started;
    int32_t part[10] = {0};
    if (address->v6)
        for (size_t i = 0; i < 8; i++)
            part[i + 1] = wsmtp_wasi_group(address, i); /* after the flow, which is 0 */
    else
        for (size_t i = 0; i < 4; i++)
            part[i] = octet[i];
    host_start_connect(socket, network(), address->v6, port, part[0], part[1], part[2], part[3],
                       part[4], part[5], part[6], part[7], part[8], part[9], &started);
    return started.failed ? started.code : 0;
}

static uint8_t finish(int32_t socket, uint64_t deadline, host_connected *streams)
{
    for (;;) {
        host_finish_connect(socket, streams);
        if (!streams->failed)
            return 0;
        if (streams->code != HOST_WOULD_BLOCK)
            return streams->code;
        if (is_over(deadline))
            return HOST_TIMEOUT;
        wait_and_drop(host_socket_subscribe(socket), deadline);
    }
}

wsmtp_cause wsmtp_wasi_connect(wsmtp_wasi_socket *s, const wsmtp_wasi_address *address,
                               uint16_t port, uint64_t deadline, const char **words)
{
    host_handle socket;
    host_connected streams;
    *words = NULL;
    host_socket(address->v6, &socket);
    if (socket.failed)
        return cause_of(socket.code, words);
    uint8_t code = start(socket.handle, address, port);
    if (code == 0)
        code = finish(socket.handle, deadline, &streams);
    if (code != 0) {
        host_socket_drop(socket.handle);
        return cause_of(code, words);
    }
    s->open = true;
    s->socket = socket.handle;
    s->input = streams.input;
    s->output = streams.output;
    s->readable = host_input_subscribe(s->input);
    s->writable = host_output_subscribe(s->output);
    return WSMTP_CAUSE_NONE;
}

static ptrdiff_t failed(const host_stream_error *error, ptrdiff_t closed)
{
    if (error->tag == HOST_STREAM_CLOSED)
        return closed;
    host_error_drop(error->error);
    return WSMTP_WASI_BROKEN;
}

/* An empty read says that nothing came yet; the end is said by the error "closed". */
ptrdiff_t wsmtp_wasi_read(wsmtp_wasi_socket *s, uint8_t *buffer, size_t buffer_len)
{
    host_octets result;
    host_read(s->input, buffer_len, &result);
    if (result.failed)
        return failed(&result.error, WSMTP_WASI_END);
    if (result.octets.len) {
        memcpy(buffer, result.octets.ptr, result.octets.len);
        free(result.octets.ptr);
    }
    return (ptrdiff_t)result.octets.len;
}

ptrdiff_t wsmtp_wasi_write(wsmtp_wasi_socket *s, const uint8_t *bytes, size_t bytes_len)
{
    host_room room;
    host_done written;
    host_check_write(s->output, &room);
    if (room.failed)
        return failed(&room.error, WSMTP_WASI_BROKEN);
    size_t n = bytes_len < WRITE_MAX ? bytes_len : WRITE_MAX;
    if (n > room.room)
        n = (size_t)room.room;
    if (n == 0)
        return WSMTP_WASI_AGAIN;
    host_write(s->output, bytes, n, &written);
    return written.failed ? failed(&written.error, WSMTP_WASI_BROKEN) : (ptrdiff_t)n;
}

void wsmtp_wasi_wait(wsmtp_wasi_socket *s, bool read, bool write, uint64_t deadline)
{
    int32_t list[3];
    size_t count = 0;
    if (read)
        list[count++] = s->readable;
    if (write)
        list[count++] = s->writable;
    if (count || deadline)
        wait_for(list, count, deadline);
}

/* Dropping a stream throws away what is still to be written. */
static void flush(wsmtp_wasi_socket *s, uint64_t deadline)
{
    host_done flushed;
    host_room room;
    host_flush(s->output, &flushed);
    if (flushed.failed) {
        failed(&flushed.error, WSMTP_WASI_BROKEN);
        return;
    }
    for (;;) {
        host_check_write(s->output, &room);
        if (room.failed) {
            failed(&room.error, WSMTP_WASI_BROKEN);
            return;
        }
        if (room.room || is_over(deadline))
            return;
        wsmtp_wasi_wait(s, false, true, deadline);
    }
}

/* Children first: pollables, streams, then the socket. */
void wsmtp_wasi_close(wsmtp_wasi_socket *s, uint64_t deadline)
{
    if (!s->open)
        return;
    flush(s, deadline);
    host_pollable_drop(s->readable);
    host_pollable_drop(s->writable);
    host_input_drop(s->input);
    host_output_drop(s->output);
    host_socket_drop(s->socket);
    memset(s, 0, sizeof *s);
}
