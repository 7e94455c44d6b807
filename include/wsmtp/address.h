/*
 * Validators for what goes into SMTP commands: mailboxes (RFC 5321 section 4.1.2, RFC 6531 section
 * 3.3), domains, address literals (RFC 5321 section 4.1.3) and the EHLO name. They are pure
 * functions over (pointer, length); nothing is copied. The engine calls the same functions where it
 * writes commands, so checking beforehand is a convenience, not a duty.
 */
#ifndef WSMTP_ADDRESS_H
#define WSMTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "reason.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WSMTP_ADDRESS_MAX 254u    /* octets of a mailbox, without < and > */
#define WSMTP_LOCAL_PART_MAX 64u  /* octets, quotes included */
#define WSMTP_DOMAIN_MAX 255u     /* octets */
#define WSMTP_DOMAIN_LABEL_MAX 63u

/* Flags of wsmtp_mailbox_check. */
#define WSMTP_MAILBOX_UTF8 0x1u       /* non-ASCII is allowed (RFC 6531) */
#define WSMTP_MAILBOX_NULL 0x2u       /* empty is allowed: the null reverse-path */
#define WSMTP_MAILBOX_POSTMASTER 0x4u /* bare "postmaster" is allowed: RCPT TO, section 4.1.1.3 */

/* Where the parts of a valid mailbox are. domain_len is 0 for the null path and bare postmaster. */
typedef struct wsmtp_mailbox {
    size_t local_part_len; /* from the start; includes the quotes of a quoted string */
    size_t domain_at;      /* offset of the domain or address literal */
    size_t domain_len;
    bool quoted;           /* the local part is a quoted string */
    bool literal;          /* the domain is an address literal */
    bool utf8;             /* non-ASCII occurs */
} wsmtp_mailbox;

/*
 * Checks a bare mailbox (no display name, no angle brackets). Split at the last unquoted @.
 * Returns WSMTP_REASON_OK and fills *mailbox (may be NULL), or the first rule broken:
 * ADDRESS_*, LOCAL_PART_*, DOMAIN_*, LITERAL_*.
 */
wsmtp_reason wsmtp_mailbox_check(const char *address, size_t address_len, unsigned flags,
                                 wsmtp_mailbox *mailbox);

/* Checks a domain of letter-digit-hyphen labels (and U-labels if utf8). DOMAIN_*, ADDRESS_*. */
wsmtp_reason wsmtp_domain_check(const char *domain, size_t domain_len, bool utf8);

/* Checks the argument of EHLO: a domain or an address literal in brackets. DOMAIN_*, LITERAL_*. */
wsmtp_reason wsmtp_ehlo_name_check(const char *name, size_t name_len);

#ifdef __cplusplus
}
#endif

#endif
