/*
 * Internationalized domain names, by libidn2 (WSMTP_IDNA); without it only what is ASCII passes.
 * Private.
 */
#ifndef WSMTP_CLIENT_IDNA_H
#define WSMTP_CLIENT_IDNA_H

#include <wsmtp/client.h>

bool wsmtp_is_ascii(const char *text, size_t text_len);

/* As wsmtp_domain_to_ascii; *why, if not NULL, says more about DOMAIN_CHARACTER, or is "". */
wsmtp_reason wsmtp_idna_ascii(const char *domain, size_t domain_len,
                              char ascii[WSMTP_DOMAIN_MAX + 1], const char **why);

#endif
