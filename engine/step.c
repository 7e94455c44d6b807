/*
 * Where a session is, in the words of RFC 5321, and which time limit counts there.
 */
#include "internal.h"
#include "words.h"

wsmtp_step wsmtp_step_get(const wsmtp_engine *e)
{
    static const uint8_t steps[] = {
        [STATE_START] = WSMTP_STEP_CONNECT,   [STATE_TLS] = WSMTP_STEP_TLS,
        [STATE_GREETING] = WSMTP_STEP_GREETING, [STATE_EHLO] = WSMTP_STEP_EHLO,
        [STATE_HELO] = WSMTP_STEP_EHLO,       [STATE_STARTTLS] = WSMTP_STEP_STARTTLS,
        [STATE_UPGRADE] = WSMTP_STEP_TLS,     [STATE_READY] = WSMTP_STEP_READY,
        [STATE_AUTH] = WSMTP_STEP_AUTH,       [STATE_RSET] = WSMTP_STEP_RSET,
        [STATE_NOOP] = WSMTP_STEP_NOOP,       [STATE_QUIT] = WSMTP_STEP_QUIT,
        [STATE_XCLIENT] = WSMTP_STEP_XCLIENT, [STATE_CLOSED] = WSMTP_STEP_CLOSED};
    if (e->state == STATE_FAILED)
        return e->error.step;
#if WSMTP_FEATURE_EARLY
    if (wsmtp_ahead(e))
        return wsmtp_early_step(e);
#endif
    if (WSMTP_FEATURE_QUERIES && e->state == STATE_QUERY)
        return (wsmtp_step)e->query;
    if (e->state == STATE_TRANSACTION)
        return wsmtp_transaction_step(e);
    return (wsmtp_step)steps[e->state];
}

/*
 * Time limits (RFC 5321 section 4.5.3.2): the engine has no clock; it says which limit counts now
 * and, by the epoch, since when.
 */
uint32_t wsmtp_timer(const wsmtp_engine *e, uint32_t *epoch)
{
    /* 0, the limit of opening the connection, is the adapter's: where it stands here, none counts. */
    static const uint8_t phases[WSMTP_STEP_CLOSED + 1] = {
        [WSMTP_STEP_TLS] = WSMTP_PHASE_TLS,           [WSMTP_STEP_GREETING] = WSMTP_PHASE_GREETING,
        [WSMTP_STEP_EHLO] = WSMTP_PHASE_COMMAND,      [WSMTP_STEP_STARTTLS] = WSMTP_PHASE_COMMAND,
        [WSMTP_STEP_AUTH] = WSMTP_PHASE_COMMAND,      [WSMTP_STEP_MAIL] = WSMTP_PHASE_MAIL,
        [WSMTP_STEP_RCPT] = WSMTP_PHASE_RCPT,         [WSMTP_STEP_DATA] = WSMTP_PHASE_DATA,
        [WSMTP_STEP_BODY] = WSMTP_PHASE_BODY,         [WSMTP_STEP_END_OF_DATA] = WSMTP_PHASE_END_OF_DATA,
        [WSMTP_STEP_RSET] = WSMTP_PHASE_COMMAND,      [WSMTP_STEP_NOOP] = WSMTP_PHASE_COMMAND,
        [WSMTP_STEP_QUIT] = WSMTP_PHASE_QUIT};
    const wsmtp_step step = wsmtp_step_get(e);
    const uint8_t phase = (WSMTP_FEATURE_QUERIES || WSMTP_FEATURE_XCLIENT) && step > WSMTP_STEP_CLOSED
                              ? WSMTP_PHASE_COMMAND
                              : phases[step];
    *epoch = e->epoch;
    return wsmtp_over(e) || phase == WSMTP_PHASE_CONNECT ? 0 : e->config->timeouts[phase];
}

const char *wsmtp_step_name(wsmtp_step step, size_t *name_len)
{
    static const char names[] =
        "connect\0" "TLS\0" "greeting\0" "EHLO\0" "STARTTLS\0" "idle\0" "AUTH\0" "MAIL FROM\0" "RCPT TO\0"
        "DATA\0" "message\0" "end of data\0" "RSET\0" "NOOP\0" "QUIT\0" "closed\0"
        "VRFY\0" "EXPN\0" "HELP\0" "XCLIENT\0";
    const unsigned end = WSMTP_STEP_COUNT; /* where the list has its empty word */
    return wsmtp_words_get(names, (unsigned)step < end ? (unsigned)step : end, name_len);
}
