#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "error.h"
#include "file.h"
#include "idna.h"

#define HOST_MAX 255u

typedef struct files {
    char *ca, *cert, *key;
    size_t ca_len, cert_len, key_len;
} files;

static void files_free(files *f)
{
    wsmtp_file_free(f->ca, f->ca_len);
    wsmtp_file_free(f->cert, f->cert_len);
    wsmtp_file_free(f->key, f->key_len);
}

static bool broken(wsmtp_client_error *error, const char *option, const char *rule)
{
    wsmtp_error_from_option(error, WSMTP_REASON_CONFIG_VALUE, WSMTP_CAUSE_NONE, option, rule);
    return false;
}

/* A name or address as a resolver takes it: printable ASCII, no space. */
static bool check_name(const char *name, const char *option, wsmtp_client_error *error)
{
    size_t n = strlen(name);
    if (n == 0)
        return broken(error, option, "is empty");
    if (n > HOST_MAX)
        return broken(error, option, "is longer than 255 octets");
    for (size_t i = 0; i < n; i++) {
        if (name[i] <= ' ' || name[i] > 0x7e || name[i] == '[' || name[i] == ']')
            return broken(error, option, "has a character that no name or address has");
    }
    return true;
}

/* An internationalized name becomes its A-label form, in a buffer. */
static bool to_ascii(const char **name, char ascii[WSMTP_DOMAIN_MAX + 1], const char *option,
                     wsmtp_client_error *error)
{
    const char *why;
    char rule[256];
    size_t n;
    if (!*name || wsmtp_is_ascii(*name, strlen(*name)))
        return true;
    wsmtp_reason reason = wsmtp_idna_ascii(*name, strlen(*name), ascii, &why);
    if (reason == WSMTP_REASON_NOT_BUILT) {
        wsmtp_error_from_option(error, reason, WSMTP_CAUSE_NONE, option,
                                "is not ASCII, but this build has no IDNA: give its A-label form");
        return false;
    }
    *name = ascii;
    if (reason == WSMTP_REASON_OK)
        return true;
    snprintf(rule, sizeof rule, "is no internationalized domain name: it %s%s%s",
             wsmtp_reason_message(reason, &n), *why ? ": " : "", why);
    return broken(error, option, rule);
}

static bool check_keys(const wsmtp_client_options *o, wsmtp_client_error *error)
{
    if (o->keys && (!o->keys->lookup || !o->keys->store || !o->keys->forget))
        return broken(error, "keys", "lacks one of the callbacks lookup, store and forget");
    return true;
}

#define FLAGS                                                                                      \
    (WSMTP_LENIENT_BARE_LF | WSMTP_NO_PIPELINING | WSMTP_TRUSTED_CHANNEL | WSMTP_NO_CHUNKING |      \
     WSMTP_EARLY_ENVELOPE)

/* What the engine would refuse only when there is a connection. */
static bool check_engine(const wsmtp_client_options *o, wsmtp_client_error *error)
{
    if (o->flags & ~FLAGS)
        return broken(error, "flags", "has a bit that means nothing");
    if (o->overlap <= 1 || (wsmtp_features() & WSMTP_HAS_OVERLAP))
        return true;
    wsmtp_error_from_option(error, WSMTP_REASON_NOT_BUILT, WSMTP_CAUSE_NONE, "overlap",
                            "is not possible: several messages in flight are not in this build of the engine");
    return false;
}

static bool check_early(const wsmtp_client_options *o, wsmtp_client_error *error)
{
    if ((wsmtp_features() & WSMTP_HAS_EARLY) || (!o->early && !o->expected))
        return true;
    wsmtp_error_from_option(error, WSMTP_REASON_NOT_BUILT, WSMTP_CAUSE_NONE, o->early ? "early" : "expected",
                            "is not possible: early commands are not in this build of the engine");
    return false;
}

static bool check_target(const wsmtp_client_options *o, wsmtp_client_error *error)
{
    if ((unsigned)o->protocol > WSMTP_CLIENT_LMTP)
        return broken(error, "protocol", "has an unknown value");
    if (o->protocol == WSMTP_CLIENT_LMTP && !(wsmtp_features() & WSMTP_HAS_LMTP)) {
        wsmtp_error_from_option(error, WSMTP_REASON_NOT_BUILT, WSMTP_CAUSE_NONE, "protocol",
                                "LMTP is not in this build of the engine");
        return false;
    }
    if (!o->host == !o->unix_path)
        return broken(error, "host", "is missing, or unix_path is given as well");
    if (o->host && !check_name(o->host, "host", error))
        return false;
    if (o->unix_path && !*o->unix_path)
        return broken(error, "unix_path", "is empty");
    if (o->tls_name && !check_name(o->tls_name, "tls_name", error))
        return false;
    if ((unsigned)o->tls > WSMTP_TLS_STARTTLS)
        return broken(error, "tls", "has an unknown value");
    if (o->output_len && o->output_len < WSMTP_OUTPUT_MIN)
        return broken(error, "output_len", "is less than 1024 bytes");
    return true;
}

/* From one place or the other; and never silently from none, which would mean the system's own. */
static bool check_pem(const char *file, const char *file_option, const void *pem, size_t pem_len,
                      const char *pem_option, wsmtp_client_error *error)
{
    if (pem && pem_len == 0)
        return broken(error, pem_option, "is empty");
    if (!pem && pem_len)
        return broken(error, pem_option, "is missing");
    if (file && pem)
        return broken(error, file_option, "and its twin from memory are both given");
    return true;
}

static bool check_tls(const wsmtp_client_options *o, wsmtp_client_error *error)
{
    bool ca = o->ca_file || o->ca_pem_len;
    bool cert = o->cert_file || o->cert_pem_len;
    bool key = o->key_file || o->key_pem_len;
    if (!check_pem(o->ca_file, "ca_file", o->ca_pem, o->ca_pem_len, "ca_pem", error) ||
        !check_pem(o->cert_file, "cert_file", o->cert_pem, o->cert_pem_len, "cert_pem", error) ||
        !check_pem(o->key_file, "key_file", o->key_pem, o->key_pem_len, "key_pem", error))
        return false;
    if (cert && !key)
        return broken(error, "key_file", "is missing: a client certificate needs its key");
    if (key && !cert)
        return broken(error, "cert_file", "is missing: a key needs its client certificate");
    if (o->tls == WSMTP_TLS_NONE && (ca || cert || o->pin || o->tls_name))
        return broken(error, "tls", "is off, but an option asks something of TLS");
    if (o->tls != WSMTP_TLS_NONE && !o->host && !o->tls_name)
        return broken(error, "tls_name", "is missing: TLS over a Unix socket needs it");
    return true;
}

static bool check_ehlo_name(const wsmtp_client_options *o, wsmtp_client_error *error)
{
    if (o->ehlo_name_len == 0)
        return true;
    wsmtp_reason reason = wsmtp_ehlo_name_check(o->ehlo_name, o->ehlo_name_len);
    if (reason == WSMTP_REASON_OK)
        return true;
    size_t n;
    wsmtp_error_from_option(error, reason, WSMTP_CAUSE_NONE, "ehlo_name",
                            wsmtp_reason_message(reason, &n));
    error->field = WSMTP_FIELD_EHLO_NAME;
    return false;
}

static bool read_option(const char *path, const char *option, char **data, size_t *data_len,
                        wsmtp_client_error *error)
{
    const char *why;
    if (!path)
        return true;
    if (wsmtp_file_read(path, data, data_len, &why)) {
        if (*data_len > 0)
            return true;
        why = "it is empty";
    }
    char rule[256];
    snprintf(rule, sizeof rule, "cannot be read: %s", why);
    wsmtp_error_from_option(error, WSMTP_REASON_CONFIG_VALUE, WSMTP_CAUSE_FILE, option, rule);
    return false;
}

/*
 * Visits everything that the options point to: text_of for text with a NUL, data_of for the rest.
 * One list serves measuring, copying and comparing, so that none of them can miss a member.
 */
#define EACH_POINTER(TEXT, DATA)                                                                   \
    TEXT(options.host)                                                                             \
    TEXT(options.unix_path)                                                                        \
    TEXT(options.tls_name)                                                                         \
    DATA(options.ca_pem, options.ca_pem_len)                                                       \
    DATA(options.cert_pem, options.cert_pem_len)                                                   \
    DATA(options.key_pem, options.key_pem_len)                                                     \
    DATA(options.ehlo_name, options.ehlo_name_len)                                                 \
    DATA(credentials.user, credentials.user_len)                                                   \
    DATA(credentials.password, credentials.password_len)                                           \
    DATA(credentials.token, credentials.token_len)                                                 \
    DATA(credentials.authzid, credentials.authzid_len)                                             \
    DATA(credentials.host, credentials.host_len)

/* Copies n bytes and a NUL to *at; or only counts, as long as there is no block. */
static const void *copy(wsmtp_settings *s, size_t *at, const void *from, size_t n)
{
    char *to = s->block ? s->block + *at : NULL;
    if (to) {
        if (n)
            memcpy(to, from, n);
        to[n] = '\0';
    }
    *at += n + 1;
    return to ? to : from;
}

static size_t copy_all(wsmtp_settings *s)
{
    size_t at = 0;
#define COPY_TEXT(member)                                                                          \
    if (s->member)                                                                                 \
        s->member = copy(s, &at, s->member, strlen(s->member));
#define COPY_DATA(member, member_len) s->member = copy(s, &at, s->member, s->member_len);
    EACH_POINTER(COPY_TEXT, COPY_DATA)
    if (s->options.pin)
        s->options.pin = copy(s, &at, s->options.pin, WSMTP_PIN_LEN);
    return at;
}

static uint16_t default_port(const wsmtp_client_options *o)
{
    if (o->protocol == WSMTP_CLIENT_LMTP)
        return 24;
    return o->tls == WSMTP_TLS_IMPLICIT ? 465 : o->tls == WSMTP_TLS_STARTTLS ? 587 : 25;
}

static bool take(wsmtp_settings *s, const wsmtp_client_options *options, const files *f,
                 wsmtp_client_error *error)
{
    s->options = *options;
    if (options->credentials)
        s->credentials = *options->credentials;
    else
        wsmtp_credentials_init(&s->credentials);
    s->credentials.nonce = NULL; /* the client draws a fresh one for each login */
    s->credentials.nonce_len = 0;
    s->credentials.binding = WSMTP_BINDING_NONE; /* it knows its TLS channel, too */
    s->credentials.binding_data = NULL;
    s->credentials.binding_data_len = 0;
    wsmtp_client_options *o = &s->options;
    o->credentials = options->credentials ? &s->credentials : NULL;
    if (options->keys) {
        s->keys = *options->keys;
        o->keys = &s->keys;
    }
    if (options->expected) {
        s->expected = *options->expected;
        o->expected = &s->expected;
    }
    s->services = &wsmtp_client_services;
    o->ca_file = o->cert_file = o->key_file = NULL;
    if (f->ca) {
        o->ca_pem = f->ca;
        o->ca_pem_len = f->ca_len;
    }
    if (f->cert) {
        o->cert_pem = f->cert;
        o->cert_pem_len = f->cert_len;
    }
    if (f->key) {
        o->key_pem = f->key;
        o->key_pem_len = f->key_len;
    }
    if (!o->port)
        o->port = default_port(o);
    if (!o->output_len)
        o->output_len = WSMTP_OUTPUT_DEFAULT;
    if (!o->tls_name && o->tls != WSMTP_TLS_NONE)
        o->tls_name = o->host;
    if (o->unix_path)
        o->flags |= WSMTP_TRUSTED_CHANNEL;

    s->block_len = copy_all(s);
    s->block = malloc(s->block_len);
    if (!s->block) {
        wsmtp_error_from_host(error, WSMTP_REASON_CONFIG_BUFFER, WSMTP_CAUSE_MEMORY, NULL);
        return false;
    }
    copy_all(s);
    return true;
}

bool wsmtp_settings_init(wsmtp_settings *s, const wsmtp_client_options *given,
                         wsmtp_client_error *error)
{
    files f = {NULL, NULL, NULL, 0, 0, 0};
    char host[WSMTP_DOMAIN_MAX + 1], tls_name[WSMTP_DOMAIN_MAX + 1];
    memset(s, 0, sizeof *s);
    if (given->size < sizeof *given)
        return broken(error, "size", "is not set: call wsmtp_client_options_init first");
    wsmtp_client_options converted = *given;
    const wsmtp_client_options *options = &converted;
    bool ok = to_ascii(&converted.host, host, "host", error) &&
              to_ascii(&converted.tls_name, tls_name, "tls_name", error) &&
              check_target(options, error) && check_tls(options, error) &&
              check_keys(options, error) && check_engine(options, error) &&
              check_early(options, error) && check_ehlo_name(options, error) &&
              read_option(options->ca_file, "ca_file", &f.ca, &f.ca_len, error) &&
              read_option(options->cert_file, "cert_file", &f.cert, &f.cert_len, error) &&
              read_option(options->key_file, "key_file", &f.key, &f.key_len, error) &&
              take(s, options, &f, error);
    files_free(&f);
    return ok;
}

void wsmtp_settings_end(wsmtp_settings *s)
{
    if (s->block)
        wsmtp_wipe(s->block, s->block_len);
    free(s->block);
    wsmtp_wipe(s, sizeof *s);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_data(const void *a, size_t a_len, const void *b, size_t b_len)
{
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

static bool same_keys(const wsmtp_key_cache *a, const wsmtp_key_cache *b)
{
    return !a == !b && (!a || (a->context == b->context && a->lookup == b->lookup &&
                               a->store == b->store && a->forget == b->forget));
}

static bool same_expectation(const wsmtp_client_options *x, const wsmtp_client_options *y)
{
    const wsmtp_capabilities *a = x->expected, *b = y->expected;
    return x->early == y->early && !a == !b &&
           (!a || (a->flags == b->flags && a->auth == b->auth && a->size == b->size &&
                   a->mail_max == b->mail_max && a->rcpt_max == b->rcpt_max &&
                   a->rcpt_domain_max == b->rcpt_domain_max && a->deliver_by_min == b->deliver_by_min &&
                   a->hold_max == b->hold_max && a->xclient == b->xclient));
}

bool wsmtp_settings_equal(const wsmtp_settings *a, const wsmtp_settings *b)
{
    const wsmtp_client_options *x = &a->options, *y = &b->options;
    bool same = x->protocol == y->protocol && x->port == y->port && x->tls == y->tls &&
                x->flags == y->flags && x->eager_octets == y->eager_octets &&
                x->overlap == y->overlap && x->total_timeout == y->total_timeout &&
                x->output_len == y->output_len && x->trace == y->trace &&
                x->trace_context == y->trace_context && x->event == y->event &&
                x->event_context == y->event_context && x->token == y->token &&
                x->token_context == y->token_context && same_keys(x->keys, y->keys) &&
                same_expectation(x, y) &&
                memcmp(x->timeouts, y->timeouts, sizeof x->timeouts) == 0 &&
                !x->credentials == !y->credentials && !x->pin == !y->pin &&
                (!x->pin || memcmp(x->pin, y->pin, WSMTP_PIN_LEN) == 0) &&
                a->credentials.mechanism == b->credentials.mechanism &&
                a->credentials.port == b->credentials.port &&
                a->credentials.scram_iterations_min == b->credentials.scram_iterations_min &&
                a->credentials.scram_iterations_max == b->credentials.scram_iterations_max &&
                a->credentials.allow_plaintext_auth == b->credentials.allow_plaintext_auth;
#define SAME_TEXT(member) same = same && same_text(a->member, b->member);
#define SAME_DATA(member, member_len)                                                              \
    same = same && same_data(a->member, a->member_len, b->member, b->member_len);
    EACH_POINTER(SAME_TEXT, SAME_DATA)
    return same;
}

void wsmtp_client_options_init(wsmtp_client_options *options)
{
    wsmtp_config config;
    wsmtp_config_init(&config);
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->tls = WSMTP_TLS_IMPLICIT;
    options->eager_octets = config.eager_octets;
    memcpy(options->timeouts, config.timeouts, sizeof options->timeouts);
}
