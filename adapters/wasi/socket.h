/*
 * TCP, as the host has it: socket.c and clock.c are for WASI 0.2, socket_wamr.c and clock_wamr.c for
 * WAMR. No other file knows what the host is. Private.
 */
#ifndef WSMTP_WASI_SOCKET_H
#define WSMTP_WASI_SOCKET_H

#include <wsmtp/client.h>

#define WSMTP_WASI_ADDRESSES_MAX 16u /* of a name: tried at most */
#define WSMTP_WASI_ADDRESS_TEXT 48u  /* "[" IPv6 in full "]:" port, and NUL */
#define WSMTP_WASI_LOCAL_TEXT 56u    /* "[IPv6:" IPv6 in full "]", and NUL */

#define WSMTP_WASI_AGAIN 0    /* nothing now: wait */
#define WSMTP_WASI_END (-1)   /* the peer closed its side */
#define WSMTP_WASI_BROKEN (-2) /* the connection is lost */

typedef struct wsmtp_wasi_address {
    bool v6;
    uint8_t octets[16]; /* IPv4: the first four */
} wsmtp_wasi_address;

/* Of IPv6: the group at i, 0 to 7. */
static inline uint16_t wsmtp_wasi_group(const wsmtp_wasi_address *address, size_t i)
{
    return (uint16_t)(address->octets[2 * i] << 8 | address->octets[2 * i + 1]);
}

/* Handles, as the host numbers them. Zeroed: closed. */
typedef struct wsmtp_wasi_socket {
    bool open;
    int32_t socket;
    /* WASI 0.2 only */
    int32_t input, output;
    int32_t readable, writable; /* pollables of input and output */
} wsmtp_wasi_socket;

/*
 * Addresses of a host name, or of an address literal. Moments are those of wsmtp_host_microseconds;
 * 0 = no limit. WSMTP_CAUSE_NONE, and *count is at least 1; or why not, with *words what the host
 * does not permit, else NULL.
 */
wsmtp_cause wsmtp_wasi_resolve(const char *host, uint64_t deadline,
                               wsmtp_wasi_address addresses[WSMTP_WASI_ADDRESSES_MAX],
                               size_t *count, const char **words);

/* WSMTP_CAUSE_NONE, and the socket is open. */
wsmtp_cause wsmtp_wasi_connect(wsmtp_wasi_socket *s, const wsmtp_wasi_address *address,
                               uint16_t port, uint64_t deadline, const char **words);

/* "192.0.2.1:25" */
void wsmtp_wasi_address_text(const wsmtp_wasi_address *address, uint16_t port,
                             char text[WSMTP_WASI_ADDRESS_TEXT]);

/* This side's address; left as it is if the host does not tell. */
void wsmtp_wasi_local(const wsmtp_wasi_socket *s, wsmtp_wasi_address *address);

/* This side's address, as EHLO wants it: "[192.0.2.1]"; "[127.0.0.1]" if the host does not tell. */
void wsmtp_wasi_local_text(const wsmtp_wasi_socket *s, char text[WSMTP_WASI_LOCAL_TEXT]);

/* How many octets were read or taken at once, or WSMTP_WASI_*. */
ptrdiff_t wsmtp_wasi_read(wsmtp_wasi_socket *s, uint8_t *buffer, size_t buffer_len);
ptrdiff_t wsmtp_wasi_write(wsmtp_wasi_socket *s, const uint8_t *bytes, size_t bytes_len);

/* Waits until there is something to read (or, if asked, room to write), or for the deadline. */
void wsmtp_wasi_wait(wsmtp_wasi_socket *s, bool read, bool write, uint64_t deadline);

/* Lets what was written leave, until the deadline; then closes. A closed socket is left alone. */
void wsmtp_wasi_close(wsmtp_wasi_socket *s, uint64_t deadline);

#endif
