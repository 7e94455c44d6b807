#include "idna.h"

#include <string.h>

#if WSMTP_IDNA
#include <idn2.h>
#endif

bool wsmtp_is_ascii(const char *text, size_t text_len)
{
    for (size_t i = 0; i < text_len; i++)
        if ((unsigned char)text[i] > 0x7f)
            return false;
    return true;
}

#if WSMTP_IDNA

static wsmtp_reason reason_of(int status)
{
    switch (status) {
    case IDN2_OK: return WSMTP_REASON_OK;
    case IDN2_TOO_BIG_DOMAIN: return WSMTP_REASON_DOMAIN_TOO_LONG;
    case IDN2_TOO_BIG_LABEL:
    case IDN2_PUNYCODE_BIG_OUTPUT: return WSMTP_REASON_DOMAIN_LABEL_TOO_LONG;
    case IDN2_ENCODING_ERROR:
    case IDN2_ICONV_FAIL: return WSMTP_REASON_ADDRESS_UTF8_INVALID;
    default: return WSMTP_REASON_DOMAIN_CHARACTER;
    }
}

/* The library's result, freed, in a buffer. */
static wsmtp_reason take(int status, char *result, char *to, size_t to_len)
{
    wsmtp_reason reason = reason_of(status);
    size_t n = reason == WSMTP_REASON_OK ? strlen(result) : 0;
    if (n >= to_len)
        reason = WSMTP_REASON_DOMAIN_TOO_LONG;
    if (reason == WSMTP_REASON_OK)
        memcpy(to, result, n + 1);
    idn2_free(result);
    return reason;
}

static wsmtp_reason convert_to_ascii(const char *domain, char *ascii, size_t ascii_len, const char **why)
{
    char *result = NULL;
    /* Not IDN2_USE_STD3_ASCII_RULES, by which it drops what it should refuse ("a_ü" becomes "aü"). */
    int status = idn2_to_ascii_8z(domain, &result, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    *why = status == IDN2_OK ? "" : idn2_strerror(status);
    return take(status, result, ascii, ascii_len);
}

static wsmtp_reason convert_to_unicode(const char *domain, char *unicode, size_t unicode_len)
{
    char *result = NULL;
    int status = idn2_to_unicode_8z8z(domain, &result, IDN2_NONTRANSITIONAL);
    return take(status, result, unicode, unicode_len);
}

#else

static wsmtp_reason convert_to_ascii(const char *domain, char *ascii, size_t ascii_len, const char **why)
{
    (void)domain, (void)ascii, (void)ascii_len;
    *why = "";
    return WSMTP_REASON_NOT_BUILT;
}

static wsmtp_reason convert_to_unicode(const char *domain, char *unicode, size_t unicode_len)
{
    (void)domain, (void)unicode, (void)unicode_len;
    return WSMTP_REASON_NOT_BUILT;
}

#endif

/* The library takes text that ends with NUL; so does a domain here, in a buffer of its own. */
static wsmtp_reason copy(const char *domain, size_t domain_len, char *to, size_t to_len)
{
    if (domain_len >= to_len)
        return WSMTP_REASON_DOMAIN_TOO_LONG;
    if (memchr(domain, '\0', domain_len))
        return WSMTP_REASON_DOMAIN_CHARACTER;
    memcpy(to, domain, domain_len);
    to[domain_len] = '\0';
    return WSMTP_REASON_OK;
}

wsmtp_reason wsmtp_idna_ascii(const char *domain, size_t domain_len,
                              char ascii[WSMTP_DOMAIN_MAX + 1], const char **why)
{
    char whole[WSMTP_DOMAIN_UNICODE_MAX];
    const char *unwanted;
    if (!why)
        why = &unwanted;
    *why = "";
    ascii[0] = '\0';
    if (wsmtp_is_ascii(domain, domain_len))
        return copy(domain, domain_len, ascii, WSMTP_DOMAIN_MAX + 1);
    wsmtp_reason reason = copy(domain, domain_len, whole, sizeof whole);
    if (reason == WSMTP_REASON_OK)
        reason = convert_to_ascii(whole, ascii, WSMTP_DOMAIN_MAX + 1, why);
    /* What the library lets pass may still be no domain of SMTP. */
    return reason == WSMTP_REASON_OK ? wsmtp_domain_check(ascii, strlen(ascii), false) : reason;
}

wsmtp_reason wsmtp_domain_to_ascii(const char *domain, size_t domain_len,
                                   char ascii[WSMTP_DOMAIN_MAX + 1])
{
    return wsmtp_idna_ascii(domain, domain_len, ascii, NULL);
}

static bool has_a_label(const char *domain)
{
    for (const char *c = domain; *c; c++)
        if ((c == domain || c[-1] == '.') && (c[0] | 0x20) == 'x' && (c[1] | 0x20) == 'n' &&
            c[2] == '-' && c[3] == '-')
            return true;
    return false;
}

wsmtp_reason wsmtp_domain_to_unicode(const char *domain, size_t domain_len,
                                     char unicode[WSMTP_DOMAIN_UNICODE_MAX])
{
    char ascii[WSMTP_DOMAIN_MAX + 1];
    unicode[0] = '\0';
    /* By way of A-labels: so the same domain always reads the same, and one that is none is refused. */
    wsmtp_reason reason = wsmtp_idna_ascii(domain, domain_len, ascii, NULL);
    if (reason != WSMTP_REASON_OK)
        return reason;
    if (!has_a_label(ascii))
        return copy(ascii, strlen(ascii), unicode, WSMTP_DOMAIN_UNICODE_MAX);
    return convert_to_unicode(ascii, unicode, WSMTP_DOMAIN_UNICODE_MAX);
}
