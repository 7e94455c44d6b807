/* Facts about the server's certificate. */
#include "internal.h"

#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

bool wsmtp_uv_pin(X509 *certificate, uint8_t pin[WSMTP_PIN_LEN])
{
    unsigned char *der = NULL;
    int der_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (der_len <= 0)
        return false;
    SHA256(der, (size_t)der_len, pin);
    OPENSSL_free(der);
    return true;
}

/* What was written to memory, as text; frees it. */
static char *text_of(BIO *memory)
{
    char *data;
    long len = memory ? BIO_get_mem_data(memory, &data) : 0;
    char *text = memory ? malloc((size_t)len + 1) : NULL;
    if (text) {
        memcpy(text, data, (size_t)len);
        text[len] = '\0';
    }
    BIO_free(memory);
    return text;
}

/* Escapes control characters and, by XN_FLAG_RFC2253, everything that is special there. */
static char *name_of(const X509_NAME *name)
{
    BIO *memory = BIO_new(BIO_s_mem());
    if (memory)
        X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
    return text_of(memory);
}

static void print_dns(BIO *memory, const ASN1_IA5STRING *name)
{
    const unsigned char *bytes = ASN1_STRING_get0_data(name);
    for (int i = 0; i < ASN1_STRING_length(name); i++)
        if (bytes[i] > ' ' && bytes[i] < 0x7f && bytes[i] != ',')
            BIO_write(memory, bytes + i, 1);
        else
            BIO_printf(memory, "\\x%02X", bytes[i]);
}

static void print_ip(BIO *memory, const ASN1_OCTET_STRING *address)
{
    char text[INET6_ADDRSTRLEN] = "?";
    int len = ASN1_STRING_length(address);
    if (len == 4 || len == 16)
        uv_inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text,
                     sizeof text);
    BIO_puts(memory, text);
}

static char *alternative_names(X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    BIO *memory = BIO_new(BIO_s_mem());
    bool first = true;
    for (int i = 0; memory && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS && name->type != GEN_IPADD)
            continue;
        if (!first)
            BIO_puts(memory, ", ");
        first = false;
        if (name->type == GEN_DNS)
            print_dns(memory, name->d.dNSName);
        else
            print_ip(memory, name->d.iPAddress);
    }
    GENERAL_NAMES_free(names);
    return text_of(memory);
}

static int64_t seconds_of(const ASN1_TIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;
    if (epoch)
        ASN1_TIME_diff(&days, &seconds, epoch, time);
    ASN1_TIME_free(epoch);
    return (int64_t)days * 86400 + seconds;
}

void wsmtp_uv_certificate_facts(wsmtp_uv_client *c)
{
    wsmtp_client_certificate *facts = &c->driver.facts.certificate;
    if (!c->certificate || facts->subject)
        return;
    c->subject = name_of(X509_get_subject_name(c->certificate));
    c->issuer = name_of(X509_get_issuer_name(c->certificate));
    c->names = alternative_names(c->certificate);
    facts->subject = c->subject ? c->subject : "";
    facts->issuer = c->issuer ? c->issuer : "";
    facts->names = c->names ? c->names : "";
    facts->not_before = seconds_of(X509_get0_notBefore(c->certificate));
    facts->not_after = seconds_of(X509_get0_notAfter(c->certificate));
    wsmtp_uv_pin(c->certificate, facts->pin);
}
