/*
 * What of WASI 0.2 this adapter uses, as the canonical ABI of the component model passes it: handles
 * are numbers; a result of several values is written to where the last argument points, in the layout
 * of the structures below, which is that of the wasi packages' types. wasi-libc's own declarations say
 * the same, but copy every value once more. Private to socket.c and clock.c.
 */
#ifndef WSMTP_WASI_HOST_H
#define WSMTP_WASI_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WSMTP_WASI_IMPORT(module, name) \
    __attribute__((import_module("wasi:" module "@0.2.0"), import_name(name)))

/* wasi:sockets/network, error-code: those that mean something here. */
enum {
    HOST_ACCESS_DENIED = 1,
    HOST_NOT_SUPPORTED = 2,
    HOST_INVALID_ARGUMENT = 3,
    HOST_OUT_OF_MEMORY = 4,
    HOST_TIMEOUT = 5,
    HOST_WOULD_BLOCK = 8,
    HOST_ADDRESS_NOT_BINDABLE = 11,
    HOST_REMOTE_UNREACHABLE = 13,
    HOST_CONNECTION_REFUSED = 14,
    HOST_CONNECTION_RESET = 15,
    HOST_CONNECTION_ABORTED = 16,
    HOST_NAME_UNRESOLVABLE = 18,
    HOST_TEMPORARY_RESOLVER_FAILURE = 19,
    HOST_PERMANENT_RESOLVER_FAILURE = 20
};

/* wasi:io/streams, stream-error */
enum { HOST_STREAM_FAILED = 0, HOST_STREAM_CLOSED = 1 };

typedef struct host_stream_error {
    uint8_t tag;
    int32_t error; /* a handle, if the operation failed */
} host_stream_error;

typedef struct host_done {
    uint8_t failed;
    host_stream_error error;
} host_done;

typedef struct host_started {
    uint8_t failed;
    uint8_t code;
} host_started;

typedef struct host_octets {
    uint8_t failed;
    union {
        struct {
            uint8_t *ptr; /* the caller frees it, unless len is 0 */
            size_t len;
        } octets;
        host_stream_error error;
    };
} host_octets;

typedef struct host_room {
    uint8_t failed;
    union {
        uint64_t room;
        host_stream_error error;
    };
} host_room;

typedef struct host_handle {
    uint8_t failed;
    union {
        int32_t handle;
        uint8_t code;
    };
} host_handle;

typedef struct host_connected {
    uint8_t failed;
    union {
        struct {
            int32_t input, output;
        };
        uint8_t code;
    };
} host_connected;

/* wasi:sockets/network, ip-address; of IPv6 eight groups. */
typedef struct host_address {
    uint8_t v6;
    union {
        uint8_t v4_octets[4];
        uint16_t groups[8];
    };
} host_address;

typedef struct host_next_address {
    uint8_t failed;
    union {
        struct {
            uint8_t is_some;
            host_address address;
        };
        uint8_t code;
    };
} host_next_address;

typedef struct host_socket_address {
    uint8_t failed;
    union {
        struct {
            uint8_t v6;
            union {
                struct {
                    uint16_t port;
                    uint8_t octets[4];
                } v4_at;
                struct {
                    uint16_t port;
                    uint32_t flow;
                    uint16_t groups[8];
                    uint32_t scope;
                } v6_at;
            };
        };
        uint8_t code;
    };
} host_socket_address;

typedef struct host_ready {
    uint32_t *ptr; /* the caller frees it, unless len is 0 */
    size_t len;
} host_ready;

/* wasi:clocks/wall-clock, datetime */
typedef struct host_datetime {
    uint64_t seconds;
    uint32_t nanoseconds;
} host_datetime;

_Static_assert(sizeof(host_room) == 16 && sizeof(host_octets) == 12 && sizeof(host_done) == 12, "ABI");
_Static_assert(offsetof(host_next_address, address.groups) == 6, "ABI");
_Static_assert(offsetof(host_socket_address, v4_at.octets) == 10, "ABI");
_Static_assert(offsetof(host_socket_address, v6_at.groups) == 16, "ABI");

WSMTP_WASI_IMPORT("io/error", "[resource-drop]error") void host_error_drop(int32_t error);
WSMTP_WASI_IMPORT("io/poll", "[resource-drop]pollable") void host_pollable_drop(int32_t pollable);
WSMTP_WASI_IMPORT("io/poll", "poll")
void host_poll(const int32_t *pollables, size_t count, host_ready *ready);

WSMTP_WASI_IMPORT("io/streams", "[resource-drop]input-stream") void host_input_drop(int32_t stream);
WSMTP_WASI_IMPORT("io/streams", "[resource-drop]output-stream") void host_output_drop(int32_t stream);
WSMTP_WASI_IMPORT("io/streams", "[method]input-stream.subscribe")
int32_t host_input_subscribe(int32_t stream);
WSMTP_WASI_IMPORT("io/streams", "[method]output-stream.subscribe")
int32_t host_output_subscribe(int32_t stream);
WSMTP_WASI_IMPORT("io/streams", "[method]input-stream.read")
void host_read(int32_t stream, uint64_t most, host_octets *result);
WSMTP_WASI_IMPORT("io/streams", "[method]output-stream.check-write")
void host_check_write(int32_t stream, host_room *result);
WSMTP_WASI_IMPORT("io/streams", "[method]output-stream.write")
void host_write(int32_t stream, const uint8_t *octets, size_t len, host_done *result);
WSMTP_WASI_IMPORT("io/streams", "[method]output-stream.flush")
void host_flush(int32_t stream, host_done *result);

WSMTP_WASI_IMPORT("clocks/monotonic-clock", "now") uint64_t host_now(void);
WSMTP_WASI_IMPORT("clocks/monotonic-clock", "subscribe-instant")
int32_t host_subscribe_instant(uint64_t nanoseconds);
WSMTP_WASI_IMPORT("clocks/wall-clock", "now") void host_wall_now(host_datetime *now);
WSMTP_WASI_IMPORT("random/random", "get-random-u64") uint64_t host_random(void);

WSMTP_WASI_IMPORT("sockets/instance-network", "instance-network") int32_t host_network(void);
WSMTP_WASI_IMPORT("sockets/ip-name-lookup", "resolve-addresses")
void host_resolve(int32_t network, const char *name, size_t name_len, host_handle *result);
WSMTP_WASI_IMPORT("sockets/ip-name-lookup", "[resource-drop]resolve-address-stream")
void host_lookup_drop(int32_t lookup);
WSMTP_WASI_IMPORT("sockets/ip-name-lookup", "[method]resolve-address-stream.subscribe")
int32_t host_lookup_subscribe(int32_t lookup);
WSMTP_WASI_IMPORT("sockets/ip-name-lookup", "[method]resolve-address-stream.resolve-next-address")
void host_next(int32_t lookup, host_next_address *result);

WSMTP_WASI_IMPORT("sockets/tcp-create-socket", "create-tcp-socket")
void host_socket(int32_t v6, host_handle *result);
WSMTP_WASI_IMPORT("sockets/tcp", "[resource-drop]tcp-socket") void host_socket_drop(int32_t socket);
WSMTP_WASI_IMPORT("sockets/tcp", "[method]tcp-socket.subscribe")
int32_t host_socket_subscribe(int32_t socket);
/* IPv4: port and four octets, then zeros; IPv6: port, flow, eight groups, scope. */
WSMTP_WASI_IMPORT("sockets/tcp", "[method]tcp-socket.start-connect")
void host_start_connect(int32_t socket, int32_t network, int32_t v6, int32_t port, int32_t a, int32_t b,
                        int32_t c, int32_t d, int32_t e, int32_t f, int32_t g, int32_t h, int32_t i,
                        int32_t scope, host_started *result);
WSMTP_WASI_IMPORT("sockets/tcp", "[method]tcp-socket.finish-connect")
void host_finish_connect(int32_t socket, host_connected *result);
WSMTP_WASI_IMPORT("sockets/tcp", "[method]tcp-socket.local-address")
void host_local_address(int32_t socket, host_socket_address *result);

#endif
