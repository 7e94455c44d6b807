/*
 * VRFY, EXPN and HELP (RFC 5321 section 4.1.1), and XCLIENT: commands of an idle session with an
 * argument of the caller's.
 */
#include "internal.h"
#include "utf8.h"

/* Octets of all values: encoded and with their names, they fit into the smallest output buffer. */
#define ATTRIBUTES_MAX 300u

#if WSMTP_FEATURE_QUERIES
/* Whether a line can carry text as an argument; *utf8: it needs SMTPUTF8, which is offered. */
static wsmtp_reason check_argument(const wsmtp_engine *e, const char *text, size_t text_len, bool *utf8)
{
    *utf8 = false;
    if (text_len > WSMTP_ADDRESS_MAX)
        return WSMTP_REASON_ADDRESS_TOO_LONG;
    for (size_t step, i = 0; i < text_len; i += step) {
        uint32_t c;
        step = wsmtp_utf8_step((const uint8_t *)text + i, text_len - i, &c);
        if (step == 0)
            return WSMTP_REASON_ADDRESS_UTF8_INVALID;
        if (wsmtp_is_control(c))
            return WSMTP_REASON_ADDRESS_CONTROL;
        *utf8 |= c > 0x7f;
    }
    return *utf8 && !(WSMTP_FEATURE_SMTPUTF8 && wsmtp_has(e, WSMTP_CAP_SMTPUTF8))
               ? WSMTP_REASON_ADDRESS_NEEDS_SMTPUTF8
               : WSMTP_REASON_OK;
}
#endif

static wsmtp_reason query(wsmtp_engine *e, wsmtp_step step, const char *text, size_t text_len)
{
#if WSMTP_FEATURE_QUERIES
    bool utf8;
    wsmtp_reason reason = text_len == 0 && step != WSMTP_STEP_HELP
                              ? WSMTP_REASON_ADDRESS_EMPTY
                              : check_argument(e, text, text_len, &utf8);
    if (reason != WSMTP_REASON_OK)
        return wsmtp_reject(e, reason, WSMTP_FIELD_ARGUMENT, 0);
    reason = wsmtp_session_command(e, INPUT_QUERY);
    if (reason != WSMTP_REASON_OK)
        return reason;
    size_t name_len;
    const char *name = wsmtp_step_name(step, &name_len);
    e->query = (uint8_t)step;
    wsmtp_put(e, name, name_len);
    wsmtp_put_text(e, text_len > 0 ? " " : "");
    wsmtp_put(e, text, text_len);
    wsmtp_put_text(e, text_len > 0 && utf8 && step != WSMTP_STEP_HELP ? " SMTPUTF8\r\n" : "\r\n");
    return WSMTP_REASON_OK;
#else
    (void)step;
    (void)text;
    (void)text_len;
    return wsmtp_reject(e, WSMTP_REASON_NOT_BUILT, WSMTP_FIELD_NONE, 0);
#endif
}

wsmtp_reason wsmtp_vrfy(wsmtp_engine *e, const char *argument, size_t argument_len)
{
    return query(e, WSMTP_STEP_VRFY, argument, argument_len);
}

wsmtp_reason wsmtp_expn(wsmtp_engine *e, const char *argument, size_t argument_len)
{
    return query(e, WSMTP_STEP_EXPN, argument, argument_len);
}

wsmtp_reason wsmtp_help(wsmtp_engine *e, const char *argument, size_t argument_len)
{
    return query(e, WSMTP_STEP_HELP, argument, argument_len);
}

wsmtp_reason wsmtp_xclient(wsmtp_engine *e, const wsmtp_parameter *attributes, size_t attributes_len)
{
#if WSMTP_FEATURE_XCLIENT
    wsmtp_reason reason = wsmtp_check_parameters(e, attributes, attributes_len, WSMTP_KEYWORD_NAME);
    size_t octets = 0;
    for (size_t i = 0; reason == WSMTP_REASON_OK && i < attributes_len; i++) {
        octets += attributes[i].value_len;
        if (octets > ATTRIBUTES_MAX) {
            reason = WSMTP_REASON_PARAMETER_VALUE;
            e->bad_keyword = (uint8_t)attributes[i].keyword;
        }
    }
    if (reason != WSMTP_REASON_OK) {
        wsmtp_reject(e, reason, WSMTP_FIELD_PARAMETER, 0);
        wsmtp_name_keyword(e);
        return reason;
    }
    reason = wsmtp_session_command(e, INPUT_RELAY);
    if (reason == WSMTP_REASON_OK) {
        wsmtp_put_text(e, "XCLIENT");
        wsmtp_put_parameters(e, attributes, attributes_len);
        wsmtp_put_text(e, "\r\n");
    }
    return reason;
#else
    (void)attributes;
    (void)attributes_len;
    return wsmtp_reject(e, WSMTP_REASON_NOT_BUILT, WSMTP_FIELD_NONE, 0);
#endif
}
