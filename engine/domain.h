/*
 * What mailboxes and domains have in common. Private to the engine.
 */
#ifndef WSMTP_DOMAIN_H
#define WSMTP_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsmtp/address.h"

/* What a text contains. */
typedef struct wsmtp_text {
    size_t label_from; /* from this offset on, every non-ASCII character may be in a label */
    bool utf8;         /* non-ASCII occurs */
} wsmtp_text;

/*
 * The rules for every octet of an address, wherever it stands: no control character (C0, DEL, or C1
 * as UTF-8), valid UTF-8, and non-ASCII only if allow_utf8. OK, or ADDRESS_CONTROL,
 * ADDRESS_UTF8_INVALID, ADDRESS_NEEDS_SMTPUTF8, NOT_BUILT.
 */
wsmtp_reason wsmtp_text_check(const uint8_t *s, size_t n, bool allow_utf8, wsmtp_text *text);

/* A domain or an address literal in brackets, of text that has been checked. DOMAIN_*, LITERAL_*. */
wsmtp_reason wsmtp_domain_or_literal_check(const uint8_t *s, size_t n);

#endif
