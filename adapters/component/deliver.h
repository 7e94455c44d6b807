/* One message over a session: what send of both interfaces does. Private. */
#ifndef WSMTP_COMPONENT_DELIVER_H
#define WSMTP_COMPONENT_DELIVER_H

#include "config.h"
#include "convert.h"
#include "session.h"

/* Why a session could not begin, if it is not NULL: the message is then reported as not sent. */
bool wsmtp_component_deliver(wsmtp_wasi_session *s, const wsmtp_client_error *unopened,
                             const wasm_smtp_smtp_types_envelope_t *envelope,
                             const wsmtp_client_body *body, wasm_smtp_smtp_types_outcome_t *outcome,
                             wasm_smtp_smtp_types_error_t *error);

#endif
