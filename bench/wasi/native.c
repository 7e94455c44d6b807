/*
 * One connection a message, on wsmtp/client.h: TLS, login, message, quit.
 *
 *     PROGRAM HOST PORT TLS CA-FILE USER PASSWORD MECHANISM COUNT
 *
 * Prints a JSON list: microseconds of each. The first one does not count and is not printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wsmtp/client.h>

static const char message[] = "From: bench@lab.test\r\nSubject: bench\r\n\r\nhello\r\n";

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void send_one(const wsmtp_client_options *options) {
    wsmtp_recipient recipient = {.address = "b@lab.test", .address_len = 10};
    wsmtp_transaction transaction;
    wsmtp_client_body body = {.data = message, .data_len = sizeof message - 1};
    wsmtp_client *client = wsmtp_client_new(options);
    wsmtp_transaction_init(&transaction);
    transaction.reverse_path = "bench@lab.test";
    transaction.reverse_path_len = 14;
    transaction.recipients = &recipient;
    transaction.recipients_len = 1;
    if (client == NULL || !wsmtp_client_open(client) || !wsmtp_client_send(client, &transaction, &body)) {
        fprintf(stderr, "%s\n", client == NULL ? "out of memory" : wsmtp_client_error_get(client)->message);
        exit(1);
    }
    wsmtp_client_quit(client);
    wsmtp_client_free(client);
}

int main(int argc, char **argv) {
    wsmtp_client_options options;
    wsmtp_credentials credentials;
    if (argc != 9) return 64;
    wsmtp_credentials_init(&credentials);
    credentials.user = argv[5];
    credentials.user_len = strlen(argv[5]);
    credentials.password = argv[6];
    credentials.password_len = strlen(argv[6]);
    credentials.mechanism = wsmtp_mechanism_find(argv[7], strlen(argv[7]));
    wsmtp_client_options_init(&options);
    options.host = argv[1];
    options.port = (uint16_t)atoi(argv[2]);
    options.tls = strcmp(argv[3], "starttls") == 0 ? WSMTP_TLS_STARTTLS : WSMTP_TLS_IMPLICIT;
    options.ca_file = argv[4];
    options.credentials = &credentials;
    const int count = atoi(argv[8]);
    for (int n = 0; n <= count; n += 1) {
        const double began = now();
        send_one(&options);
        if (n > 0) printf("%s%.0f", n == 1 ? "[" : ",", now() - began);
    }
    printf("]\n");
    return 0;
}
