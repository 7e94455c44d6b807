#include "url.h"

#include <stdio.h>
#include <string.h>

#include "exit_code.h"

typedef struct scheme {
    const char *name;
    wsmtp_client_protocol protocol;
    wsmtp_tls tls;
    uint16_t port; /* 0: must be given */
} scheme;

static const scheme schemes[] = {
    {"smtps", WSMTP_CLIENT_SMTP, WSMTP_TLS_IMPLICIT, 465},
    {"smtp", WSMTP_CLIENT_SMTP, WSMTP_TLS_STARTTLS, 587},
    {"smtp+plain", WSMTP_CLIENT_SMTP, WSMTP_TLS_NONE, 25},
    {"lmtp", WSMTP_CLIENT_LMTP, WSMTP_TLS_NONE, 0},
};

static const char unix_prefix[] = "lmtp+unix:";

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Length of prefix if text starts with it in any case, else 0. */
static size_t starts_with(const char *text, const char *prefix)
{
    size_t n = strlen(prefix);
    for (size_t i = 0; i < n; i++) {
        if (lower(text[i]) != prefix[i])
            return 0;
    }
    return n;
}

static bool parse_port(const char *text, uint16_t *port)
{
    unsigned long value = 0;
    size_t n = strlen(text);
    if (n < 1 || n > 5)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned long)(text[i] - '0');
    }
    *port = (uint16_t)value;
    return value >= 1 && value <= 65535;
}

/* The host in both forms of IDNA. */
static bool take_host(const char *text, size_t text_len, const char *origin, server_url *url, failure *f)
{
    size_t n;
    wsmtp_reason reason = wsmtp_domain_to_ascii(text, text_len, url->host);
    if (reason == WSMTP_REASON_DOMAIN_TOO_LONG)
        return failure_usage(f, "%s: the host is longer than %u octets", origin, URL_HOST_MAX);
    if (reason == WSMTP_REASON_NOT_BUILT)
        return failure_usage(f, "%s: the host is not ASCII, but this build has no IDNA: give its A-label "
                                "form (xn--...)", origin);
    if (reason != WSMTP_REASON_OK)
        return failure_usage(f, "%s: the host is no internationalized domain name: it %s", origin,
                             wsmtp_reason_message(reason, &n));
    /* An A-label that does not stand for anything is a host all the same. */
    if (wsmtp_domain_to_unicode(url->host, strlen(url->host), url->unicode) != WSMTP_REASON_OK ||
        strcmp(url->host, url->unicode) == 0)
        url->unicode[0] = '\0';
    return true;
}

/* Copies the host and sets rest to what follows it. */
static bool parse_host(const char *text, const char *origin, server_url *url, const char **rest,
                       failure *f)
{
    size_t n;
    if (*text == '[') {
        const char *end = strchr(text, ']');
        if (!end)
            return failure_usage(f, "%s: the address has no closing bracket", origin);
        text++;
        n = (size_t)(end - text);
        *rest = end + 1;
    } else {
        n = strcspn(text, ":/?#");
        *rest = text + n;
        if (**rest == ':' && strchr(*rest + 1, ':'))
            return failure_usage(f, "%s: an IPv6 address stands in brackets: smtps://[::1]:465",
                                 origin);
    }
    if (n == 0)
        return failure_usage(f, "%s: there is no host", origin);
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
            return failure_usage(f, "%s: the host has a character that no name or address has", origin);
    }
    return take_host(text, n, origin, url, f);
}

bool url_parse(const char *text, const char *origin, server_url *url, failure *f)
{
    *url = (server_url){0};
    size_t n = starts_with(text, unix_prefix);
    if (n) {
        if (!text[n])
            return failure_usage(f, "%s: lmtp+unix: needs the path of a socket", origin);
        url->protocol = WSMTP_CLIENT_LMTP;
        url->unix_path = text + n;
        return true;
    }
    const scheme *found = NULL;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0] && !found; i++) {
        n = starts_with(text, schemes[i].name);
        if (n && strncmp(text + n, "://", 3) == 0)
            found = &schemes[i];
    }
    if (!found)
        return failure_usage(f, "%s: must begin with smtps://, smtp://, smtp+plain://, lmtp:// or "
                                "lmtp+unix:", origin);
    url->protocol = found->protocol;
    url->tls = found->tls;
    text += n + 3;
    if (strchr(text, '@'))
        return failure_usage(f, "%s: a URL holds no user and no password: use --user and "
                                "--password-file", origin);
    const char *rest = text;
    if (!parse_host(text, origin, url, &rest, f))
        return false;
    char port[8] = "";
    size_t end = strlen(rest);
    if (end > 0 && rest[end - 1] == '/')
        end--;
    if (end > 0 && (rest[0] != ':' || end > sizeof port))
        return failure_usage(f, "%s: after the host only a port may follow", origin);
    if (end > 0) {
        memcpy(port, rest + 1, end - 1);
        if (!parse_port(port, &url->port))
            return failure_usage(f, "%s: the port must be a number from 1 to 65535", origin);
    } else if (found->port == 0) {
        return failure_usage(f, "%s: LMTP has no usual port: give one, as in lmtp://host:24", origin);
    } else {
        url->port = found->port;
    }
    return true;
}

const char *url_scheme(const server_url *url)
{
    if (url->unix_path)
        return "lmtp+unix";
    if (url->protocol == WSMTP_CLIENT_LMTP)
        return "lmtp";
    return url->tls == WSMTP_TLS_IMPLICIT ? "smtps" : url->tls == WSMTP_TLS_STARTTLS ? "smtp" : "smtp+plain";
}

const char *url_text(const server_url *url, char text[URL_TEXT_MAX])
{
    bool brackets = strchr(url->host, ':') != NULL;
    if (url->unix_path)
        snprintf(text, URL_TEXT_MAX, "lmtp+unix:%s", url->unix_path);
    else
        snprintf(text, URL_TEXT_MAX, "%s://%s%s%s:%u", url_scheme(url), brackets ? "[" : "", url->host,
                 brackets ? "]" : "", (unsigned)url->port);
    return text;
}
