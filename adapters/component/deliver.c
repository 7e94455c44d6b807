#include "deliver.h"

#include <string.h>

#include "error.h"

typedef struct delivery {
    wsmtp_wasi_session *session;
    wasm_smtp_smtp_types_outcome_t *outcome;
} delivery;

/* The reply's texts are there only as long as this runs. */
static void on_sent(wsmtp_send_request *request, const wsmtp_client_result *result)
{
    delivery *d = request->context;
    wsmtp_wasi_session_sent(d->session, result);
    wsmtp_component_recipients(&d->outcome->recipients, result->transaction, result);
    if (result->error)
        return;
    wsmtp_component_reply(&d->outcome->reply, result->reply.code, result->reply.enhanced,
                          result->reply.text, result->reply.text_len);
    d->outcome->transactions = result->transactions;
    d->outcome->queue_id.is_some = result->queue_id_len != 0;
    if (result->queue_id_len)
        smtp_string_dup_n(&d->outcome->queue_id.val, result->queue_id, result->queue_id_len);
}

bool wsmtp_component_deliver(wsmtp_wasi_session *s, const wsmtp_client_error *unopened,
                             const wasm_smtp_smtp_types_envelope_t *envelope,
                             const wsmtp_client_body *body, wasm_smtp_smtp_types_outcome_t *outcome,
                             wasm_smtp_smtp_types_error_t *error)
{
    wsmtp_transaction transaction;
    delivery d = {s, outcome};
    bool ok = false;
    memset(outcome, 0, sizeof *outcome);
    if (!wsmtp_component_transaction(&transaction, envelope)) {
        wsmtp_client_error memory;
        wsmtp_component_transaction_end(&transaction);
        wsmtp_error_from_host(&memory, WSMTP_REASON_CONFIG_BUFFER, WSMTP_CAUSE_MEMORY, NULL);
        wsmtp_component_error(error, &memory, NULL);
        return false;
    }
    if (unopened) {
        wsmtp_component_recipients(&outcome->recipients, &transaction, NULL);
    } else {
        s->send.transaction = &transaction;
        s->send.body = *body;
        s->send.done = on_sent;
        s->send.context = &d;
        ok = wsmtp_wasi_session_send(s);
    }
    wsmtp_component_transaction_end(&transaction);
    if (!ok)
        wsmtp_component_error(error, unopened ? unopened : &s->error, &outcome->recipients);
    return ok;
}
