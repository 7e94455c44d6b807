/*
 * A program that sends what it reads from stdin, without SMTP, TLS or sockets of its own: it imports
 * the interface client of wit/smtp.wit, and is joined with mailer.wasm into one component.
 *
 *     main HOST PORT none|starttls|implicit CA-FILE|- SENDER RECIPIENT...
 *
 * The message is streamed: neither side ever holds it whole.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/wasip2.h>

#include "guest.h"

#define AUTHORITIES_MAX 262144u

typedef wasm_smtp_smtp_client_config_t client_config;
typedef wasm_smtp_smtp_client_error_t client_error;

static int failed(const client_error *error)
{
    fprintf(stderr, "%.*s\n", (int)error->message.len, (const char *)error->message.ptr);
    return EXIT_FAILURE;
}

static bool read_authorities(client_config *config, const char *name)
{
    static uint8_t pem[AUTHORITIES_MAX];
    FILE *file = fopen(name, "rb");
    if (!file)
        return false;
    config->trust.tag = WASM_SMTP_SMTP_TYPES_TRUST_ANCHORS_CUSTOM;
    config->trust.val.custom.ptr = pem;
    config->trust.val.custom.len = fread(pem, 1, sizeof pem, file);
    fclose(file);
    return true;
}

static uint8_t mode_of(const char *word)
{
    return strcmp(word, "none") == 0       ? WASM_SMTP_SMTP_TYPES_TLS_MODE_NONE
           : strcmp(word, "starttls") == 0 ? WASM_SMTP_SMTP_TYPES_TLS_MODE_STARTTLS
                                           : WASM_SMTP_SMTP_TYPES_TLS_MODE_IMPLICIT;
}

static int send_stdin(wasm_smtp_smtp_client_borrow_connection_t connection, char **words, int count)
{
    wasm_smtp_smtp_client_envelope_t envelope = {0};
    wasm_smtp_smtp_client_content_t content = {.tag = WASM_SMTP_SMTP_CLIENT_CONTENT_STREAM};
    wasm_smtp_smtp_client_outcome_t outcome;
    client_error error;
    guest_string_set(&envelope.sender, words[0]);
    envelope.recipients.len = (size_t)count - 1;
    envelope.recipients.ptr = calloc(envelope.recipients.len, sizeof *envelope.recipients.ptr);
    for (int i = 1; i < count; i++)
        guest_string_set(&envelope.recipients.ptr[i - 1].address, words[i]);
    content.val.stream.__handle = stdin_get_stdin().__handle; /* given away with the call */
    if (!wasm_smtp_smtp_client_method_connection_send(connection, &envelope, &content, &outcome, &error))
        return failed(&error);
    printf("%.*s\n", (int)outcome.reply.text.len, (const char *)outcome.reply.text.ptr);
    wasm_smtp_smtp_client_outcome_free(&outcome);
    free(envelope.recipients.ptr);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    client_config config = {0};
    wasm_smtp_smtp_client_own_connection_t connection;
    client_error error;
    if (argc < 7) {
        fputs("usage: main HOST PORT none|starttls|implicit CA-FILE|- SENDER RECIPIENT...\n", stderr);
        return EXIT_FAILURE;
    }
    guest_string_set(&config.host, argv[1]);
    config.port.is_some = true;
    config.port.val = (uint16_t)atoi(argv[2]);
    config.tls = mode_of(argv[3]);
    if (strcmp(argv[4], "-") != 0 && !read_authorities(&config, argv[4])) {
        fprintf(stderr, "%s cannot be read\n", argv[4]);
        return EXIT_FAILURE;
    }
    if (!wasm_smtp_smtp_client_static_connection_connect(&config, &connection, &error))
        return failed(&error);
    wasm_smtp_smtp_client_borrow_connection_t borrowed = wasm_smtp_smtp_client_borrow_connection(connection);
    int status = send_stdin(borrowed, argv + 5, argc - 5);
    wasm_smtp_smtp_client_method_connection_quit(borrowed);
    wasm_smtp_smtp_client_connection_drop_own(connection);
    return status;
}
