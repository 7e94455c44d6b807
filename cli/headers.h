/*
 * The header section of a message (RFC 5322 section 2.2), with any style of line ends: CRLF, LF or
 * CR, for all of them become CRLF when the message is sent.
 */
#ifndef CLI_HEADERS_H
#define CLI_HEADERS_H

#include "failure.h"
#include "memory.h"

#define HEADERS_MAX (1024u * 1024u) /* octets of a header section that is looked into */

/*
 * Where the header section ends: the offset behind the empty line, or text_len if the message ends
 * before. 0 as long as that cannot be known (at_end: no more octets follow).
 */
size_t headers_end(const char *text, size_t text_len, bool at_end);

/*
 * Adds the addresses of To, Cc and Bcc to recipients, or those of Resent-To, Resent-Cc and Resent-Bcc
 * if there is one of these; and takes Bcc and Resent-Bcc out of the header section, in place. Sets
 * *headers_len to its new length. A line that is no field is refused: a Bcc behind it would not be
 * seen, and would give its addresses away. (A first line "From ", as mailboxes have it, is dropped.)
 */
bool headers_take_recipients(char *headers, size_t *headers_len, const char *domain,
                             text_list *recipients, failure *f);

#endif
