/* The server, as a URL. */
#ifndef CLI_URL_H
#define CLI_URL_H

#include <wsmtp/client.h>

#include "failure.h"

#define URL_HOST_MAX 255u

typedef struct server_url {
    wsmtp_client_protocol protocol;
    wsmtp_tls tls;
    char host[URL_HOST_MAX + 1]; /* without brackets, A-labels; empty with a Unix socket */
    char unicode[WSMTP_DOMAIN_UNICODE_MAX]; /* the same with U-labels, if it has A-labels; else empty */
    uint16_t port;               /* never 0 with a host */
    const char *unix_path;       /* in the text that was parsed; NULL with a host */
} server_url;

/*
 * smtps://host[:465], smtp://host[:587] (STARTTLS required), smtp+plain://host[:25],
 * lmtp://host:port, lmtp+unix:PATH. origin names the option or key in messages, which never show
 * the text: it might hold a password.
 */
bool url_parse(const char *text, const char *origin, server_url *url, failure *f);

/* "smtps", "smtp", "smtp+plain", "lmtp", "lmtp+unix". */
const char *url_scheme(const server_url *url);

/* The URL with its port, into a buffer of URL_TEXT_MAX. */
#define URL_TEXT_MAX 512u
const char *url_text(const server_url *url, char text[URL_TEXT_MAX]);

#endif
