#include "internal.h"

#include <openssl/rand.h>
#include <stdlib.h>

#include "error.h"

uint64_t wsmtp_host_microseconds(void)
{
    return uv_hrtime() / 1000;
}

bool wsmtp_host_entropy(uint8_t *bytes, size_t bytes_len)
{
    return RAND_bytes(bytes, (int)bytes_len) == 1;
}

static wsmtp_uv_server *no_memory(wsmtp_client_error *error)
{
    wsmtp_error_from_host(error, WSMTP_REASON_CONFIG_BUFFER, WSMTP_CAUSE_MEMORY, NULL);
    return NULL;
}

wsmtp_uv_server *wsmtp_uv_server_new(const wsmtp_client_options *options, wsmtp_client_error *error)
{
    wsmtp_client_error unwanted;
    if (!error)
        error = &unwanted;
    wsmtp_uv_server *server = calloc(1, sizeof *server);
    if (!server)
        return no_memory(error);
    if (!wsmtp_uv_keys_init(server)) {
        free(server);
        return no_memory(error);
    }
    atomic_init(&server->owners, 1);
    bool ok = wsmtp_settings_init(&server->settings, options, error);
    if (ok && server->settings.options.tls != WSMTP_TLS_NONE) {
        server->tls = wsmtp_uv_tls_context(&server->settings, options, error);
        ok = server->tls != NULL;
    }
    if (ok)
        return server;
    wsmtp_uv_server_free(server);
    return NULL;
}

wsmtp_uv_server *wsmtp_uv_server_keep(wsmtp_uv_server *server)
{
    atomic_fetch_add_explicit(&server->owners, 1, memory_order_relaxed);
    return server;
}

void wsmtp_uv_server_free(wsmtp_uv_server *server)
{
    if (!server || atomic_fetch_sub_explicit(&server->owners, 1, memory_order_acq_rel) != 1)
        return;
    SSL_CTX_free(server->tls);
    wsmtp_settings_end(&server->settings);
    wsmtp_uv_keys_end(server);
    wsmtp_wipe(server, sizeof *server);
    free(server);
}
