/*
 * Requests to asynchronous clients (adapters/uv). The caller owns a request, fills in the members
 * that are not private, and leaves it alone until its callback runs, which happens exactly once.
 * In the callback the request may be freed or used again.
 */
#ifndef WSMTP_REQUEST_H
#define WSMTP_REQUEST_H

#include "client.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A command: open, log in, NOOP, QUIT ... error is NULL for success, else valid in the callback. */
typedef struct wsmtp_request wsmtp_request;
typedef void (*wsmtp_request_callback)(wsmtp_request *request, const wsmtp_client_error *error);

struct wsmtp_request {
    wsmtp_request_callback done; /* may be NULL */
    void *context;               /* the caller's own */
    wsmtp_reply reply;           /* to VRFY, EXPN and HELP, refused or not: valid in the callback; code 0 if
                                    none came */

    /* Private. */
    wsmtp_request *next;
    uint8_t type;
    const wsmtp_credentials *credentials;
    wsmtp_reason (*start)(wsmtp_engine *engine, const wsmtp_request *request);
    wsmtp_step step;
    const char *argument; size_t argument_len;
    const wsmtp_parameter *attributes; size_t attributes_len;
};

/* One message. result is valid in the callback; result->error is NULL if a recipient was accepted. */
typedef struct wsmtp_send_request wsmtp_send_request;
typedef void (*wsmtp_send_callback)(wsmtp_send_request *request, const wsmtp_client_result *result);

struct wsmtp_send_request {
    wsmtp_transaction *transaction; /* borrowed, results are written into it */
    wsmtp_client_body body;         /* what it points to is borrowed */
    wsmtp_send_callback done;
    void *context;                  /* the caller's own */

    /* Private. */
    wsmtp_request request;
    struct wsmtp_client_texts *texts;
    struct wsmtp_client_addresses *addresses;
    uint64_t octets;
    bool submitted, body_begun;
    uint32_t flags;        /* of the transaction, as the caller gave them; so are these */
    uint64_t message_size;
    wsmtp_body body_type;
    uint32_t transactions; /* answers to its MAIL */
    void *owner;
    wsmtp_send_callback owner_done;
};

#ifdef __cplusplus
}
#endif

#endif
