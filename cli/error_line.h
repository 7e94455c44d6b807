/* Errors for people: one line that says the step, the server's words, and what to do. */
#ifndef CLI_ERROR_LINE_H
#define CLI_ERROR_LINE_H

#include <wsmtp/client.h>

/* What to do about an error; "" if there is nothing to say beyond its message. */
const char *error_advice(const wsmtp_client_error *error);

/* Writes one line to stderr: "wasm-smtp: message; advice". */
void error_line(const char *message, const char *advice);

#endif
