/*
 * socket.h on WAMR. Its sockets are those of POSIX: made non-blocking, so that connecting, reading and
 * writing end at their limits. Only looking up a name keeps the whole instance until the host is done.
 */
#include "socket.h"

#include <arpa/inet.h>
#include <string.h>
#include <wasi/api.h>

#include "clock.h"
#include "host_wamr.h"

#define WRITE_MAX 65536u     /* octets handed over in one call: the host copies them */
#define MICROSECONDS 1000u   /* in a millisecond */
#define NANOSECONDS 1000000u /* in a millisecond */
#define NOT_PERMITTED "the host does not permit a connection to this address"
#define NO_LOOKUP "the host does not permit this program to look up this name"
#define BLOCKING "the host's sockets cannot be made non-blocking"

static bool is_over(uint64_t deadline)
{
    return deadline && wsmtp_host_microseconds() >= deadline;
}

/* ---- waiting */

/* In nanoseconds. Whole milliseconds, because WAMR leaves out the rest. */
static uint64_t time_until(uint64_t deadline)
{
    uint64_t now = wsmtp_host_microseconds();
    return deadline > now ? (deadline - now + MICROSECONDS - 1) / MICROSECONDS * NANOSECONDS : 0;
}

/* What there is about the socket, in events, before the deadline (0: no limit). How many. */
static size_t poll_until(int32_t socket, bool read, bool write, uint64_t deadline,
                         __wasi_event_t events[3])
{
    __wasi_subscription_t list[3] = {0};
    size_t count = 0, n = 0;
    if (read) {
        list[count].u.tag = __WASI_EVENTTYPE_FD_READ;
        list[count++].u.u.fd_read.file_descriptor = socket;
    }
    if (write) {
        list[count].u.tag = __WASI_EVENTTYPE_FD_WRITE;
        list[count++].u.u.fd_write.file_descriptor = socket;
    }
    if (deadline) {
        list[count].u.tag = __WASI_EVENTTYPE_CLOCK;
        list[count].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
        list[count++].u.u.clock.timeout = time_until(deadline);
    }
    return count && __wasi_poll_oneoff(list, events, count, &n) == __WASI_ERRNO_SUCCESS ? n : 0;
}

void wsmtp_wasi_wait(wsmtp_wasi_socket *s, bool read, bool write, uint64_t deadline)
{
    __wasi_event_t events[3];
    (void)poll_until(s->socket, read, write, deadline, events);
}

/* ---- names and addresses */

static void take(wsmtp_wasi_address *address, const host_address *from)
{
    address->v6 = from->family == HOST_IPV6;
    if (!address->v6) {
        memcpy(address->octets, from->v4.octets, 4);
        return;
    }
    for (size_t i = 0; i < 8; i++) {
        address->octets[2 * i] = (uint8_t)(from->v6.groups[i] >> 8);
        address->octets[2 * i + 1] = (uint8_t)from->v6.groups[i];
    }
}

static wsmtp_cause cause_of_lookup(int32_t error, const char **words)
{
    switch (error) {
    case __WASI_ERRNO_ACCES:
        *words = NO_LOOKUP;
        return WSMTP_CAUSE_SYSTEM;
    case __WASI_ERRNO_INVAL: /* what WAMR makes of "no such name" */
        return WSMTP_CAUSE_HOST_NOT_FOUND;
    case __WASI_ERRNO_NOMEM:
        return WSMTP_CAUSE_MEMORY;
    default:
        return WSMTP_CAUSE_HOST_LOOKUP_FAILED;
    }
}

/* An address needs no lookup, and no permission for one. */
static bool is_literal(const char *host, wsmtp_wasi_address *address)
{
    address->v6 = inet_pton(AF_INET6, host, address->octets) == 1;
    return address->v6 || inet_pton(AF_INET, host, address->octets) == 1;
}

wsmtp_cause wsmtp_wasi_resolve(const char *host, uint64_t deadline,
                               wsmtp_wasi_address addresses[WSMTP_WASI_ADDRESSES_MAX],
                               size_t *count, const char **words)
{
    static const host_hints hints = {HOST_STREAM, HOST_ANY_FAMILY, 1};
    host_found found[WSMTP_WASI_ADDRESSES_MAX];
    size_t total = 0;
    *words = NULL;
    *count = 1;
    if (is_literal(host, &addresses[0]))
        return WSMTP_CAUSE_NONE;
    *count = 0;
    int32_t error = host_resolve(host, "", &hints, found, WSMTP_WASI_ADDRESSES_MAX, &total);
    if (is_over(deadline))
        return WSMTP_CAUSE_CONNECTION_TIMEOUT;
    if (error)
        return cause_of_lookup(error, words);
    while (*count < total && *count < WSMTP_WASI_ADDRESSES_MAX) {
        take(&addresses[*count], &found[*count].address);
        (*count)++;
    }
    return *count ? WSMTP_CAUSE_NONE : WSMTP_CAUSE_HOST_NOT_FOUND;
}

void wsmtp_wasi_local(const wsmtp_wasi_socket *s, wsmtp_wasi_address *address)
{
    host_address local;
    if (host_local(s->socket, &local) == __WASI_ERRNO_SUCCESS)
        take(address, &local);
}

/* ---- connections */

static wsmtp_cause cause_of(int32_t error, const char **words)
{
    switch (error) {
    case __WASI_ERRNO_ACCES:
        *words = NOT_PERMITTED;
        return WSMTP_CAUSE_SYSTEM;
    case __WASI_ERRNO_CONNREFUSED:
        return WSMTP_CAUSE_CONNECTION_REFUSED;
    case __WASI_ERRNO_HOSTUNREACH:
    case __WASI_ERRNO_NETUNREACH:
    case __WASI_ERRNO_ADDRNOTAVAIL:
    case __WASI_ERRNO_AFNOSUPPORT:
        return WSMTP_CAUSE_HOST_UNREACHABLE;
    case __WASI_ERRNO_CONNRESET:
    case __WASI_ERRNO_CONNABORTED:
        return WSMTP_CAUSE_CONNECTION_RESET;
    case __WASI_ERRNO_TIMEDOUT:
        return WSMTP_CAUSE_CONNECTION_TIMEOUT;
    case __WASI_ERRNO_NOMEM:
        return WSMTP_CAUSE_MEMORY;
    default:
        return WSMTP_CAUSE_SYSTEM;
    }
}

/* 0, or an error number. Asked again, connecting tells what became of it; nothing else here does. */
static int32_t connect_until(int32_t socket, const host_address *address, uint64_t deadline)
{
    __wasi_event_t events[3];
    for (;;) {
        int32_t error = host_connect(socket, address);
        if (error == __WASI_ERRNO_ISCONN)
            return 0;
        if (error != __WASI_ERRNO_INPROGRESS && error != __WASI_ERRNO_ALREADY)
            return error;
        if (is_over(deadline))
            return __WASI_ERRNO_TIMEDOUT;
        (void)poll_until(socket, false, true, deadline, events);
    }
}

wsmtp_cause wsmtp_wasi_connect(wsmtp_wasi_socket *s, const wsmtp_wasi_address *address,
                               uint16_t port, uint64_t deadline, const char **words)
{
    host_address to = {.family = address->v6 ? HOST_IPV6 : HOST_IPV4};
    int32_t socket;
    if (address->v6) {
        for (size_t i = 0; i < 8; i++)
            to.v6.groups[i] = wsmtp_wasi_group(address, i);
        to.v6.port = port;
    } else {
        memcpy(to.v4.octets, address->octets, 4);
        to.v4.port = port;
    }
    *words = NULL;
    int32_t error = host_socket(0, to.family, HOST_STREAM, &socket);
    if (error)
        return cause_of(error, words);
    if (__wasi_fd_fdstat_set_flags(socket, __WASI_FDFLAGS_NONBLOCK) != __WASI_ERRNO_SUCCESS) {
        *words = BLOCKING;
        error = __WASI_ERRNO_NOTSUP;
    } else {
        error = connect_until(socket, &to, deadline);
    }
    if (error) {
        (void)__wasi_fd_close(socket);
        return cause_of(error, words);
    }
    host_no_delay(socket, 1);
    s->open = true;
    s->socket = socket;
    return WSMTP_CAUSE_NONE;
}

/*
 * A server may write twice in a row (session tickets, then its greeting), and hold the second back
 * until the first is acknowledged, which takes 40 ms unless asked for. The kernel forgets that it was.
 */
ptrdiff_t wsmtp_wasi_read(wsmtp_wasi_socket *s, uint8_t *buffer, size_t buffer_len)
{
    __wasi_iovec_t window = {buffer, buffer_len};
    __wasi_size_t n = 0;
    __wasi_roflags_t flags;
    __wasi_errno_t error = __wasi_sock_recv(s->socket, &window, 1, 0, &n, &flags);
    if (error == __WASI_ERRNO_AGAIN || error == __WASI_ERRNO_INTR)
        return WSMTP_WASI_AGAIN;
    if (error)
        return WSMTP_WASI_BROKEN;
    host_quick_ack(s->socket, 1);
    return n ? (ptrdiff_t)n : WSMTP_WASI_END;
}

/* Asked before each write: WAMR lets a write to a connection that is lost end the process (SIGPIPE). */
static bool is_lost(wsmtp_wasi_socket *s)
{
    __wasi_event_t events[3];
    size_t n = poll_until(s->socket, false, true, 1, events);
    for (size_t i = 0; i < n; i++)
        if (events[i].type == __WASI_EVENTTYPE_FD_WRITE &&
            (events[i].error || events[i].fd_readwrite.flags & __WASI_EVENTRWFLAGS_FD_READWRITE_HANGUP))
            return true;
    return false;
}

ptrdiff_t wsmtp_wasi_write(wsmtp_wasi_socket *s, const uint8_t *bytes, size_t bytes_len)
{
    __wasi_ciovec_t window = {bytes, bytes_len < WRITE_MAX ? bytes_len : WRITE_MAX};
    __wasi_size_t n = 0;
    if (is_lost(s))
        return WSMTP_WASI_BROKEN;
    __wasi_errno_t error = __wasi_sock_send(s->socket, &window, 1, 0, &n);
    if (error == __WASI_ERRNO_AGAIN || error == __WASI_ERRNO_INTR)
        return WSMTP_WASI_AGAIN;
    return error ? WSMTP_WASI_BROKEN : (ptrdiff_t)n;
}

/* What was written is the kernel's, and leaves without us. */
void wsmtp_wasi_close(wsmtp_wasi_socket *s, uint64_t deadline)
{
    (void)deadline;
    if (s->open)
        (void)__wasi_fd_close(s->socket);
    memset(s, 0, sizeof *s);
}
