#include "socket.h"

#include <stdlib.h>
#include <string.h>
#include <wasi/wasip2.h>

#include "clock.h"

#define NANOSECONDS 1000u     /* in a microsecond */
#define WRITE_MAX 65536u      /* octets handed over in one call */
#define NOT_PERMITTED "the host does not permit network connections to this program"
#define NO_LOOKUP "the host does not permit this program to look up names"

/* ---- waiting */

/* Waits for one of the pollables, or for the deadline; they stay the caller's. */
static void wait_for(poll_borrow_pollable_t *pollables, size_t count, uint64_t deadline)
{
    wasip2_list_u32_t ready = {0};
    poll_own_pollable_t timer = {0};
    if (deadline) {
        timer = monotonic_clock_subscribe_instant(deadline * NANOSECONDS);
        pollables[count++] = poll_borrow_pollable(timer);
    }
    poll_list_borrow_pollable_t list = {pollables, count};
    poll_poll(&list, &ready);
    if (ready.len)
        free(ready.ptr);
    if (deadline)
        poll_pollable_drop_own(timer);
}

static void wait_and_drop(poll_own_pollable_t pollable, uint64_t deadline)
{
    poll_borrow_pollable_t list[2] = {poll_borrow_pollable(pollable)};
    wait_for(list, 1, deadline);
    poll_pollable_drop_own(pollable);
}

static bool is_over(uint64_t deadline)
{
    return deadline && wsmtp_host_microseconds() >= deadline;
}

/* ---- names and addresses */

static wsmtp_cause cause_of(network_error_code_t code, const char **words)
{
    switch (code) {
    case NETWORK_ERROR_CODE_ACCESS_DENIED:
        *words = NOT_PERMITTED;
        return WSMTP_CAUSE_SYSTEM;
    case NETWORK_ERROR_CODE_NAME_UNRESOLVABLE:
    case NETWORK_ERROR_CODE_INVALID_ARGUMENT:
        return WSMTP_CAUSE_HOST_NOT_FOUND;
    case NETWORK_ERROR_CODE_TEMPORARY_RESOLVER_FAILURE:
    case NETWORK_ERROR_CODE_PERMANENT_RESOLVER_FAILURE:
        return WSMTP_CAUSE_HOST_LOOKUP_FAILED;
    case NETWORK_ERROR_CODE_CONNECTION_REFUSED:
        return WSMTP_CAUSE_CONNECTION_REFUSED;
    case NETWORK_ERROR_CODE_REMOTE_UNREACHABLE:
    case NETWORK_ERROR_CODE_NOT_SUPPORTED:
    case NETWORK_ERROR_CODE_ADDRESS_NOT_BINDABLE:
        return WSMTP_CAUSE_HOST_UNREACHABLE;
    case NETWORK_ERROR_CODE_CONNECTION_RESET:
    case NETWORK_ERROR_CODE_CONNECTION_ABORTED:
        return WSMTP_CAUSE_CONNECTION_RESET;
    case NETWORK_ERROR_CODE_TIMEOUT:
        return WSMTP_CAUSE_CONNECTION_TIMEOUT;
    case NETWORK_ERROR_CODE_OUT_OF_MEMORY:
        return WSMTP_CAUSE_MEMORY;
    default:
        return WSMTP_CAUSE_SYSTEM;
    }
}

static void take_address(wsmtp_wasi_address *address, const ip_name_lookup_ip_address_t *from)
{
    address->v6 = from->tag == NETWORK_IP_ADDRESS_IPV6;
    if (!address->v6) {
        memcpy(address->octets, &from->val.ipv4, 4);
        return;
    }
    const uint16_t *groups = &from->val.ipv6.f0;
    for (size_t i = 0; i < 8; i++) {
        address->octets[2 * i] = (uint8_t)(groups[i] >> 8);
        address->octets[2 * i + 1] = (uint8_t)groups[i];
    }
}

static uint16_t group_of(const wsmtp_wasi_address *address, size_t i)
{
    return (uint16_t)(address->octets[2 * i] << 8 | address->octets[2 * i + 1]);
}

static wsmtp_cause collect(ip_name_lookup_own_resolve_address_stream_t stream, uint64_t deadline,
                           wsmtp_wasi_address *addresses, size_t *count, const char **words)
{
    ip_name_lookup_borrow_resolve_address_stream_t lookup =
        ip_name_lookup_borrow_resolve_address_stream(stream);
    while (*count < WSMTP_WASI_ADDRESSES_MAX) {
        ip_name_lookup_option_ip_address_t address;
        network_error_code_t code;
        if (ip_name_lookup_method_resolve_address_stream_resolve_next_address(lookup, &address,
                                                                              &code)) {
            if (!address.is_some)
                break;
            take_address(&addresses[(*count)++], &address.val);
            continue;
        }
        if (code != NETWORK_ERROR_CODE_WOULD_BLOCK)
            return *count ? WSMTP_CAUSE_NONE : cause_of(code, words);
        if (is_over(deadline))
            return WSMTP_CAUSE_CONNECTION_TIMEOUT;
        wait_and_drop(ip_name_lookup_method_resolve_address_stream_subscribe(lookup), deadline);
    }
    return *count ? WSMTP_CAUSE_NONE : WSMTP_CAUSE_HOST_NOT_FOUND;
}

wsmtp_cause wsmtp_wasi_resolve(const char *host, uint64_t deadline,
                               wsmtp_wasi_address addresses[WSMTP_WASI_ADDRESSES_MAX],
                               size_t *count, const char **words)
{
    instance_network_own_network_t network = instance_network_instance_network();
    ip_name_lookup_own_resolve_address_stream_t stream;
    wasip2_string_t name = {(uint8_t *)host, strlen(host)};
    network_error_code_t code;
    wsmtp_cause cause;
    *count = 0;
    *words = NULL;
    if (ip_name_lookup_resolve_addresses(network_borrow_network(network), &name, &stream, &code)) {
        cause = collect(stream, deadline, addresses, count, words);
        ip_name_lookup_resolve_address_stream_drop_own(stream);
    } else {
        cause = cause_of(code, words);
    }
    if (cause == WSMTP_CAUSE_SYSTEM)
        *words = NO_LOOKUP;
    network_network_drop_own(network);
    return cause;
}

static char *put_number(char *at, unsigned value, unsigned base)
{
    char digits[6];
    size_t n = 0;
    do
        digits[n++] = "0123456789abcdef"[value % base];
    while ((value /= base));
    while (n)
        *at++ = digits[--n];
    return at;
}

static char *put_address(char *at, const wsmtp_wasi_address *address)
{
    for (size_t i = 0; i < (address->v6 ? 8 : 4); i++) {
        if (i)
            *at++ = address->v6 ? ':' : '.';
        at = address->v6 ? put_number(at, group_of(address, i), 16)
                         : put_number(at, address->octets[i], 10);
    }
    return at;
}

void wsmtp_wasi_address_text(const wsmtp_wasi_address *address, uint16_t port,
                             char text[WSMTP_WASI_ADDRESS_TEXT])
{
    if (address->v6)
        *text++ = '[';
    text = put_address(text, address);
    if (address->v6)
        *text++ = ']';
    *text++ = ':';
    *put_number(text, port, 10) = '\0';
}

void wsmtp_wasi_local_text(const wsmtp_wasi_socket *s, char text[WSMTP_WASI_LOCAL_TEXT])
{
    wsmtp_wasi_address address = {.octets = {127, 0, 0, 1}};
    tcp_ip_socket_address_t local;
    network_error_code_t code;
    if (tcp_method_tcp_socket_local_address((tcp_borrow_tcp_socket_t){s->socket}, &local, &code)) {
        ip_name_lookup_ip_address_t ip = {.tag = local.tag};
        if (local.tag == NETWORK_IP_SOCKET_ADDRESS_IPV6)
            ip.val.ipv6 = local.val.ipv6.address;
        else
            ip.val.ipv4 = local.val.ipv4.address;
        take_address(&address, &ip);
    }
    *text++ = '[';
    if (address.v6) {
        memcpy(text, "IPv6:", 5);
        text += 5;
    }
    text = put_address(text, &address);
    memcpy(text, "]", 2);
}

/* ---- connections */

static void fill(tcp_ip_socket_address_t *remote, const wsmtp_wasi_address *address, uint16_t port)
{
    memset(remote, 0, sizeof *remote);
    if (!address->v6) {
        remote->tag = NETWORK_IP_SOCKET_ADDRESS_IPV4;
        remote->val.ipv4.port = port;
        memcpy(&remote->val.ipv4.address, address->octets, 4);
        return;
    }
    remote->tag = NETWORK_IP_SOCKET_ADDRESS_IPV6;
    remote->val.ipv6.port = port;
    uint16_t *groups = &remote->val.ipv6.address.f0;
    for (size_t i = 0; i < 8; i++)
        groups[i] = group_of(address, i);
}

static bool finish(tcp_borrow_tcp_socket_t socket, uint64_t deadline,
                   tcp_tuple2_own_input_stream_own_output_stream_t *streams,
                   network_error_code_t *code)
{
    while (!tcp_method_tcp_socket_finish_connect(socket, streams, code)) {
        if (*code != NETWORK_ERROR_CODE_WOULD_BLOCK)
            return false;
        if (is_over(deadline)) {
            *code = NETWORK_ERROR_CODE_TIMEOUT;
            return false;
        }
        wait_and_drop(tcp_method_tcp_socket_subscribe(socket), deadline);
    }
    return true;
}

wsmtp_cause wsmtp_wasi_connect(wsmtp_wasi_socket *s, const wsmtp_wasi_address *address,
                               uint16_t port, uint64_t deadline, const char **words)
{
    tcp_create_socket_own_tcp_socket_t own;
    tcp_ip_socket_address_t remote;
    tcp_tuple2_own_input_stream_own_output_stream_t streams;
    network_error_code_t code;
    *words = NULL;
    if (!tcp_create_socket_create_tcp_socket(address->v6 ? NETWORK_IP_ADDRESS_FAMILY_IPV6
                                                         : NETWORK_IP_ADDRESS_FAMILY_IPV4,
                                             &own, &code))
        return cause_of(code, words);
    tcp_borrow_tcp_socket_t socket = tcp_borrow_tcp_socket(own);
    instance_network_own_network_t network = instance_network_instance_network();
    fill(&remote, address, port);
    bool connected = tcp_method_tcp_socket_start_connect(socket, network_borrow_network(network),
                                                         &remote, &code) &&
                     finish(socket, deadline, &streams, &code);
    network_network_drop_own(network);
    if (!connected) {
        tcp_tcp_socket_drop_own(own);
        return cause_of(code, words);
    }
    s->open = true;
    s->socket = own.__handle;
    s->input = streams.f0.__handle;
    s->output = streams.f1.__handle;
    s->readable =
        streams_method_input_stream_subscribe((streams_borrow_input_stream_t){s->input}).__handle;
    s->writable =
        streams_method_output_stream_subscribe((streams_borrow_output_stream_t){s->output}).__handle;
    return WSMTP_CAUSE_NONE;
}

static ptrdiff_t failed(streams_stream_error_t *error, ptrdiff_t closed)
{
    if (error->tag == STREAMS_STREAM_ERROR_CLOSED)
        return closed;
    io_error_error_drop_own(error->val.last_operation_failed);
    return WSMTP_WASI_BROKEN;
}

/* An empty read says that nothing came yet; the end is said by the error "closed". */
ptrdiff_t wsmtp_wasi_read(wsmtp_wasi_socket *s, uint8_t *buffer, size_t buffer_len)
{
    wasip2_list_u8_t octets = {0};
    streams_stream_error_t error;
    if (!streams_method_input_stream_read((streams_borrow_input_stream_t){s->input}, buffer_len,
                                          &octets, &error))
        return failed(&error, WSMTP_WASI_END);
    if (octets.len) {
        memcpy(buffer, octets.ptr, octets.len);
        free(octets.ptr);
    }
    return (ptrdiff_t)octets.len;
}

ptrdiff_t wsmtp_wasi_write(wsmtp_wasi_socket *s, const uint8_t *bytes, size_t bytes_len)
{
    streams_borrow_output_stream_t output = {s->output};
    streams_stream_error_t error;
    uint64_t room;
    if (!streams_method_output_stream_check_write(output, &room, &error))
        return failed(&error, WSMTP_WASI_BROKEN);
    size_t n = bytes_len < WRITE_MAX ? bytes_len : WRITE_MAX;
    if (n > room)
        n = (size_t)room;
    if (n == 0)
        return WSMTP_WASI_AGAIN;
    wasip2_list_u8_t list = {(uint8_t *)bytes, n};
    if (!streams_method_output_stream_write(output, &list, &error))
        return failed(&error, WSMTP_WASI_BROKEN);
    return (ptrdiff_t)n;
}

void wsmtp_wasi_wait(wsmtp_wasi_socket *s, bool read, bool write, uint64_t deadline)
{
    poll_borrow_pollable_t list[3];
    size_t count = 0;
    if (read)
        list[count++].__handle = s->readable;
    if (write)
        list[count++].__handle = s->writable;
    if (count || deadline)
        wait_for(list, count, deadline);
}

/* Dropping a stream throws away what is still to be written. */
static void flush(wsmtp_wasi_socket *s, uint64_t deadline)
{
    streams_borrow_output_stream_t output = {s->output};
    streams_stream_error_t error;
    uint64_t room = 0;
    if (!streams_method_output_stream_flush(output, &error)) {
        failed(&error, WSMTP_WASI_BROKEN);
        return;
    }
    for (;;) {
        if (!streams_method_output_stream_check_write(output, &room, &error)) {
            failed(&error, WSMTP_WASI_BROKEN);
            return;
        }
        if (room || is_over(deadline))
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
    poll_pollable_drop_own((poll_own_pollable_t){s->readable});
    poll_pollable_drop_own((poll_own_pollable_t){s->writable});
    streams_input_stream_drop_own((streams_own_input_stream_t){s->input});
    streams_output_stream_drop_own((streams_own_output_stream_t){s->output});
    tcp_tcp_socket_drop_own((tcp_own_tcp_socket_t){s->socket});
    memset(s, 0, sizeof *s);
}
