/* The interface smtp-send. */
#include <stdlib.h>
#include <string.h>

#include "deliver.h"
#include "error.h"
#include "roots.h"

typedef struct sending {
    wsmtp_component_settings settings;
    wsmtp_credentials credentials;
    wsmtp_client_error refused;
    wsmtp_wasi_session session;
} sending;

static bool send(sending *s, const wasm_smtp_smtp_types_message_t *message,
                 wasm_smtp_smtp_types_outcome_t *outcome, wasm_smtp_smtp_types_error_t *error)
{
    wsmtp_client_body body = {.data = message->content.ptr, .data_len = message->content.len};
    wsmtp_wasi_session *session = &s->session;
    if (!wsmtp_wasi_session_init(session, &s->settings.settings)) {
        wsmtp_wasi_session_end(session);
        abort();
    }
    bool open = wsmtp_wasi_session_open(session);
    bool ok = wsmtp_component_deliver(session, open ? NULL : &session->error, &message->envelope,
                                      &body, outcome, error);
    wsmtp_wasi_session_command(session, WSMTP_REQUEST_QUIT, NULL);
    wsmtp_wasi_session_end(session);
    return ok;
}

/* False: there is a login, and this build has none. */
static bool take_credentials(sending *s, const wasm_smtp_smtp_types_credentials_t *from)
{
    if (!WSMTP_FEATURE_AUTH)
        return from->tag == WASM_SMTP_SMTP_TYPES_CREDENTIALS_NONE ||
               wsmtp_component_not_built(&s->refused, "credentials", "cannot be used: this build has no login");
    if (wsmtp_component_credentials(&s->credentials, from))
        s->settings.settings.options.credentials = &s->credentials;
    return true;
}

/* False: some are not optional, and this build has none. */
static bool take_parameters(sending *s, const wasm_smtp_smtp_types_envelope_t *from)
{
    if (WSMTP_FEATURE_PARAMETERS)
        return true;
    /* Parameters have the order of what says that they are optional, but two pairs share one. */
    static const uint8_t optional[] = {0, 0, 1, 2, 2, 3, 4, 5, 6};
    bool needed = false;
    for (size_t i = 0; i < from->parameters.len; i++)
        needed |= !(from->optional >> optional[from->parameters.ptr[i].tag] & 1u);
    for (size_t i = 0; i < from->recipients.len; i++)
        needed |= (from->recipients.ptr[i].notify.is_some || from->recipients.ptr[i].original_recipient.is_some) &&
                  !(from->optional & WASM_SMTP_SMTP_TYPES_OPTIONAL_PARAMETERS_DSN);
    return !needed || wsmtp_component_not_built(&s->refused, "parameters", "cannot be used: this build has none");
}

bool exports_wasm_smtp_smtp_smtp_send_send(exports_wasm_smtp_smtp_smtp_send_config_t *config,
                                           exports_wasm_smtp_smtp_smtp_send_credentials_t *credentials,
                                           exports_wasm_smtp_smtp_smtp_send_message_t *message,
                                           exports_wasm_smtp_smtp_smtp_send_outcome_t *outcome,
                                           exports_wasm_smtp_smtp_smtp_send_error_t *error)
{
    bool ok = false;
    sending *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    if (wsmtp_component_settings_take(&s->settings, config, &s->refused) &&
        take_credentials(s, credentials) && take_parameters(s, &message->envelope)) {
        ok = send(s, message, outcome, error);
    } else {
        wsmtp_component_deliver(NULL, &s->refused, &message->envelope, NULL, outcome, error);
    }
    free(s);
    exports_wasm_smtp_smtp_smtp_send_credentials_free(credentials);
    exports_wasm_smtp_smtp_smtp_send_config_free(config);
    exports_wasm_smtp_smtp_smtp_send_message_free(message);
    return ok;
}

void exports_wasm_smtp_smtp_smtp_send_bundled_roots(smtp_string_t *name)
{
    const char *roots = wsmtp_roots_name();
    smtp_string_dup_n(name, roots, strlen(roots));
}
