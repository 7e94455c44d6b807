/* Around a login: tokens that a callback gives, and salted keys that a cache keeps. */
#include "driver.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

struct wsmtp_driver_token {
    wsmtp_client_error refusal; /* of the token before; reason OK: none yet */
    char text[WSMTP_TOKEN_MAX];
};

static const wsmtp_client_options *options_of(const wsmtp_driver *d)
{
    return &d->settings->options;
}

/* ---- tokens */

/* A mechanism that has no use for a token has none asked for. */
static bool takes_token(wsmtp_mechanism mechanism)
{
    return mechanism == WSMTP_MECHANISM_AUTO || mechanism == WSMTP_MECHANISM_OAUTHBEARER ||
           mechanism == WSMTP_MECHANISM_XOAUTH2;
}

static bool begin(wsmtp_driver *d)
{
    if (!options_of(d)->token || d->login.token_len || d->login.password_len ||
        !takes_token(d->login.mechanism))
        return false;
    d->token_wanted = true;
    d->token_later = false;
    return true;
}

static void no_token(wsmtp_driver *d, wsmtp_cause cause)
{
    wsmtp_client_error error;
    if (d->token && d->token->refusal.reason != WSMTP_REASON_OK) {
        error = d->token->refusal;
    } else {
        wsmtp_error_about_field(&error, WSMTP_REASON_CREDENTIAL_MISSING, WSMTP_FIELD_TOKEN, 0,
                                "could not be had");
        error.cause = cause;
        error.step = WSMTP_STEP_AUTH;
        error.retryable = true;
    }
    wsmtp_driver_command_failed(d, &error);
}

static bool ask(wsmtp_driver *d)
{
    if (!d->token_wanted || d->token_later)
        return false;
    if (!d->token)
        d->token = calloc(1, sizeof *d->token);
    if (!d->token) {
        d->token_wanted = false;
        no_token(d, WSMTP_CAUSE_MEMORY);
        return true;
    }
    d->token_ready = false;
    ptrdiff_t n = options_of(d)->token(options_of(d)->token_context, d->login_repeated,
                                       d->token->text, sizeof d->token->text);
    if (n == WSMTP_TOKEN_LATER && d->takes_later) {
        d->token_later = !d->token_ready; /* it may have been said inside of the callback */
        if (!d->phase_at)
            wsmtp_driver_limit_command(d);
        return d->token_ready;
    }
    d->token_wanted = false;
    d->phase_at = 0;
    if (n <= 0 || (size_t)n > sizeof d->token->text) {
        no_token(d, WSMTP_CAUSE_TOKEN_SOURCE);
        return true;
    }
    d->login.token = d->token->text;
    d->login.token_len = (size_t)n;
    if (wsmtp_driver_login_begin(d) != WSMTP_REASON_OK) {
        wsmtp_client_error error;
        wsmtp_driver_engine_error(d, &error, wsmtp_error_get(&d->engine));
        wsmtp_driver_command_failed(d, &error);
    }
    return true;
}

/* It was waited for as long as an answer to a command. */
static void late(wsmtp_driver *d)
{
    d->token_wanted = d->token_later = false;
    d->phase_at = 0;
    no_token(d, WSMTP_CAUSE_TOKEN_SOURCE);
}

/* ---- salted keys: for the credentials of the options alone, whose password never changes */

static bool is_kept(const wsmtp_driver *d)
{
    return d->keys && d->credentials == options_of(d)->credentials && d->derive.salt_len > 0;
}

static wsmtp_salted_key describe(const wsmtp_driver *d)
{
    const wsmtp_client_options *o = options_of(d);
    wsmtp_salted_key of = {.host = o->host ? o->host : o->unix_path,
                           .user = d->login.user, .user_len = d->login.user_len,
                           .hash = d->derive.hash, .iterations = d->derive.iterations,
                           .salt = d->derive.salt, .salt_len = d->derive.salt_len};
    return of;
}

static bool find_key(wsmtp_driver *d)
{
    wsmtp_salted_key of = describe(d);
    uint8_t key[WSMTP_HASH_MAX];
    d->derive.from_cache = is_kept(d) && !d->login_repeated && d->keys->lookup(d->keys->context, &of, key);
    if (!d->derive.from_cache)
        return false;
    wsmtp_driver_key(d, key, wsmtp_hash_len(of.hash));
    wsmtp_wipe(key, sizeof key);
    return true;
}

static void logged_in(wsmtp_driver *d)
{
    if (is_kept(d) && d->derive.key_len > 0 && !d->derive.from_cache) {
        wsmtp_salted_key of = describe(d);
        d->keys->store(d->keys->context, &of, d->derive.key, d->derive.key_len);
    }
    d->derive.from_cache = false;
}

static void forget_key(wsmtp_driver *d)
{
    wsmtp_salted_key of = describe(d);
    d->keys->forget(d->keys->context, &of);
}

/* ---- both */

static bool is_refusal(const wsmtp_error *error)
{
    return (error->reason == WSMTP_REASON_AUTH_REFUSED ||
            error->reason == WSMTP_REASON_AUTH_SERVER_ERROR) && error->reply.code >= 500;
}

static bool refused(wsmtp_driver *d, const wsmtp_error *error)
{
    bool stale = d->derive.from_cache && is_refusal(error);
    if (stale)
        forget_key(d);
    d->derive.from_cache = false;
    if (d->login_repeated || !is_refusal(error) || !(stale || d->token))
        return false;
    d->login_repeated = true;
    if (d->token) {
        wsmtp_driver_engine_error(d, &d->token->refusal, error);
        d->token_wanted = true;
        d->token_later = false;
        return true;
    }
    return wsmtp_driver_login_begin(d) == WSMTP_REASON_OK;
}

static void end(wsmtp_driver *d)
{
    d->token_wanted = d->token_later = false;
    /* The session broke over it: some servers close rather than refuse. */
    if (d->derive.from_cache)
        forget_key(d);
    d->derive.from_cache = false;
    if (d->token) {
        wsmtp_wipe(d->token->text, sizeof d->token->text);
        free(d->token);
    }
    d->token = NULL;
}

const wsmtp_services wsmtp_client_services = {
    .begin = begin,
    .ask = ask,
    .late = late,
    .find_key = find_key,
    .logged_in = logged_in,
    .refused = refused,
    .end = end,
    .addresses = wsmtp_addresses_prepare,
    .send_early = wsmtp_driver_send_early,
    .fall_back = wsmtp_driver_fall_back,
};
