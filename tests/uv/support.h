/*
 * What the tests of the libuv adapter share. The servers are started by launch.mjs, which says where
 * they are in variables of the environment, WSMTP_TEST_...
 */
#ifndef WSMTP_TEST_UV_SUPPORT_H
#define WSMTP_TEST_UV_SUPPORT_H

#include <wsmtp_uv.h>

#include "check.h"

/* Ends the program with an explanation if launch.mjs has not set it. */
const char *test_text(const char *name);
uint16_t test_port(const char *name);

/* Options for 127.0.0.1 and the port that goes by this name; with the test CA if there is TLS. */
wsmtp_client_options test_options(const char *port_name, wsmtp_tls tls);

/* A server without TLS at the port that goes by this name; the caller's to free. */
wsmtp_uv_server *test_server(const char *port_name);

/* alice and her password, with one mechanism; OAuth mechanisms get the valid token instead. */
wsmtp_credentials test_credentials(wsmtp_mechanism mechanism);

/* A message of our own: the transaction, its recipients and the request around them. */
#define TEST_RECIPIENTS_MAX 8u
typedef struct test_message {
    wsmtp_send_request request;
    wsmtp_transaction transaction;
    wsmtp_recipient recipients[TEST_RECIPIENTS_MAX];
    /* Filled in by test_done. */
    unsigned outcomes;
    wsmtp_client_error error; /* of the last outcome; reason OK if it had none */
    char queue_id[64];
} test_message;

/* From alice@lab.test to these, separated by spaces. Text and recipients are borrowed. */
void test_message_init(test_message *message, const char *recipients, const char *text);

/* A callback that counts outcomes, checks that they are complete, and keeps the error. */
void test_done(wsmtp_send_request *request, const wsmtp_client_result *result);

/* A callback for commands: context is a test_outcome. */
typedef struct test_outcome {
    unsigned count;
    wsmtp_client_error error;
} test_outcome;
void test_command_done(wsmtp_request *request, const wsmtp_client_error *error);
wsmtp_request test_request(test_outcome *outcome);

/* Closes a loop on which nothing may be left: that there is no stuck handle. */
void test_loop_end(uv_loop_t *loop);

#endif
