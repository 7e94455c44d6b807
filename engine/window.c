/*
 * The windows through which octets pass between adapter and engine, and what may be done now.
 */
#include "internal.h"

/* How many octets may leave: those behind held_at wait. */
static size_t sendable(const wsmtp_engine *e)
{
    return (WSMTP_FEATURE_CHUNKING && e->held_at < e->output_end ? e->held_at : e->output_end) - e->output_start;
}

unsigned wsmtp_state(const wsmtp_engine *e)
{
    unsigned can = e->maybe_event ? WSMTP_HAS_EVENT : 0;
    if (!e->config || wsmtp_over(e))
        return can;
    if (sendable(e) > 0)
        can |= WSMTP_CAN_WRITE;
    if (!wsmtp_handshaking(e) && !e->end_of_input &&
        e->input_end - e->input_start < e->config->input_len)
        can |= WSMTP_CAN_READ;
    if (wsmtp_body_open(e) && wsmtp_body_room(e))
        can |= WSMTP_CAN_BODY;
    return can;
}

uint8_t *wsmtp_recv_buf(wsmtp_engine *e, size_t *len)
{
    const wsmtp_config *c = e->config;
    if (!c || wsmtp_over(e)) {
        *len = 0;
        return NULL;
    }
    if (e->input_start > 0) {
        e->input_end -= e->input_start;
        memmove(c->input, c->input + e->input_start, e->input_end);
        e->input_start = 0;
    }
    *len = c->input_len - e->input_end;
    return c->input + e->input_end;
}

void wsmtp_recv_ack(wsmtp_engine *e, size_t n)
{
    if (!e->config || wsmtp_over(e))
        return;
    if (n == 0)
        e->end_of_input = true;
    else if (e->state == STATE_UPGRADE)
        wsmtp_fail(e, WSMTP_REASON_STARTTLS_RESIDUE);
    else if (e->state == STATE_TLS)
        wsmtp_fail(e, WSMTP_REASON_TLS_MODE_MISMATCH);
    else
        e->input_end += n;
    e->maybe_event = true;
}

const uint8_t *wsmtp_send_buf(const wsmtp_engine *e, size_t *len, size_t *secret_at)
{
    *len = *secret_at = 0;
    if (!e->config || wsmtp_over(e))
        return NULL;
    *len = *secret_at = sendable(e);
    if (WSMTP_FEATURE_AUTH && e->secret_at < e->output_end)
        *secret_at = e->secret_at > e->output_start ? e->secret_at - e->output_start : 0;
    return e->config->output + e->output_start;
}

void wsmtp_send_ack(wsmtp_engine *e, size_t n)
{
    if (!e->config || n == 0 || n > sendable(e))
        return;
    if (WSMTP_FEATURE_AUTH && e->output_start + n > e->secret_at)
        wsmtp_wipe(e->config->output + e->output_start, n);
    e->output_start += n;
    e->output_acked += n;
    if (e->output_start == e->output_end) {
        e->output_start = e->output_end = 0;
        e->secret_at = WSMTP_FEATURE_AUTH && e->auth_state == AUTH_SENDING ? 0 : SIZE_MAX;
    }
    e->epoch++;
    if (WSMTP_FEATURE_AUTH && e->state == STATE_AUTH)
        wsmtp_auth_pump(e);
    else
        wsmtp_transaction_pump(e);
}
