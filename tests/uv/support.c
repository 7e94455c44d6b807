#include "support.h"

#include <stdlib.h>

const char *test_text(const char *name)
{
    char variable[96];
    snprintf(variable, sizeof variable, "WSMTP_TEST_%s", name);
    const char *value = getenv(variable);
    if (!value) {
        fprintf(stderr, "%s is not set: run this test by tests/uv/launch.mjs\n", variable);
        exit(2);
    }
    return value;
}

uint16_t test_port(const char *name)
{
    return (uint16_t)strtoul(test_text(name), NULL, 10);
}

wsmtp_client_options test_options(const char *port_name, wsmtp_tls tls)
{
    wsmtp_client_options options;
    wsmtp_client_options_init(&options);
    options.host = "127.0.0.1";
    options.port = test_port(port_name);
    options.tls = tls;
    options.ca_file = tls == WSMTP_TLS_NONE ? NULL : test_text("CA");
    return options;
}

wsmtp_uv_server *test_server(const char *port_name)
{
    wsmtp_client_options options = test_options(port_name, WSMTP_TLS_NONE);
    return wsmtp_uv_server_new(&options, NULL);
}

wsmtp_credentials test_credentials(wsmtp_mechanism mechanism)
{
    wsmtp_credentials credentials;
    wsmtp_credentials_init(&credentials);
    credentials.mechanism = mechanism;
    credentials.user = "alice";
    credentials.user_len = 5;
    if (mechanism == WSMTP_MECHANISM_XOAUTH2 || mechanism == WSMTP_MECHANISM_OAUTHBEARER) {
        credentials.token = test_text("TOKEN");
        credentials.token_len = strlen(credentials.token);
    } else {
        credentials.password = "secret";
        credentials.password_len = 6;
    }
    return credentials;
}

void test_message_init(test_message *m, const char *recipients, const char *text)
{
    memset(m, 0, sizeof *m);
    wsmtp_transaction_init(&m->transaction);
    m->transaction.reverse_path = "alice@lab.test";
    m->transaction.reverse_path_len = strlen(m->transaction.reverse_path);
    m->transaction.recipients = m->recipients;
    while (*recipients && m->transaction.recipients_len < TEST_RECIPIENTS_MAX) {
        wsmtp_recipient *r = &m->recipients[m->transaction.recipients_len++];
        r->address = recipients;
        r->address_len = strcspn(recipients, " ");
        recipients += r->address_len;
        recipients += *recipients == ' ';
    }
    m->request.transaction = &m->transaction;
    m->request.body.data = text;
    m->request.body.data_len = strlen(text);
    m->request.done = test_done;
    m->request.context = m;
    m->error.option = "";
}

void test_done(wsmtp_send_request *request, const wsmtp_client_result *result)
{
    test_message *m = request->context;
    const wsmtp_transaction *t = &m->transaction;
    size_t accepted = 0;
    m->outcomes++;
    CHECK(result->transaction == t);
    for (size_t i = 0; i < t->recipients_len; i++) {
        CHECK(t->recipients[i].status != WSMTP_STATUS_PENDING);
        accepted += t->recipients[i].status == WSMTP_STATUS_ACCEPTED;
    }
    CHECK_EQ(accepted, t->accepted_count);
    CHECK(!result->error == (accepted > 0));
    memset(&m->error, 0, sizeof m->error);
    if (result->error)
        m->error = *result->error;
    snprintf(m->queue_id, sizeof m->queue_id, "%.*s", (int)result->queue_id_len,
             result->queue_id ? result->queue_id : "");
}

void test_command_done(wsmtp_request *request, const wsmtp_client_error *error)
{
    test_outcome *outcome = request->context;
    outcome->count++;
    memset(&outcome->error, 0, sizeof outcome->error);
    if (error)
        outcome->error = *error;
}

wsmtp_request test_request(test_outcome *outcome)
{
    wsmtp_request request;
    memset(&request, 0, sizeof request);
    memset(outcome, 0, sizeof *outcome);
    request.done = test_command_done;
    request.context = outcome;
    return request;
}

void test_loop_end(uv_loop_t *loop)
{
    int status = uv_loop_close(loop);
    if (!CHECK_EQ(status, 0))
        uv_print_all_handles(loop, stderr);
}
