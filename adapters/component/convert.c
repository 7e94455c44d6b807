#include "convert.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

#define OUTPUT_LEN 16384u /* a TLS record, or four writes of 4096 octets */

static bool refuse(wsmtp_client_error *error, wsmtp_field field, const char *option, const char *rule)
{
    wsmtp_error_from_option(error, WSMTP_REASON_CONFIG_VALUE, WSMTP_CAUSE_NONE, option, rule);
    error->kind = WSMTP_KIND_INPUT;
    error->field = field;
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

/* The modes of wsmtp_tls, beginning with the second. */
wsmtp_tls wsmtp_component_tls(wasm_smtp_smtp_types_tls_mode_t mode)
{
    return (wsmtp_tls)((mode + 1) % 3);
}

/* Phases have the numbers of wsmtp_phase. */
void wsmtp_component_limits(uint32_t *timeouts, const wasm_smtp_smtp_types_list_time_limit_t *limits)
{
    for (size_t i = 0; i < limits->len; i++)
        timeouts[limits->ptr[i].phase] = limits->ptr[i].milliseconds;
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
    o->port = config->port.is_some ? config->port.val : ports[o->tls];
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
    memcpy(o->timeouts, defaults.timeouts, sizeof o->timeouts);
    wsmtp_component_limits(o->timeouts, &config->time_limits);
    o->output_len = OUTPUT_LEN;
    return true;
}

bool wsmtp_component_credentials(wsmtp_credentials *to, const wasm_smtp_smtp_types_credentials_t *from)
{
    static const uint8_t mechanisms[] = {
        [WASM_SMTP_SMTP_TYPES_TOKEN_MECHANISM_AUTOMATIC] = WSMTP_MECHANISM_AUTO,
        [WASM_SMTP_SMTP_TYPES_TOKEN_MECHANISM_OAUTHBEARER] = WSMTP_MECHANISM_OAUTHBEARER,
        [WASM_SMTP_SMTP_TYPES_TOKEN_MECHANISM_XOAUTH2] = WSMTP_MECHANISM_XOAUTH2};
    wsmtp_credentials_init(to);
    if (from->tag == WASM_SMTP_SMTP_TYPES_CREDENTIALS_NONE)
        return false;
    /* Both records begin with user and secret; those of passwords have the numbers of
     * wsmtp_mechanism. */
    bool token = from->tag == WASM_SMTP_SMTP_TYPES_CREDENTIALS_TOKEN;
    const wasm_smtp_smtp_types_password_login_t *login = &from->val.password;
    _Static_assert(sizeof *login == sizeof from->val.token, "the two records have one layout");
    to->user = (const char *)login->user.ptr;
    to->user_len = login->user.len;
    if (token) {
        to->token = (const char *)login->password.ptr;
        to->token_len = login->password.len;
    } else {
        to->password = (const char *)login->password.ptr;
        to->password_len = login->password.len;
    }
    to->mechanism = (wsmtp_mechanism)(token ? mechanisms[login->mechanism] : login->mechanism);
    to->allow_plaintext_auth = login->allow_plaintext;
    return true;
}

bool wsmtp_component_transaction(wsmtp_transaction *to, const wasm_smtp_smtp_types_envelope_t *from)
{
    static const uint8_t flags[] = {WSMTP_SEND_ALL_OR_NOTHING, WSMTP_SEND_SMTPUTF8,
                                    WSMTP_SEND_MAKE_CRLF, WSMTP_SEND_LONG_LINES};
    size_t count = from->recipients.len;
    wsmtp_transaction_init(to);
    to->reverse_path = (const char *)from->sender.ptr;
    to->reverse_path_len = from->sender.len;
    for (size_t i = 0; i < sizeof flags; i++)
        if (from->options & 1u << i)
            to->flags |= flags[i];
    to->recipients = calloc(count + 1, sizeof *to->recipients);
    if (!to->recipients)
        return false;
    to->recipients_len = count;
    for (size_t i = 0; i < count; i++) {
        to->recipients[i].address = (const char *)from->recipients.ptr[i].ptr;
        to->recipients[i].address_len = from->recipients.ptr[i].len;
    }
    return true;
}

void wsmtp_component_transaction_end(wsmtp_transaction *transaction)
{
    free(transaction->recipients);
}

void wsmtp_component_reply(wasm_smtp_smtp_types_reply_t *to, uint16_t code,
                           wsmtp_enhanced_code enhanced, const char *text, size_t text_len)
{
    to->code = code;
    to->enhanced.is_some = enhanced.class_ != 0;
    to->enhanced.val.class_ = enhanced.class_;
    to->enhanced.val.subject = enhanced.subject;
    to->enhanced.val.detail = enhanced.detail;
    smtp_string_dup_n(&to->text, text, text_len);
}

void wsmtp_component_error(wasm_smtp_smtp_types_error_t *to, const wsmtp_client_error *from,
                           const wasm_smtp_smtp_types_list_recipient_outcome_t *recipients)
{
    memset(to, 0, sizeof *to);
    to->kind = (uint8_t)(from->kind - WSMTP_KIND_INPUT);
    to->step = (uint8_t)from->step;
    smtp_string_dup_n(&to->message, from->message, strlen(from->message));
    to->reply.is_some = from->code != 0;
    if (from->code)
        wsmtp_component_reply(&to->reply.val, from->code, from->enhanced, from->text, from->text_len);
    to->retryable = from->retryable;
    to->in_doubt = from->in_doubt;
    if (recipients)
        to->recipients = *recipients;
}

void wsmtp_component_recipients(wasm_smtp_smtp_types_list_recipient_outcome_t *to,
                                const wsmtp_transaction *t, const wsmtp_client_result *result)
{
    to->len = 0;
    to->ptr = calloc(t->recipients_len + 1, sizeof *to->ptr);
    if (!to->ptr)
        return;
    to->len = t->recipients_len;
    for (size_t i = 0; i < to->len; i++) {
        const wsmtp_recipient *r = &t->recipients[i];
        wasm_smtp_smtp_types_recipient_outcome_t *outcome = &to->ptr[i];
        smtp_string_dup_n(&outcome->address, r->address, r->address_len);
        outcome->status = (uint8_t)((r->status ? r->status : WSMTP_STATUS_NOT_SENT) - WSMTP_STATUS_ACCEPTED);
        outcome->reply.is_some = r->code != 0;
        if (r->code) {
            size_t text_len = 0;
            const char *text = result ? wsmtp_client_recipient_text(result, i, &text_len) : "";
            wsmtp_component_reply(&outcome->reply.val, r->code, r->enhanced, text, text_len);
        }
    }
}
