#include "session.h"

#include <errno.h>
#include <string.h>

#include "exit_code.h"
#include "host.h"
#include "memory.h"
#include "process.h"
#include "transcript.h"
#include "waterfall.h"
#include "words.h"

/* The transcript on stderr must stand on lines of its own. */
static void on_line(void *context, const dialogue_line *line)
{
    session *n = context;
    if (n->transcript)
        transcript_line(n->transcript, line);
    if (n->waterfall)
        timeline_line(&n->timeline, line);
}

static void on_trace(void *context, const wsmtp_trace *trace)
{
    session *n = context;
    dialogue_trace(&n->dialogue, trace);
}

static void on_event(void *context, const wsmtp_client_event *event)
{
    session *n = context;
    dialogue_event(&n->dialogue, event);
    if (event->type == WSMTP_CLIENT_EVENT_PROGRESS)
        progress_show(&n->progress, event->octets, event->at);
}

static void on_interrupt(void *context)
{
    wsmtp_client_cancel(context);
}

static bool open_file(FILE **file, const char *name, failure *f)
{
    *file = fopen(name, "wb");
    if (!*file)
        return failure_set(f, EXIT_NO_CREATE, "file", "%s cannot be written: %s", name, strerror(errno));
    return true;
}

#define TOKEN_COMMAND_TIMEOUT 60000u

static ptrdiff_t on_token(void *context, bool refused, char *buffer, size_t buffer_len)
{
    session *n = context;
    const settings *s = n->settings;
    text_list words = {0};
    size_t len = 0;
    (void)refused; /* the same command: whether its token is still good is its own business */
    n->token_failure = (failure){0};
    bool fine = words_parse(s->secret.value, "the token command", &words, &n->token_failure) &&
                process_first_line(&words, s->timeout ? s->timeout : TOKEN_COMMAND_TIMEOUT,
                                   "the token command", buffer, buffer_len, &len, &n->token_failure);
    text_list_free(&words);
    return fine ? (ptrdiff_t)len : WSMTP_TOKEN_FAILED;
}

static void set_credentials(const session *n, wsmtp_credentials *c)
{
    const settings *s = n->settings;
    wsmtp_credentials_init(c);
    c->mechanism = s->auth;
    if (s->user && s->auth == WSMTP_MECHANISM_EXTERNAL) {
        c->authzid = s->user;
        c->authzid_len = strlen(s->user);
    } else if (s->user) {
        c->user = s->user;
        c->user_len = strlen(s->user);
    }
    if (n->secret.is_token) {
        c->token = n->secret.text;
        c->token_len = n->secret.len;
    } else {
        c->password = n->secret.text;
        c->password_len = n->secret.len;
    }
    c->allow_plaintext_auth = s->allow_plaintext_auth;
}

static void set_options(session *n, wsmtp_client_options *o)
{
    const settings *s = n->settings;
    wsmtp_client_options_init(o);
    o->protocol = s->server.protocol;
    o->host = s->server.unix_path ? NULL : s->server.host;
    o->port = s->server.port;
    o->unix_path = s->server.unix_path;
    o->tls = s->server.tls;
    o->tls_name = s->tls_name;
    o->ca_file = s->ca;
    o->cert_file = s->cert;
    o->key_file = s->key;
    o->pin = s->has_pin ? s->pin : NULL;
    o->ehlo_name = s->ehlo;
    o->ehlo_name_len = s->ehlo ? strlen(s->ehlo) : 0;
    o->flags |= s->no_pipelining ? WSMTP_NO_PIPELINING : 0u;
    o->flags |= s->no_chunking ? WSMTP_NO_CHUNKING : 0u;
    for (int i = 0; i < WSMTP_PHASE_COUNT && s->timeout > 0; i++)
        o->timeouts[i] = s->timeout;
    if (s->secret.kind == SECRET_TOKEN_COMMAND) {
        o->token = on_token;
        o->token_context = n;
    }
    if (n->transcript || n->waterfall) {
        o->trace = on_trace;
        o->trace_context = n;
    }
    o->event = on_event;
    o->event_context = n;
}

bool session_begin(session *n, const settings *s, uint64_t message_octets, failure *f)
{
    wsmtp_client_options options;
    wsmtp_credentials credentials;
    *n = (session){.settings = s};
    if (!secret_read(&s->secret, &n->secret, f))
        return false;
    if (s->transcript && !s->transcript_file)
        n->transcript = stderr;
    else if (s->transcript && !open_file(&n->transcript, s->transcript_file, f))
        return false;
    if (s->waterfall_file && !open_file(&n->waterfall, s->waterfall_file, f))
        return false;
    dialogue_init(&n->dialogue, on_line, n);
    progress_init(&n->progress, n->transcript != stderr, message_octets);
    set_options(n, &options);
    n->attributes_len = parameters_attributes(&s->parameters, n->attributes);
    if (settings_log_in(s) && n->attributes_len == 0) {
        set_credentials(n, &credentials);
        options.credentials = &credentials;
    }
    n->client = wsmtp_client_new(&options);
    if (n->attributes_len == 0)
        secret_wipe(&n->secret);
    if (!n->client)
        return failure_set(f, EXIT_SYSTEM, "internal", "there is not enough memory");
    return true;
}

/* XCLIENT makes the session begin anew, without a login: that comes behind it. */
static bool speak_for(session *n)
{
    wsmtp_credentials credentials;
    if (!wsmtp_client_xclient(n->client, n->attributes, n->attributes_len))
        return false;
    if (!settings_log_in(n->settings))
        return true;
    set_credentials(n, &credentials);
    return wsmtp_client_login(n->client, &credentials);
}

bool session_open(session *n)
{
    host_ignore_broken_pipes();
    host_on_interrupt(on_interrupt, n->client);
    bool fine = wsmtp_client_open(n->client) && (n->attributes_len == 0 || speak_for(n));
    secret_wipe(&n->secret);
    return fine;
}

/* What the library calls its options, the command calls otherwise. */
static void name_option(wsmtp_client_error *error)
{
    static const struct { const char *member, *option; } names[] = {
        {"host", "server"}, {"tls_name", "tls-name"}, {"ehlo_name", "ehlo"},
        {"ca_file", "ca"}, {"cert_file", "cert"}, {"key_file", "key"},
    };
    for (size_t i = 0; error->option && i < sizeof names / sizeof names[0]; i++) {
        char rule[sizeof error->message];
        size_t n = strlen(names[i].member);
        if (strcmp(error->option, names[i].member) != 0 || strncmp(error->message, names[i].member, n) != 0)
            continue;
        memcpy(rule, error->message + n, sizeof rule - n);
        snprintf(error->message, sizeof error->message, "--%s%.1000s", names[i].option, rule);
        error->option = names[i].option;
    }
}

void session_error(const session *n, wsmtp_client_error *error, failure *f)
{
    *error = *wsmtp_client_error_get(n->client);
    name_option(error);
    if (error->cause != WSMTP_CAUSE_TOKEN_SOURCE || !n->token_failure.exit_code)
        return;
    *f = n->token_failure; /* says more */
    error->reason = WSMTP_REASON_OK;
}

static bool close_file(FILE **file, const char *name, failure *f)
{
    FILE *closing = *file;
    *file = NULL;
    if (!closing || closing == stderr)
        return true;
    bool failed = ferror(closing) != 0;
    if (fclose(closing) != 0 || failed)
        return failure_set(f, EXIT_IO, "file", "%s could not be written whole", name);
    return true;
}

bool session_end(session *n, failure *f)
{
    progress_clear(&n->progress);
    wsmtp_client_quit(n->client);
    host_on_interrupt(NULL, NULL);
    if (n->waterfall) {
        char url[URL_TEXT_MAX], title[URL_TEXT_MAX + 32];
        const char *suffix = strrchr(n->settings->waterfall_file, '.');
        snprintf(title, sizeof title, "SMTP session with %s", url_text(&n->settings->server, url));
        waterfall_write(n->waterfall, strcmp(suffix, ".svg") != 0, title, wsmtp_client_facts_get(n->client),
                        &n->timeline);
    }
    bool fine = close_file(&n->transcript, n->settings->transcript_file, f);
    return close_file(&n->waterfall, n->settings->waterfall_file, f) && fine;
}

void session_free(session *n)
{
    failure ignored;
    secret_wipe(&n->secret);
    close_file(&n->transcript, "", &ignored);
    close_file(&n->waterfall, "", &ignored);
    wsmtp_client_free(n->client);
    timeline_free(&n->timeline);
    *n = (session){0};
}
