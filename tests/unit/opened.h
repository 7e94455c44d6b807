/* A session over the public API, opened for a test with one call. */
#ifndef WSMTP_TESTS_OPENED_H
#define WSMTP_TESTS_OPENED_H

#include <wsmtp/engine.h>

typedef struct opened {
    wsmtp_engine *engine; /* heap: the sanitizer sees a step outside */
    wsmtp_config config;
    char *sent;           /* everything written so far, NUL-terminated */
    size_t sent_len, sent_room;
    wsmtp_event event;    /* the last one taken */
    wsmtp_recipient recipient;
    wsmtp_transaction transaction;
} opened;

/* Before the greeting. Aborts the program if the configuration is refused. */
void opened_init(opened *session, wsmtp_tls tls, uint32_t flags, size_t buffer);

/* In READY; extensions are EHLO lines such as "250-SIZE 10\r\n", may be "". */
void opened_ready(opened *session, const char *extensions);

/* Submits one message to one recipient and goes on until the server waits for it. */
void opened_body(opened *session, const char *extensions, uint32_t flags, uint64_t message_size,
                 wsmtp_body body);

/* Octets from the peer, without taking events. False if not all could be given. */
bool opened_give(opened *session, const void *data, size_t data_len);

/* Hands over all output. Returns how much there was. */
size_t opened_write(opened *session);

/* Takes the next event (into event) and writes; returns its type, NONE if there is none. */
wsmtp_event_type opened_next(opened *session);

/* Takes events until there is none; returns the type of the last. */
wsmtp_event_type opened_last(opened *session);

void opened_end(opened *session);

#endif
