/* Facts about the server's certificate, for people. */
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <string.h>

#include "tls_internal.h"

#define DAY 86400

/* The last part first, as in RFC 2253 section 2.1; characters are escaped by mbedTLS. */
static void put_name(char *to, size_t to_len, const mbedtls_x509_name *name)
{
    char part[256];
    if (name->next)
        put_name(to, to_len, name->next);
    mbedtls_x509_name alone = *name;
    alone.next = NULL;
    if (mbedtls_x509_dn_gets(part, sizeof part, &alone) <= 0)
        return;
    size_t used = strlen(to);
    snprintf(to + used, to_len - used, "%s%s", used ? "," : "", part);
}

static void put_address(char *to, size_t to_len, const uint8_t *octets, size_t octets_len)
{
    size_t used = 0;
    *to = '\0';
    for (size_t i = 0; i < octets_len && used < to_len; i += octets_len == 4 ? 1 : 2) {
        const char *between = i == 0 ? "" : octets_len == 4 ? "." : ":";
        int n = octets_len == 4 ? snprintf(to + used, to_len - used, "%s%u", between, octets[i])
                                : snprintf(to + used, to_len - used, "%s%x", between,
                                           (unsigned)octets[i] << 8 | octets[i + 1]);
        used += (size_t)n;
    }
}

/* Whoever made the certificate chose the octets: only what names are made of is shown as it is. */
static void put_names(char *to, size_t to_len, const mbedtls_x509_sequence *names)
{
    for (size_t used = 0; names && used < to_len; names = names->next, used = strlen(to)) {
        const mbedtls_asn1_buf *name = &names->buf;
        unsigned kind = (unsigned)name->tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
        const char *between = used ? ", " : "";
        char text[256];
        if (kind == MBEDTLS_X509_SAN_IP_ADDRESS && (name->len == 4 || name->len == 16)) {
            put_address(text, sizeof text, name->p, name->len);
        } else if (kind == MBEDTLS_X509_SAN_DNS_NAME && name->len < sizeof text) {
            for (size_t i = 0; i < name->len; i++)
                text[i] = name->p[i] > ' ' && name->p[i] < 0x7f && name->p[i] != ',' ? (char)name->p[i] : '?';
            text[name->len] = '\0';
        } else {
            continue;
        }
        snprintf(to + used, to_len - used, "%s%s", between, text);
    }
}

/* Days since 1970-01-01 of the Gregorian calendar, by years that begin in March. */
static int64_t seconds_of(const mbedtls_x509_time *t)
{
    int64_t year = t->mon > 2 ? t->year : t->year - 1;
    int64_t month = t->mon > 2 ? t->mon - 3 : t->mon + 9;
    int64_t days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + t->day - 1 - 719468;
    return days * DAY + t->hour * 3600 + t->min * 60 + t->sec;
}

void wsmtp_wasi_tls_note(wsmtp_wasi_certificate *to, const mbedtls_x509_crt *from)
{
    memset(to, 0, sizeof *to);
    put_name(to->subject, sizeof to->subject, &from->subject);
    put_name(to->issuer, sizeof to->issuer, &from->issuer);
    put_names(to->names, sizeof to->names, &from->subject_alt_names);
    to->facts.subject = to->subject;
    to->facts.issuer = to->issuer;
    to->facts.names = to->names;
    to->facts.not_before = seconds_of(&from->valid_from);
    to->facts.not_after = seconds_of(&from->valid_to);
    mbedtls_sha256(from->pk_raw.p, from->pk_raw.len, to->facts.pin, 0);
}
