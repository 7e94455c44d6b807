/* Parameters of MAIL and RCPT: what of an envelope goes to the engine as words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert.h"

#define TEXT_MAX 16u /* "-2147483648;NT" */

/* Parameters have the numbers of wsmtp_keyword. */
_Static_assert(WASM_SMTP_SMTP_TYPES_PARAMETER_HOLD_UNTIL == WSMTP_KEYWORD_HOLDUNTIL &&
                   WASM_SMTP_SMTP_TYPES_PARAMETER_PER_RECIPIENT_REPLIES == WSMTP_KEYWORD_PRDR,
               "an order that both have");

/* Which of the optional parameters each is. */
static const uint8_t optional_of[] = {
    [WSMTP_KEYWORD_RET] = WASM_SMTP_SMTP_TYPES_OPTIONAL_PARAMETERS_DSN,
    [WSMTP_KEYWORD_ENVID] = WASM_SMTP_SMTP_TYPES_OPTIONAL_PARAMETERS_DSN,
    [WSMTP_KEYWORD_BY] = WASM_SMTP_SMTP_TYPES_OPTIONAL_PARAMETERS_DELIVER_BY,
    [WSMTP_KEYWORD_HOLDFOR] = WASM_SMTP_SMTP_TYPES_OPTIONAL_PARAMETERS_HOLD,
    [WSMTP_KEYWORD_HOLDUNTIL] = WASM_SMTP_SMTP_TYPES_OPTIONAL_PARAMETERS_HOLD,
    [WSMTP_KEYWORD_MT_PRIORITY] = WASM_SMTP_SMTP_TYPES_OPTIONAL_PARAMETERS_PRIORITY,
    [WSMTP_KEYWORD_REQUIRETLS] = WASM_SMTP_SMTP_TYPES_OPTIONAL_PARAMETERS_REQUIRE_TLS,
    [WSMTP_KEYWORD_AUTH] = WASM_SMTP_SMTP_TYPES_OPTIONAL_PARAMETERS_SUBMITTER,
    [WSMTP_KEYWORD_PRDR] = WASM_SMTP_SMTP_TYPES_OPTIONAL_PARAMETERS_PER_RECIPIENT_REPLIES,
    [WSMTP_KEYWORD_NOTIFY] = WASM_SMTP_SMTP_TYPES_OPTIONAL_PARAMETERS_DSN,
    [WSMTP_KEYWORD_ORCPT] = WASM_SMTP_SMTP_TYPES_OPTIONAL_PARAMETERS_DSN};

static void begin(wsmtp_parameter *to, wsmtp_keyword keyword, unsigned optional)
{
    to->keyword = keyword;
    to->optional = (optional & optional_of[keyword]) != 0;
}

static void set(wsmtp_parameter *to, const char *text)
{
    to->value = text;
    to->value_len = strlen(text);
}

static void set_string(wsmtp_parameter *to, const smtp_string_t *text)
{
    to->value = (const char *)text->ptr;
    to->value_len = text->len;
}

static void set_number(wsmtp_parameter *to, char text[TEXT_MAX], int64_t number, const char *more)
{
    snprintf(text, TEXT_MAX, "%s%u%s", number < 0 ? "-" : "", (unsigned)(number < 0 ? -number : number), more);
    set(to, text);
}

/* A parameter of MAIL; text is for what has to be made. */
static void take(wsmtp_parameter *to, const wasm_smtp_smtp_types_parameter_t *from, char text[TEXT_MAX])
{
    static const char late[][4] = {";R", ";RT", ";N", ";NT"};
    const wasm_smtp_smtp_types_deliver_by_t *by = &from->val.deliver_by;
    switch (from->tag) {
    case WASM_SMTP_SMTP_TYPES_PARAMETER_DSN_RETURN:
        set(to, from->val.dsn_return == WASM_SMTP_SMTP_TYPES_DSN_RETURN_FULL ? "FULL" : "HDRS");
        break;
    case WASM_SMTP_SMTP_TYPES_PARAMETER_DELIVER_BY:
        set_number(to, text, by->seconds, late[by->mode * 2 + by->trace]);
        break;
    case WASM_SMTP_SMTP_TYPES_PARAMETER_HOLD_FOR:
        set_number(to, text, from->val.hold_for, "");
        break;
    case WASM_SMTP_SMTP_TYPES_PARAMETER_PRIORITY:
        set_number(to, text, from->val.priority, "");
        break;
    case WASM_SMTP_SMTP_TYPES_PARAMETER_SUBMITTER:
        set_string(to, &from->val.submitter);
        if (to->value_len == 0)
            set(to, "<>");
        break;
    case WASM_SMTP_SMTP_TYPES_PARAMETER_DSN_ENVELOPE_ID:
    case WASM_SMTP_SMTP_TYPES_PARAMETER_HOLD_UNTIL:
        set_string(to, &from->val.hold_until);
        break;
    default: /* without a value */
        break;
    }
}

/* Parameters of RCPT, at most two; how many. */
static size_t take_recipient(wsmtp_parameter *to, const wasm_smtp_smtp_types_recipient_t *from,
                             unsigned optional)
{
    static const char *const reports[] = {
        "NEVER", "SUCCESS", "FAILURE", "SUCCESS,FAILURE",
        "DELAY", "SUCCESS,DELAY", "FAILURE,DELAY", "SUCCESS,FAILURE,DELAY"};
    size_t n = 0;
    if (from->notify.is_some) {
        begin(&to[n], WSMTP_KEYWORD_NOTIFY, optional);
        set(&to[n++], reports[from->notify.val & 7u]);
    }
    if (from->original_recipient.is_some) {
        begin(&to[n], WSMTP_KEYWORD_ORCPT, optional);
        set_string(&to[n++], &from->original_recipient.val);
    }
    return n;
}

bool wsmtp_component_parameters(wsmtp_transaction *to, const wasm_smtp_smtp_types_envelope_t *from)
{
    size_t of_mail = from->parameters.len;
    wsmtp_parameter *mail = calloc(of_mail, sizeof *mail + TEXT_MAX);
    wsmtp_parameter *rcpt = calloc(to->recipients_len, 2 * sizeof *rcpt);
    to->parameters = mail;
    to->recipients[0].parameters = rcpt; /* there is a place for it, even if there is no recipient */
    if (!mail || !rcpt)
        return false;
    char *texts = (char *)(mail + of_mail);
    to->parameters_len = of_mail;
    for (size_t i = 0; i < of_mail; i++) {
        begin(&mail[i], (wsmtp_keyword)from->parameters.ptr[i].tag, from->optional);
        take(&mail[i], &from->parameters.ptr[i], texts + i * TEXT_MAX);
    }
    for (size_t i = 0; i < to->recipients_len; i++) {
        to->recipients[i].parameters = rcpt + 2 * i;
        to->recipients[i].parameters_len =
            take_recipient(rcpt + 2 * i, &from->recipients.ptr[i], from->optional);
    }
    return true;
}

void wsmtp_component_parameters_end(wsmtp_transaction *transaction)
{
    free((void *)transaction->parameters);
    free((void *)transaction->recipients[0].parameters);
}
