/* Between the types of wit/smtp.wit and those of wsmtp/client.h. Private. */
#ifndef WSMTP_COMPONENT_CONVERT_H
#define WSMTP_COMPONENT_CONVERT_H

#include <wsmtp/client.h>

#include "smtp.h"

/* Limits of time into timeouts, which has WSMTP_PHASE_COUNT elements. */
void wsmtp_component_limits(uint32_t *timeouts, const wasm_smtp_smtp_types_time_limit_t *limits,
                            size_t limits_len);

wsmtp_tls wsmtp_component_tls(wasm_smtp_smtp_types_tls_mode_t mode);

/* Flags of wsmtp_config. */
uint32_t wsmtp_component_flags(wasm_smtp_smtp_types_session_options_t options);

/* What to log in with, pointing into from; false: nothing. */
bool wsmtp_component_credentials(wsmtp_credentials *to, const wasm_smtp_smtp_types_credentials_t *from);

/* A transaction that points into the envelope; false if memory is short: to be ended all the same. */
bool wsmtp_component_transaction(wsmtp_transaction *to, const wasm_smtp_smtp_types_envelope_t *from);
void wsmtp_component_transaction_end(wsmtp_transaction *transaction);

/* parameters.c: those of an envelope. Not in builds that have none. */
bool wsmtp_component_parameters(wsmtp_transaction *to, const wasm_smtp_smtp_types_envelope_t *from);
void wsmtp_component_parameters_end(wsmtp_transaction *transaction);

/* Allocate what they point to; the bindings free it. error may be NULL: a message without one. */
void wsmtp_component_reply(wasm_smtp_smtp_types_reply_t *to, uint16_t code,
                           wsmtp_enhanced_code enhanced, const char *text, size_t text_len);
void wsmtp_component_error(wasm_smtp_smtp_types_error_t *to, const wsmtp_client_error *from,
                           const wasm_smtp_smtp_types_list_recipient_outcome_t *recipients);
void wsmtp_component_recipients(wasm_smtp_smtp_types_list_recipient_outcome_t *to,
                                const wsmtp_transaction *transaction,
                                const wsmtp_client_result *result);

/* facts.c, in worlds whose sessions can be asked. Capabilities allocate as the others do, and can be taken
 * back; attributes of XCLIENT point into from, and what is returned is how many there are. */
#ifdef WASM_SMTP_SMTP_TYPES_EXTENSIONS_ESMTP
#define WSMTP_COMPONENT_ATTRIBUTES 8u
void wsmtp_component_capabilities(wasm_smtp_smtp_types_capabilities_t *to, const wsmtp_capabilities *from);
void wsmtp_component_known(wsmtp_capabilities *to, const wasm_smtp_smtp_types_capabilities_t *from);
size_t wsmtp_component_attributes(wsmtp_parameter to[WSMTP_COMPONENT_ATTRIBUTES],
                                  const wasm_smtp_smtp_types_xclient_values_t *from);
#endif

#endif
