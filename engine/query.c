/*
 * VRFY, EXPN and HELP (RFC 5321 section 4.1.1), and XCLIENT: commands of an idle session with an
 * argument of the caller's.
 */
#include "domain.h"
#include "internal.h"
#include "words.h"

/* Octets of all values: encoded and with their names, they fit into the smallest output buffer. */
#define ATTRIBUTES_MAX 300u

wsmtp_reason wsmtp_query(wsmtp_engine *e, wsmtp_step step, const char *argument, size_t argument_len)
{
#if WSMTP_FEATURE_QUERIES
    wsmtp_text text;
    wsmtp_reason reason = wsmtp_text_check((const uint8_t *)argument, argument_len,
                                           wsmtp_has(e, WSMTP_CAP_SMTPUTF8), &text);
    if (argument_len > WSMTP_ADDRESS_MAX)
        reason = WSMTP_REASON_ADDRESS_TOO_LONG;
    else if (argument_len == 0 && step != WSMTP_STEP_HELP)
        reason = WSMTP_REASON_ADDRESS_EMPTY;
    if (reason != WSMTP_REASON_OK)
        return wsmtp_reject(e, reason, WSMTP_FIELD_ARGUMENT, 0);
    reason = wsmtp_session_command(e, INPUT_QUERY);
    if (reason != WSMTP_REASON_OK)
        return reason;
    e->query = (uint8_t)step;
    wsmtp_put_text(e, wsmtp_words_get("VRFY\0EXPN\0HELP\0", step - WSMTP_STEP_VRFY, NULL));
    if (argument_len > 0)
        wsmtp_put_text(e, " ");
    wsmtp_put(e, argument, argument_len);
    if (text.utf8 && step != WSMTP_STEP_HELP)
        wsmtp_put_text(e, " SMTPUTF8");
    wsmtp_put_text(e, "\r\n");
    return WSMTP_REASON_OK;
#else
    (void)step;
    (void)argument;
    (void)argument_len;
    return wsmtp_reject(e, WSMTP_REASON_NOT_BUILT, WSMTP_FIELD_NONE, 0);
#endif
}

wsmtp_reason wsmtp_vrfy(wsmtp_engine *e, const char *argument, size_t argument_len)
{
    return wsmtp_query(e, WSMTP_STEP_VRFY, argument, argument_len);
}

wsmtp_reason wsmtp_expn(wsmtp_engine *e, const char *argument, size_t argument_len)
{
    return wsmtp_query(e, WSMTP_STEP_EXPN, argument, argument_len);
}

wsmtp_reason wsmtp_help(wsmtp_engine *e, const char *argument, size_t argument_len)
{
    return wsmtp_query(e, WSMTP_STEP_HELP, argument, argument_len);
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
    if (reason != WSMTP_REASON_OK)
        return reason;
    const size_t begin = e->output_end;
    wsmtp_put_text(e, "XCLIENT");
    const size_t bare = e->output_end;
    wsmtp_put_parameters(e, attributes, attributes_len);
    if (e->output_end > bare) {
        wsmtp_put_text(e, "\r\n");
    } else { /* all were optional: there is nothing to say */
        e->output_end = begin;
        e->state = STATE_READY;
        e->queued_event = WSMTP_EVENT_READY;
    }
    return WSMTP_REASON_OK;
#else
    (void)attributes;
    (void)attributes_len;
    return wsmtp_reject(e, WSMTP_REASON_NOT_BUILT, WSMTP_FIELD_NONE, 0);
#endif
}
