/*
 * Lists of addresses as header fields hold them (RFC 5322 section 3.4): mailboxes with or without a
 * display name, groups, comments, quoted strings, domain literals, and the obsolete forms (routes,
 * empty members, space around dots).
 */
#ifndef CLI_ADDRESS_LIST_H
#define CLI_ADDRESS_LIST_H

#include "failure.h"
#include "memory.h"

#define ADDRESSES_MAX 10000u /* in one message */

/*
 * Adds every address of text to addresses, without display names and comments. Line ends count as
 * space. domain, if not NULL, is put behind an address without one. origin names the field or
 * argument in messages. Validity of an address by RFC 5321 is not checked here.
 */
bool address_list_parse(const char *text, size_t text_len, const char *domain, const char *origin,
                        text_list *addresses, failure *f);

#endif
