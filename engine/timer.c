/*
 * Time limits (RFC 5321 section 4.5.3.2): the engine has no clock; it says which limit counts now
 * and, by the epoch, since when.
 */
#include "internal.h"

static wsmtp_phase transaction_phase(const wsmtp_engine *e)
{
    switch (wsmtp_transaction_step(e)) {
    case WSMTP_STEP_RCPT:
        return WSMTP_PHASE_RCPT;
    case WSMTP_STEP_DATA:
        return WSMTP_PHASE_DATA;
    case WSMTP_STEP_BODY:
        return WSMTP_PHASE_BODY;
    case WSMTP_STEP_END_OF_DATA:
        return WSMTP_PHASE_END_OF_DATA;
    default:
        return WSMTP_PHASE_MAIL;
    }
}

uint32_t wsmtp_timer(const wsmtp_engine *e, uint32_t *epoch)
{
    *epoch = e->epoch;
    wsmtp_phase phase = WSMTP_PHASE_COMMAND;
    switch (e->state) {
    case STATE_TLS:
    case STATE_UPGRADE:
        phase = WSMTP_PHASE_TLS;
        break;
    case STATE_GREETING:
        phase = WSMTP_PHASE_GREETING;
        break;
    case STATE_TRANSACTION:
        phase = transaction_phase(e);
        break;
    case STATE_QUIT:
        phase = WSMTP_PHASE_QUIT;
        break;
    case STATE_START:
    case STATE_READY:
    case STATE_CLOSED:
    case STATE_FAILED:
        return 0;
    default:
        break;
    }
    return e->config->timeouts[phase];
}
