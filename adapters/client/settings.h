/*
 * Options, checked and copied once, with the contents of the files they name. Never change then.
 * Private.
 */
#ifndef WSMTP_CLIENT_SETTINGS_H
#define WSMTP_CLIENT_SETTINGS_H

#include <wsmtp/client.h>

#define WSMTP_OUTPUT_DEFAULT 65536u

typedef struct wsmtp_settings {
    wsmtp_client_options options; /* defaults filled in; contents of files in ca_pem, cert_pem, key_pem */
    wsmtp_credentials credentials; /* what options.credentials points to, if it does */
    wsmtp_key_cache keys;         /* the same of options.keys */
    wsmtp_capabilities expected;  /* the same of options.expected */
    const struct wsmtp_services *services; /* see driver.h; NULL: none */
    char *block;                  /* everything that the two point to */
    size_t block_len;
} wsmtp_settings;

/* False with *error filled in: what wsmtp_client_open reports about options. */
bool wsmtp_settings_init(wsmtp_settings *settings, const wsmtp_client_options *options,
                         wsmtp_client_error *error);

/* Wipes and frees. */
void wsmtp_settings_end(wsmtp_settings *settings);

/* Whether two sessions with them are interchangeable: every setting is the same. */
bool wsmtp_settings_equal(const wsmtp_settings *a, const wsmtp_settings *b);

#endif
