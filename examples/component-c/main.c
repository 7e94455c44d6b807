/*
 * Sends what it reads from stdin with a component in wasmtime:
 *
 *     component-c COMPONENT HOST PORT none|starttls|implicit CA-FILE|- SENDER RECIPIENT... < MESSAGE
 *
 * Login: user in SMTP_USER, password in SMTP_PASSWORD.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailer.h"

/* A whole file, given to free(); NULL if it cannot be read. */
static char *read_all(FILE *file, size_t *len)
{
    size_t room = 65536;
    char *octets = file ? malloc(room) : NULL;
    *len = 0;
    while (octets) {
        *len += fread(octets + *len, 1, room - *len, file);
        if (*len < room)
            break;
        char *larger = realloc(octets, room *= 2);
        if (!larger)
            free(octets);
        octets = larger;
    }
    if (octets && ferror(file)) {
        free(octets);
        return NULL;
    }
    return octets;
}

static int print(const mail_result *result)
{
    if (!result->sent) {
        fprintf(stderr, "%s: %s\n", result->kind, result->message);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < result->recipients_len; i++) {
        const mail_recipient *r = &result->recipients[i];
        printf("%s: %s %s\n", r->address, r->status, r->text);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    mail_server server = {.user = getenv("SMTP_USER"), .password = getenv("SMTP_PASSWORD")};
    mail message = {0};
    mail_result result;
    char *authorities = NULL, *why = NULL;
    if (argc < 8) {
        fputs("usage: component-c COMPONENT HOST PORT none|starttls|implicit CA-FILE|- SENDER RECIPIENT...\n",
              stderr);
        return EXIT_FAILURE;
    }
    server.host = argv[2];
    unsigned long port = strtoul(argv[3], NULL, 10);
    if (port == 0 || port > UINT16_MAX) {
        fprintf(stderr, "PORT is %s; it must be 1 to 65535\n", argv[3]);
        return EXIT_FAILURE;
    }
    server.port = (uint16_t)port;
    server.tls = argv[4];
    if (strcmp(argv[5], "-") != 0) {
        FILE *file = fopen(argv[5], "rb");
        server.authorities = authorities = read_all(file, &server.authorities_len);
        if (file)
            fclose(file);
        if (!authorities) {
            fprintf(stderr, "%s cannot be read\n", argv[5]);
            return EXIT_FAILURE;
        }
    }
    message.sender = argv[6];
    message.recipients = (const char *const *)argv + 7;
    message.recipients_len = (size_t)argc - 7;
    char *content = read_all(stdin, &message.content_len);
    message.content = (const uint8_t *)content;
    mailer *m = content ? mailer_new(argv[1], &why) : NULL;
    int status = EXIT_FAILURE;
    if (m) {
        mailer_send(m, &server, &message, &result);
        status = print(&result);
        mail_result_free(&result);
    } else {
        fprintf(stderr, "%s\n", why ? why : "the message cannot be read");
    }
    free(why);
    mailer_free(m);
    free(content);
    free(authorities);
    return status;
}
