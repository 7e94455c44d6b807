/*
 * What mailboxes and domains have in common. Private to the engine.
 */
#ifndef WSMTP_DOMAIN_H
#define WSMTP_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsmtp/address.h"

/*
 * The rules for every octet of an address, wherever it stands: no control character (C0, DEL, or C1
 * as UTF-8), valid UTF-8, and non-ASCII only if allow_utf8. OK, or ADDRESS_CONTROL,
 * ADDRESS_UTF8_INVALID, ADDRESS_NEEDS_SMTPUTF8, NOT_BUILT. *utf8 tells whether non-ASCII occurs.
 */
wsmtp_reason wsmtp_text_check(const uint8_t *s, size_t n, bool allow_utf8, bool *utf8);

/*
 * A domain or an address literal in brackets; *literal tells which. The text need not have passed
 * wsmtp_text_check. DOMAIN_*, LITERAL_*.
 */
wsmtp_reason wsmtp_domain_or_literal_check(const uint8_t *s, size_t n, bool allow_utf8,
                                           bool *literal);

#endif
