#include "convert.h"

#include <stdlib.h>
#include <string.h>

/* The modes of wsmtp_tls, beginning with the second. */
wsmtp_tls wsmtp_component_tls(wasm_smtp_smtp_types_tls_mode_t mode)
{
    return (wsmtp_tls)((mode + 1) % 3);
}

uint32_t wsmtp_component_flags(wasm_smtp_smtp_types_session_options_t options)
{
    return (options & WASM_SMTP_SMTP_TYPES_SESSION_OPTIONS_NO_PIPELINING ? WSMTP_NO_PIPELINING : 0u) |
           (options & WASM_SMTP_SMTP_TYPES_SESSION_OPTIONS_NO_CHUNKING ? WSMTP_NO_CHUNKING : 0u);
}

/* Phases have the numbers of wsmtp_phase. */
void wsmtp_component_limits(uint32_t *timeouts, const wasm_smtp_smtp_types_time_limit_t *limits,
                            size_t limits_len)
{
    for (size_t i = 0; i < limits_len; i++)
        timeouts[limits[i].phase] = limits[i].milliseconds;
}

bool wsmtp_component_credentials(wsmtp_credentials *to, const wasm_smtp_smtp_types_credentials_t *from)
{
    static const uint8_t of_passwords[] = {
        [WASM_SMTP_SMTP_TYPES_PASSWORD_MECHANISM_AUTOMATIC] = WSMTP_MECHANISM_AUTO,
        [WASM_SMTP_SMTP_TYPES_PASSWORD_MECHANISM_PLAIN] = WSMTP_MECHANISM_PLAIN,
        [WASM_SMTP_SMTP_TYPES_PASSWORD_MECHANISM_LOGIN] = WSMTP_MECHANISM_LOGIN,
        [WASM_SMTP_SMTP_TYPES_PASSWORD_MECHANISM_SCRAM_SHA_256] = WSMTP_MECHANISM_SCRAM_SHA_256,
        [WASM_SMTP_SMTP_TYPES_PASSWORD_MECHANISM_SCRAM_SHA_1] = WSMTP_MECHANISM_SCRAM_SHA_1,
        [WASM_SMTP_SMTP_TYPES_PASSWORD_MECHANISM_CRAM_MD5] = WSMTP_MECHANISM_CRAM_MD5,
        [WASM_SMTP_SMTP_TYPES_PASSWORD_MECHANISM_SCRAM_SHA_512] = WSMTP_MECHANISM_SCRAM_SHA_512,
        [WASM_SMTP_SMTP_TYPES_PASSWORD_MECHANISM_SCRAM_SHA_256_PLUS] = WSMTP_MECHANISM_SCRAM_SHA_256_PLUS,
        [WASM_SMTP_SMTP_TYPES_PASSWORD_MECHANISM_SCRAM_SHA_1_PLUS] = WSMTP_MECHANISM_SCRAM_SHA_1_PLUS,
        [WASM_SMTP_SMTP_TYPES_PASSWORD_MECHANISM_SCRAM_SHA_512_PLUS] = WSMTP_MECHANISM_SCRAM_SHA_512_PLUS};
    static const uint8_t of_tokens[] = {
        [WASM_SMTP_SMTP_TYPES_TOKEN_MECHANISM_AUTOMATIC] = WSMTP_MECHANISM_AUTO,
        [WASM_SMTP_SMTP_TYPES_TOKEN_MECHANISM_OAUTHBEARER] = WSMTP_MECHANISM_OAUTHBEARER,
        [WASM_SMTP_SMTP_TYPES_TOKEN_MECHANISM_XOAUTH2] = WSMTP_MECHANISM_XOAUTH2};
    /* Both records begin with user and secret. */
    const wasm_smtp_smtp_types_password_login_t *login = &from->val.password;
    const wasm_smtp_smtp_types_identity_login_t *known = &from->val.external;
    _Static_assert(sizeof *login == sizeof from->val.token, "the two records have one layout");
    wsmtp_credentials_init(to);
    switch (from->tag) {
    case WASM_SMTP_SMTP_TYPES_CREDENTIALS_NONE:
        return false;
    case WASM_SMTP_SMTP_TYPES_CREDENTIALS_EXTERNAL:
        to->mechanism = WSMTP_MECHANISM_EXTERNAL;
        to->authzid = (const char *)known->identity.ptr;
        to->authzid_len = known->identity.len;
        to->allow_plaintext_auth = known->allow_plaintext;
        return true;
    case WASM_SMTP_SMTP_TYPES_CREDENTIALS_ANONYMOUS:
        to->mechanism = WSMTP_MECHANISM_ANONYMOUS;
        to->user = (const char *)known->identity.ptr;
        to->user_len = known->identity.len;
        to->allow_plaintext_auth = known->allow_plaintext;
        return true;
    case WASM_SMTP_SMTP_TYPES_CREDENTIALS_TOKEN:
        to->mechanism = (wsmtp_mechanism)of_tokens[login->mechanism];
        to->token = (const char *)login->password.ptr;
        to->token_len = login->password.len;
        break;
    default:
        to->mechanism = (wsmtp_mechanism)of_passwords[login->mechanism];
        to->password = (const char *)login->password.ptr;
        to->password_len = login->password.len;
    }
    to->user = (const char *)login->user.ptr;
    to->user_len = login->user.len;
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
    if (from->options & WASM_SMTP_SMTP_TYPES_SEND_OPTIONS_BINARY)
        to->body = WSMTP_BODY_BINARY;
    to->recipients = calloc(count + 1, sizeof *to->recipients);
    if (!to->recipients)
        return false;
    to->recipients_len = count;
    for (size_t i = 0; i < count; i++) {
        to->recipients[i].address = (const char *)from->recipients.ptr[i].address.ptr;
        to->recipients[i].address_len = from->recipients.ptr[i].address.len;
    }
    return !WSMTP_FEATURE_PARAMETERS || wsmtp_component_parameters(to, from);
}

void wsmtp_component_transaction_end(wsmtp_transaction *transaction)
{
    if (WSMTP_FEATURE_PARAMETERS && transaction->recipients)
        wsmtp_component_parameters_end(transaction);
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
    if (WSMTP_FEATURE_PARAMETERS || WSMTP_FEATURE_OAUTH) { /* nothing else has any */
        to->detail.is_some = from->detail_len != 0;
        smtp_string_dup_n(&to->detail.val, from->detail, from->detail_len);
    }
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
