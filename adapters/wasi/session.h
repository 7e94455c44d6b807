/*
 * One session, run to the end of each call: the driver of adapters/client, a socket, and TLS.
 * client.c makes wsmtp/client.h of it, adapters/component the exports of a component. Private.
 */
#ifndef WSMTP_WASI_SESSION_H
#define WSMTP_WASI_SESSION_H

#include "certificate.h"
#include "driver.h"
#include "socket.h"
#include "tls.h"

typedef struct wsmtp_wasi_session {
    wsmtp_driver driver;
    wsmtp_wasi_socket socket;
    wsmtp_wasi_tls *tls;
    bool handshaking, end_of_input, disconnected;
    char address[WSMTP_WASI_ADDRESS_TEXT];
    wsmtp_wasi_certificate certificate;
    /* the call that runs */
    wsmtp_request request;
    wsmtp_send_request send;
    bool done, ok;
    wsmtp_client_error error; /* of the last call that failed */
} wsmtp_wasi_session;

/* False if memory is short. settings are borrowed until _end. */
bool wsmtp_wasi_session_init(wsmtp_wasi_session *s, const wsmtp_settings *settings);

/* Closes the connection if there is one. */
void wsmtp_wasi_session_end(wsmtp_wasi_session *s);

/* Once. */
bool wsmtp_wasi_session_open(wsmtp_wasi_session *s);

/* credentials: for WSMTP_REQUEST_LOGIN. */
bool wsmtp_wasi_session_command(wsmtp_wasi_session *s, wsmtp_request_type type,
                                const wsmtp_credentials *credentials);

/* VRFY, EXPN or HELP: the reply is in s->request then. */
bool wsmtp_wasi_session_ask(wsmtp_wasi_session *s, wsmtp_step step, const char *argument,
                            size_t argument_len);

bool wsmtp_wasi_session_xclient(wsmtp_wasi_session *s, const wsmtp_parameter *attributes,
                                size_t attributes_len);

/* Transaction, body, done and context of s->send are the caller's; done must call _sent. */
bool wsmtp_wasi_session_send(wsmtp_wasi_session *s);
void wsmtp_wasi_session_sent(wsmtp_wasi_session *s, const wsmtp_client_result *result);

#endif
