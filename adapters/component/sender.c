/*
 * The exports of the world sender, as the canonical ABI calls them. The generated bindings copy every
 * field from the arguments and into the answer; that is not necessary, because C's layout of their
 * structures is the ABI's. Of the bindings only types and the functions that free them are used here.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "roots.h"
#include "smtp.h"

typedef struct arguments {
    exports_wasm_smtp_smtp_smtp_send_config_t config;
    exports_wasm_smtp_smtp_smtp_send_credentials_t credentials;
    exports_wasm_smtp_smtp_smtp_send_message_t message;
} arguments;

typedef struct answer {
    uint8_t is_error;
    union {
        exports_wasm_smtp_smtp_smtp_send_outcome_t outcome;
        exports_wasm_smtp_smtp_smtp_send_error_t error;
    };
} answer;

/* Where the generated bindings read and write: fields whose place depends on all before them. */
_Static_assert(offsetof(arguments, config.time_limits) == 40, "ABI");
_Static_assert(offsetof(arguments, config.eager_octets) == 52, "ABI");
_Static_assert(offsetof(arguments, credentials.val.password.allow_plaintext) == 81, "ABI");
_Static_assert(offsetof(arguments, message.envelope.optional) == 112, "ABI");
_Static_assert(offsetof(arguments, message.content) == 116 && sizeof(arguments) == 124, "ABI");
_Static_assert(offsetof(answer, outcome.transactions) == 44, "ABI");
_Static_assert(offsetof(answer, error.recipients) == 56 && sizeof(answer) == 64, "ABI");

/* An answer stays until the host has taken it: one call at a time. */
static answer last;
static smtp_string_t roots;

__attribute__((export_name("wasm-smtp:smtp/smtp-send@1.0.0#send")))
answer *wsmtp_component_export_send(arguments *given)
{
    exports_wasm_smtp_smtp_smtp_send_error_t error;
    memset(&last, 0, sizeof last);
    last.is_error = !exports_wasm_smtp_smtp_smtp_send_send(&given->config, &given->credentials,
                                                           &given->message, &last.outcome, &error);
    if (last.is_error)
        last.error = error;
    free(given);
    return &last;
}

__attribute__((export_name("cabi_post_wasm-smtp:smtp/smtp-send@1.0.0#send")))
void wsmtp_component_export_send_done(answer *taken)
{
    if (taken->is_error)
        wasm_smtp_smtp_types_error_free(&taken->error);
    else
        wasm_smtp_smtp_types_outcome_free(&taken->outcome);
}

/* Points to what is never freed. */
__attribute__((export_name("wasm-smtp:smtp/smtp-send@1.0.0#bundled-roots")))
smtp_string_t *wsmtp_component_export_bundled_roots(void)
{
    roots.ptr = (uint8_t *)wsmtp_roots_name();
    roots.len = strlen(wsmtp_roots_name());
    return &roots;
}
