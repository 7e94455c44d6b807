#include "settings.h"

#include <string.h>

#include "exit_code.h"
#include "pin.h"

#define EVERYWHERE (IN_SEND | IN_PROBE | IN_ASK | IN_SENDMAIL)

const setting_definition setting_definitions[] = {
    {"server", VALUE_NEEDED, IN_SEND | IN_ASK | IN_FILE, SETTING_SERVER},
    {"account", VALUE_NEEDED, IN_SEND | IN_ASK | IN_SENDMAIL, SETTING_ACCOUNT},
    {"config", VALUE_NEEDED, IN_SEND | IN_ASK | IN_SENDMAIL, SETTING_CONFIG},
    {"from", VALUE_NEEDED, IN_SEND | IN_FILE, SETTING_FROM},
    {"to", VALUE_NEEDED, IN_SEND, SETTING_TO},
    {"recipients-from-headers", VALUE_NONE, IN_SEND, SETTING_RECIPIENTS_FROM_HEADERS},
    {"ehlo", VALUE_NEEDED, IN_SEND | IN_PROBE | IN_ASK | IN_FILE, SETTING_EHLO},
    {"user", VALUE_NEEDED, IN_SEND | IN_ASK | IN_FILE, SETTING_USER},
    {"password", VALUE_NEEDED, IN_FILE, SETTING_PASSWORD},
    {"password-file", VALUE_NEEDED, IN_SEND | IN_ASK | IN_FILE, SETTING_PASSWORD_FILE},
    {"password-env", VALUE_NEEDED, IN_SEND | IN_ASK | IN_FILE, SETTING_PASSWORD_ENV},
    {"password-fd", VALUE_NEEDED, IN_SEND | IN_ASK, SETTING_PASSWORD_FD},
    {"token-file", VALUE_NEEDED, IN_SEND | IN_ASK | IN_FILE, SETTING_TOKEN_FILE},
    {"token-env", VALUE_NEEDED, IN_SEND | IN_ASK | IN_FILE, SETTING_TOKEN_ENV},
    {"token-command", VALUE_NEEDED, IN_SEND | IN_ASK | IN_FILE, SETTING_TOKEN_COMMAND},
    {"auth", VALUE_NEEDED, IN_SEND | IN_ASK | IN_FILE, SETTING_AUTH},
    {"allow-plaintext-auth", VALUE_NONE, IN_SEND | IN_ASK | IN_FILE, SETTING_ALLOW_PLAINTEXT_AUTH},
    {"ca", VALUE_NEEDED, IN_SEND | IN_PROBE | IN_ASK | IN_FILE, SETTING_CA},
    {"tls-name", VALUE_NEEDED, IN_SEND | IN_PROBE | IN_ASK | IN_FILE, SETTING_TLS_NAME},
    {"cert", VALUE_NEEDED, IN_SEND | IN_PROBE | IN_ASK | IN_FILE, SETTING_CERT},
    {"key", VALUE_NEEDED, IN_SEND | IN_PROBE | IN_ASK | IN_FILE, SETTING_KEY},
    {"pin", VALUE_NEEDED, IN_SEND | IN_PROBE | IN_ASK | IN_FILE, SETTING_PIN},
    {"smtputf8", VALUE_NONE, IN_SEND | IN_FILE, SETTING_SMTPUTF8},
    {"all-or-nothing", VALUE_NONE, IN_SEND | IN_FILE, SETTING_ALL_OR_NOTHING},
    {"no-pipelining", VALUE_NONE, IN_SEND | IN_FILE, SETTING_NO_PIPELINING},
    {"no-chunking", VALUE_NONE, IN_SEND | IN_FILE, SETTING_NO_CHUNKING},
    {"binary", VALUE_NONE, IN_SEND, SETTING_BINARY},
    {"dsn-return", VALUE_NEEDED, IN_SEND | IN_FILE, SETTING_DSN_RETURN},
    {"envelope-id", VALUE_NEEDED, IN_SEND, SETTING_ENVELOPE_ID},
    {"notify", VALUE_NEEDED, IN_SEND | IN_FILE, SETTING_NOTIFY},
    {"original-recipient", VALUE_NEEDED, IN_SEND, SETTING_ORIGINAL_RECIPIENT},
    {"deliver-by", VALUE_NEEDED, IN_SEND | IN_FILE, SETTING_DELIVER_BY},
    {"hold-for", VALUE_NEEDED, IN_SEND, SETTING_HOLD_FOR},
    {"hold-until", VALUE_NEEDED, IN_SEND, SETTING_HOLD_UNTIL},
    {"priority", VALUE_NEEDED, IN_SEND | IN_FILE, SETTING_PRIORITY},
    {"require-tls", VALUE_NONE, IN_SEND | IN_FILE, SETTING_REQUIRE_TLS},
    {"submitter", VALUE_NEEDED, IN_SEND | IN_FILE, SETTING_SUBMITTER},
    {"per-recipient-replies", VALUE_NONE, IN_SEND | IN_FILE, SETTING_PER_RECIPIENT_REPLIES},
    {"optional", VALUE_NEEDED, IN_SEND | IN_FILE, SETTING_OPTIONAL},
    {"xclient", VALUE_NEEDED, IN_SEND, SETTING_XCLIENT},
    {"timeout", VALUE_NEEDED, IN_SEND | IN_PROBE | IN_ASK | IN_FILE, SETTING_TIMEOUT},
    {"domain", VALUE_NEEDED, IN_FILE, SETTING_DOMAIN},
    {"json", VALUE_NONE, EVERYWHERE, SETTING_JSON},
    {"transcript", VALUE_OPTIONAL, EVERYWHERE, SETTING_TRANSCRIPT},
    {"waterfall", VALUE_NEEDED, EVERYWHERE, SETTING_WATERFALL},
    {"help", VALUE_NONE, EVERYWHERE, SETTING_HELP},
    {"version", VALUE_NONE, EVERYWHERE, SETTING_VERSION},
};
const size_t setting_definitions_len = sizeof setting_definitions / sizeof setting_definitions[0];

static bool take_secret(settings *s, secret_kind kind, const char *value, const char *origin,
                        bool from_file, failure *f)
{
    bool second = from_file ? s->secret_from_file : s->secret_given;
    if (second)
        return failure_usage(f, "%s: a password or token was given before; exactly one may be", origin);
    if (from_file)
        s->secret_from_file = true;
    else
        s->secret_given = true;
    if (from_file && s->secret_given)
        return true;
    return secret_take(&s->secret, kind, value, origin, f);
}

static bool take_mechanism(settings *s, const char *value, const char *origin, failure *f)
{
    s->auth = wsmtp_mechanism_find(value, strlen(value));
    if (s->auth != WSMTP_MECHANISM_AUTO)
        return true;
    char known[256] = "";
    for (int m = WSMTP_MECHANISM_AUTO + 1; m < WSMTP_MECHANISM_COUNT; m++) {
        size_t n;
        const char *name = wsmtp_mechanism_name((wsmtp_mechanism)m, &n);
        if (strlen(known) + n + 3 < sizeof known) {
            strcat(known, known[0] ? ", " : "");
            strcat(known, name);
        }
    }
    return failure_usage(f, "%s: there is no such mechanism; known are %s", origin, known);
}

static bool take_timeout(settings *s, const char *value, const char *origin, failure *f)
{
    uint32_t seconds = 0;
    bool valid = *value != '\0';
    for (const char *c = value; *c && valid; c++) {
        valid = *c >= '0' && *c <= '9' && seconds < 1000000;
        seconds = seconds * 10 + (uint32_t)(*c - '0');
    }
    if (!valid || seconds < 1 || seconds > 86400)
        return failure_usage(f, "%s: must be a whole number of seconds from 1 to 86400", origin);
    s->timeout = seconds * 1000;
    return true;
}

static bool take_switch(bool *to, const char *value, const char *origin, failure *f)
{
    if (value && strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        return failure_usage(f, "%s: must be yes or no", origin);
    *to = !value || strcmp(value, "yes") == 0;
    return true;
}

static bool take_waterfall(settings *s, const char *value, const char *origin, failure *f)
{
    const char *suffix = strrchr(value, '.');
    if (!suffix || (strcmp(suffix, ".svg") && strcmp(suffix, ".html") && strcmp(suffix, ".htm")))
        return failure_usage(f, "%s: the file's name must end in .svg or .html", origin);
    s->waterfall_file = value;
    return true;
}

/* A parameter that has no value: it is there or not. */
static bool take_flag(settings *s, wsmtp_keyword keyword, const char *value, const char *origin, failure *f)
{
    bool on;
    if (!take_switch(&on, value, origin, f))
        return false;
    s->parameters.values[keyword] = on ? "" : NULL;
    return true;
}

static bool take_original_recipient(settings *s, const char *value, const char *origin, failure *f)
{
    if (s->to.len == 0 || s->original_recipients.len == s->to.len)
        return failure_usage(f, "%s: must stand behind the --to that it is about, once", origin);
    while (s->original_recipients.len + 1 < s->to.len)
        text_list_add(&s->original_recipients, "", 0);
    return parameters_original_recipient(value, origin, &s->original_recipients, f);
}

/* A text that may not be empty. */
static bool take_text(const char **to, const char *value, const char *origin, failure *f)
{
    if (!*value)
        return failure_usage(f, "%s: is empty", origin);
    *to = value;
    return true;
}

bool settings_take(settings *s, setting_id id, const char *value, const char *origin, bool from_file,
                   failure *f)
{
    parameters *p = &s->parameters;
    uint64_t bit = (uint64_t)1 << (id - SETTING_SERVER);
    if (from_file && (s->given & bit))
        return true;
    if (!from_file)
        s->given |= bit;
    switch (id) {
    case SETTING_SERVER: s->has_server = true; return url_parse(value, origin, &s->server, f);
    case SETTING_ACCOUNT: return take_text(&s->account, value, origin, f);
    case SETTING_CONFIG: return take_text(&s->config_file, value, origin, f);
    case SETTING_FROM: s->from = value; return true;
    case SETTING_TO: text_list_add(&s->to, value, strlen(value)); return true;
    case SETTING_RECIPIENTS_FROM_HEADERS: return take_switch(&s->recipients_from_headers, value, origin, f);
    case SETTING_EHLO: {
        wsmtp_reason reason = wsmtp_ehlo_name_check(value, strlen(value));
        if (reason != WSMTP_REASON_OK)
            return failure_usage(f, "%s: the name %s", origin, wsmtp_reason_message(reason, &(size_t){0}));
        s->ehlo = value;
        return true;
    }
    case SETTING_USER: return take_text(&s->user, value, origin, f);
    case SETTING_PASSWORD: return take_secret(s, SECRET_PASSWORD, value, origin, from_file, f);
    case SETTING_PASSWORD_FILE: return take_secret(s, SECRET_PASSWORD_FILE, value, origin, from_file, f);
    case SETTING_PASSWORD_ENV: return take_secret(s, SECRET_PASSWORD_ENV, value, origin, from_file, f);
    case SETTING_PASSWORD_FD: return take_secret(s, SECRET_PASSWORD_FD, value, origin, from_file, f);
    case SETTING_TOKEN_FILE: return take_secret(s, SECRET_TOKEN_FILE, value, origin, from_file, f);
    case SETTING_TOKEN_ENV: return take_secret(s, SECRET_TOKEN_ENV, value, origin, from_file, f);
    case SETTING_TOKEN_COMMAND: return take_secret(s, SECRET_TOKEN_COMMAND, value, origin, from_file, f);
    case SETTING_AUTH: return take_mechanism(s, value, origin, f);
    case SETTING_ALLOW_PLAINTEXT_AUTH: return take_switch(&s->allow_plaintext_auth, value, origin, f);
    case SETTING_CA: return take_text(&s->ca, value, origin, f);
    case SETTING_TLS_NAME: return take_text(&s->tls_name, value, origin, f);
    case SETTING_CERT: return take_text(&s->cert, value, origin, f);
    case SETTING_KEY: return take_text(&s->key, value, origin, f);
    case SETTING_PIN:
        s->has_pin = true;
        if (!pin_parse(value, s->pin))
            return failure_usage(f, "%s: must be a SHA-256 as 64 hexadecimal digits or as base64", origin);
        return true;
    case SETTING_SMTPUTF8: return take_switch(&s->smtputf8, value, origin, f);
    case SETTING_ALL_OR_NOTHING: return take_switch(&s->all_or_nothing, value, origin, f);
    case SETTING_NO_PIPELINING: return take_switch(&s->no_pipelining, value, origin, f);
    case SETTING_NO_CHUNKING: return take_switch(&s->no_chunking, value, origin, f);
    case SETTING_BINARY: return take_switch(&s->binary, value, origin, f);
    case SETTING_DSN_RETURN: return parameters_take(p, WSMTP_KEYWORD_RET, value, origin, f);
    case SETTING_ENVELOPE_ID: return parameters_take(p, WSMTP_KEYWORD_ENVID, value, origin, f);
    case SETTING_NOTIFY: return parameters_take(p, WSMTP_KEYWORD_NOTIFY, value, origin, f);
    case SETTING_ORIGINAL_RECIPIENT: return take_original_recipient(s, value, origin, f);
    case SETTING_DELIVER_BY: return parameters_take(p, WSMTP_KEYWORD_BY, value, origin, f);
    case SETTING_HOLD_FOR: return parameters_take(p, WSMTP_KEYWORD_HOLDFOR, value, origin, f);
    case SETTING_HOLD_UNTIL: return parameters_take(p, WSMTP_KEYWORD_HOLDUNTIL, value, origin, f);
    case SETTING_PRIORITY: return parameters_take(p, WSMTP_KEYWORD_MT_PRIORITY, value, origin, f);
    case SETTING_REQUIRE_TLS: return take_flag(s, WSMTP_KEYWORD_REQUIRETLS, value, origin, f);
    case SETTING_SUBMITTER: return parameters_take(p, WSMTP_KEYWORD_AUTH, value, origin, f);
    case SETTING_PER_RECIPIENT_REPLIES: return take_flag(s, WSMTP_KEYWORD_PRDR, value, origin, f);
    case SETTING_OPTIONAL: return parameters_take_optional(p, value, origin, f);
    case SETTING_XCLIENT: return parameters_take_attribute(p, value, origin, f);
    case SETTING_TIMEOUT: return take_timeout(s, value, origin, f);
    case SETTING_DOMAIN: {
        wsmtp_reason reason = wsmtp_domain_check(value, strlen(value), true);
        if (reason != WSMTP_REASON_OK)
            return failure_usage(f, "%s: %s", origin, wsmtp_reason_message(reason, &(size_t){0}));
        s->domain = value;
        return true;
    }
    case SETTING_JSON: return take_switch(&s->json, value, origin, f);
    case SETTING_TRANSCRIPT:
        s->transcript = true;
        return value ? take_text(&s->transcript_file, value, origin, f) : true;
    case SETTING_WATERFALL: return take_waterfall(s, value, origin, f);
    case SETTING_HELP: s->help = true; return true;
    case SETTING_VERSION: s->version = true; return true;
    }
    return failure_set(f, EXIT_SOFTWARE, "internal", "%s: is not handled", origin);
}

static bool needs_no_secret(const settings *s)
{
    return s->auth == WSMTP_MECHANISM_EXTERNAL || s->auth == WSMTP_MECHANISM_ANONYMOUS;
}

bool settings_log_in(const settings *s)
{
    return s->user || needs_no_secret(s);
}

bool settings_check(const settings *s, failure *f)
{
    bool has_secret = s->secret.kind != SECRET_NONE;
    if (needs_no_secret(s) && has_secret)
        return failure_usage(f, "--auth %s takes no password and no token",
                             wsmtp_mechanism_name(s->auth, &(size_t){0}));
    if (s->user && !has_secret && !needs_no_secret(s))
        return failure_usage(f, "--user needs one of --password-file, --password-env, --password-fd, "
                                "--token-file, --token-env and --token-command");
    if (!s->user && has_secret)
        return failure_usage(f, "a password or token needs --user");
    if (s->auth != WSMTP_MECHANISM_AUTO && !settings_log_in(s))
        return failure_usage(f, "--auth needs --user");
    if (!s->cert != !s->key)
        return failure_usage(f, s->cert ? "--cert needs --key" : "--key needs --cert");
    if (s->parameters.values[WSMTP_KEYWORD_HOLDFOR] && s->parameters.values[WSMTP_KEYWORD_HOLDUNTIL])
        return failure_usage(f, "--hold-for and --hold-until exclude each other");
    if (s->binary && s->no_chunking)
        return failure_usage(f, "--binary needs BDAT, which --no-chunking forbids");
    bool tls = s->server.tls != WSMTP_TLS_NONE;
    if (s->has_server && !tls && (s->ca || s->tls_name || s->cert || s->has_pin))
        return failure_usage(f, "--ca, --tls-name, --cert and --pin are about TLS, which %s:// is without",
                             url_scheme(&s->server));
    return true;
}

void settings_free(settings *s)
{
    text_list_free(&s->to);
    text_list_free(&s->original_recipients);
}
