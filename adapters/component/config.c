#include "config.h"

#include <string.h>

#include "convert.h"
#include "error.h"

#define LMTP_PORT 24u
#define OUTPUT_LEN 16384u /* a TLS record, or four writes of 4096 octets */

static bool refuse(wsmtp_client_error *error, wsmtp_field field, const char *option, const char *rule)
{
    wsmtp_error_from_option(error, WSMTP_REASON_CONFIG_VALUE, WSMTP_CAUSE_NONE, option, rule);
    error->kind = WSMTP_KIND_INPUT;
    error->field = field;
    return false;
}

bool wsmtp_component_not_built(wsmtp_client_error *error, const char *option, const char *rule)
{
    wsmtp_error_from_option(error, WSMTP_REASON_NOT_BUILT, WSMTP_CAUSE_NONE, option, rule);
    return false;
}

/* A name or address as a resolver takes it: printable ASCII, no space, no brackets. */
static bool take_host(char host[WSMTP_COMPONENT_HOST_MAX + 1], const smtp_string_t *from)
{
    if (from->len == 0 || from->len > WSMTP_COMPONENT_HOST_MAX)
        return false;
    for (size_t i = 0; i < from->len; i++) {
        uint8_t c = from->ptr[i];
        if (c <= ' ' || c > '~' || c == '[' || c == ']')
            return false;
        host[i] = (char)c;
    }
    host[from->len] = '\0';
    return true;
}

bool wsmtp_component_settings_take(wsmtp_component_settings *s,
                                   const wasm_smtp_smtp_types_config_t *config,
                                   wsmtp_client_error *error)
{
    static const uint16_t ports[] = {[WSMTP_TLS_NONE] = 25, [WSMTP_TLS_IMPLICIT] = 465,
                                     [WSMTP_TLS_STARTTLS] = 587};
    wsmtp_client_options *o = &s->settings.options;
    wsmtp_config defaults;
    wsmtp_config_init(&defaults);
    memset(s, 0, sizeof *s);
    if (!take_host(s->host, &config->host))
        return refuse(error, WSMTP_FIELD_HOST, "host",
                      "is not a name in ASCII (A-labels) or an address of 1 to 255 characters");
    o->host = s->host;
    o->tls = wsmtp_component_tls(config->tls);
    if (config->protocol == WASM_SMTP_SMTP_TYPES_PROTOCOL_LMTP) {
        if (!WSMTP_FEATURE_LMTP)
            return wsmtp_component_not_built(error, "protocol", "cannot be lmtp: this build has none");
        o->protocol = WSMTP_CLIENT_LMTP;
    }
    o->port = config->port.is_some              ? config->port.val
              : o->protocol == WSMTP_CLIENT_LMTP ? LMTP_PORT
                                                 : ports[o->tls];
    if (o->port == 0)
        return refuse(error, WSMTP_FIELD_CONFIG, "port", "is 0");
    if (o->tls != WSMTP_TLS_NONE)
        o->tls_name = s->host;
    if (config->trust.tag == WASM_SMTP_SMTP_TYPES_TRUST_ANCHORS_CUSTOM) {
        if (config->trust.val.custom.len == 0)
            return refuse(error, WSMTP_FIELD_CONFIG, "trust", "has no certificate");
        o->ca_pem = config->trust.val.custom.ptr;
        o->ca_pem_len = config->trust.val.custom.len;
    }
    if (config->ehlo_name.is_some) {
        size_t len;
        o->ehlo_name = (const char *)config->ehlo_name.val.ptr;
        o->ehlo_name_len = config->ehlo_name.val.len;
        wsmtp_reason reason = wsmtp_ehlo_name_check(o->ehlo_name, o->ehlo_name_len);
        if (reason != WSMTP_REASON_OK)
            return refuse(error, WSMTP_FIELD_EHLO_NAME, "ehlo-name",
                          wsmtp_reason_message(reason, &len));
    }
    o->flags = wsmtp_component_flags(config->options);
    o->eager_octets = config->eager_octets.is_some ? config->eager_octets.val : defaults.eager_octets;
    memcpy(o->timeouts, defaults.timeouts, sizeof o->timeouts);
    wsmtp_component_limits(o->timeouts, config->time_limits.ptr, config->time_limits.len);
    o->output_len = OUTPUT_LEN;
    return true;
}
