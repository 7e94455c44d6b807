/*
 * Where a session is, in the words of RFC 5321.
 */
#include "internal.h"

wsmtp_step wsmtp_step_get(const wsmtp_engine *e)
{
    static const uint8_t steps[] = {
        [STATE_START] = WSMTP_STEP_CONNECT,   [STATE_TLS] = WSMTP_STEP_TLS,
        [STATE_GREETING] = WSMTP_STEP_GREETING, [STATE_EHLO] = WSMTP_STEP_EHLO,
        [STATE_HELO] = WSMTP_STEP_EHLO,       [STATE_STARTTLS] = WSMTP_STEP_STARTTLS,
        [STATE_UPGRADE] = WSMTP_STEP_TLS,     [STATE_READY] = WSMTP_STEP_READY,
        [STATE_AUTH] = WSMTP_STEP_AUTH,       [STATE_RSET] = WSMTP_STEP_RSET,
        [STATE_NOOP] = WSMTP_STEP_NOOP,       [STATE_QUIT] = WSMTP_STEP_QUIT,
        [STATE_CLOSED] = WSMTP_STEP_CLOSED};
    if (e->state == STATE_FAILED)
        return e->failed_step;
    if (e->state == STATE_TRANSACTION)
        return wsmtp_transaction_step(e);
    return (wsmtp_step)steps[e->state];
}

const char *wsmtp_step_name(wsmtp_step step, size_t *name_len)
{
    static const char names[WSMTP_STEP_COUNT][12] = {
        "connect", "TLS",     "greeting", "EHLO",        "STARTTLS", "idle", "AUTH", "MAIL FROM",
        "RCPT TO", "DATA",    "message",  "end of data", "RSET",     "NOOP", "QUIT", "closed"};
    const char *name = (unsigned)step < WSMTP_STEP_COUNT ? names[step] : "";
    *name_len = 0;
    while (*name_len < sizeof names[0] && name[*name_len])
        ++*name_len;
    return name;
}
