/*
 * What WAMR has beyond preview 1 of WASI: the calls for sockets that its module wasi_snapshot_preview1
 * offers besides those of preview 1, as far as this adapter uses them. All return an error number of
 * preview 1. wasi-libc declares the rest in <wasi/api.h>. Private to socket_wamr.c.
 */
#ifndef WSMTP_WASI_HOST_WAMR_H
#define WSMTP_WASI_HOST_WAMR_H

#include <stddef.h>
#include <stdint.h>

#define WSMTP_WAMR_IMPORT(name) \
    __attribute__((import_module("wasi_snapshot_preview1"), import_name(name)))

enum { HOST_IPV4 = 0, HOST_IPV6 = 1, HOST_ANY_FAMILY = 2 };
enum { HOST_STREAM = 1 };

/* The port is behind the address, both in the order of this machine; what is looked up has none. */
typedef struct host_address {
    int32_t family;
    union {
        struct {
            uint8_t octets[4];
            uint16_t port;
        } v4;
        struct {
            uint16_t groups[8];
            uint16_t port;
        } v6;
    };
} host_address;

typedef struct host_found {
    host_address address;
    int32_t type;
} host_found;

typedef struct host_hints {
    int32_t type;
    int32_t family;
    uint8_t enabled;
} host_hints;

_Static_assert(sizeof(host_address) == 24 && offsetof(host_address, v6.port) == 20, "ABI");
_Static_assert(offsetof(host_address, v4.port) == 8 && sizeof(host_found) == 28, "ABI");
_Static_assert(sizeof(host_hints) == 12, "ABI");

/* The first argument is of no meaning. */
WSMTP_WAMR_IMPORT("sock_open")
int32_t host_socket(int32_t pool, int32_t family, int32_t type, int32_t *socket);
WSMTP_WAMR_IMPORT("sock_connect") int32_t host_connect(int32_t socket, const host_address *address);
WSMTP_WAMR_IMPORT("sock_addr_local") int32_t host_local(int32_t socket, host_address *address);
/* *total may be more than there is room for. */
WSMTP_WAMR_IMPORT("sock_addr_resolve")
int32_t host_resolve(const char *name, const char *service, const host_hints *hints, host_found *found,
                     size_t found_len, size_t *total);
WSMTP_WAMR_IMPORT("sock_set_tcp_no_delay") int32_t host_no_delay(int32_t socket, int32_t on);
WSMTP_WAMR_IMPORT("sock_set_tcp_quick_ack") int32_t host_quick_ack(int32_t socket, int32_t on);

#endif
