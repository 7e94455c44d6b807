/* What a server offers, and what it is told by XCLIENT. */
#include <stdlib.h>
#include <string.h>

#include "convert.h"

/* Extensions have the bits of wsmtp_capabilities.flags, attributes of XCLIENT the order of wsmtp_keyword. */
_Static_assert(WASM_SMTP_SMTP_TYPES_EXTENSIONS_ESMTP == WSMTP_CAP_ESMTP &&
                   WASM_SMTP_SMTP_TYPES_EXTENSIONS_DSN == WSMTP_CAP_DSN &&
                   WASM_SMTP_SMTP_TYPES_EXTENSIONS_PRDR == WSMTP_CAP_PRDR &&
                   WASM_SMTP_SMTP_TYPES_EXTENSIONS_ETRN == WSMTP_CAP_ETRN,
               "bits that both have");
_Static_assert(WASM_SMTP_SMTP_TYPES_XCLIENT_ATTRIBUTES_DESTPORT ==
                   1 << (WSMTP_KEYWORD_DESTPORT - WSMTP_KEYWORD_NAME),
               "an order that both have");

static smtp_option_u32_t stated(uint32_t number)
{
    return (smtp_option_u32_t){.is_some = number != 0, .val = number};
}

void wsmtp_component_capabilities(wasm_smtp_smtp_types_capabilities_t *to, const wsmtp_capabilities *from)
{
    memset(to, 0, sizeof *to);
    to->extensions = from->flags;
    to->size.is_some = from->size != 0;
    to->size.val = from->size;
    to->mail_max = stated(from->mail_max);
    to->rcpt_max = stated(from->rcpt_max);
    to->rcpt_domain_max = stated(from->rcpt_domain_max);
    to->deliver_by_min = stated(from->deliver_by_min);
    to->hold_max = stated(from->hold_max);
    to->xclient = (uint8_t)from->xclient;
    to->mechanisms.ptr = calloc(WSMTP_MECHANISM_COUNT, sizeof *to->mechanisms.ptr);
    for (unsigned i = 1; to->mechanisms.ptr && i < WSMTP_MECHANISM_COUNT; i++) {
        size_t len;
        const char *name = wsmtp_mechanism_name((wsmtp_mechanism)i, &len);
        if (from->auth & 1u << i)
            smtp_string_dup_n(&to->mechanisms.ptr[to->mechanisms.len++], name, len);
    }
    if (to->mechanisms.len == 0) { /* the bindings free only lists that have something in them */
        free(to->mechanisms.ptr);
        to->mechanisms.ptr = NULL;
    }
}

static uint32_t number(smtp_option_u32_t from)
{
    return from.is_some ? from.val : 0;
}

void wsmtp_component_known(wsmtp_capabilities *to, const wasm_smtp_smtp_types_capabilities_t *from)
{
    memset(to, 0, sizeof *to);
    to->flags = from->extensions;
    to->size = from->size.is_some ? from->size.val : 0;
    to->mail_max = number(from->mail_max);
    to->rcpt_max = number(from->rcpt_max);
    to->rcpt_domain_max = number(from->rcpt_domain_max);
    to->deliver_by_min = number(from->deliver_by_min);
    to->hold_max = number(from->hold_max);
    to->xclient = from->xclient;
    for (size_t i = 0; i < from->mechanisms.len; i++) {
        const smtp_string_t *name = &from->mechanisms.ptr[i];
        to->auth |= 1u << wsmtp_mechanism_find((const char *)name->ptr, name->len);
    }
    to->auth &= ~(1u << WSMTP_MECHANISM_AUTO); /* names that are unknown */
}

size_t wsmtp_component_attributes(wsmtp_parameter to[WSMTP_COMPONENT_ATTRIBUTES],
                                  const wasm_smtp_smtp_types_xclient_values_t *from)
{
    const smtp_option_string_t *const values[WSMTP_COMPONENT_ATTRIBUTES] = {
        &from->name, &from->addr, &from->port, &from->proto,
        &from->helo, &from->login, &from->destaddr, &from->destport};
    size_t n = 0;
    for (unsigned i = 0; i < WSMTP_COMPONENT_ATTRIBUTES; i++) {
        if (!values[i]->is_some)
            continue;
        to[n].keyword = (wsmtp_keyword)(WSMTP_KEYWORD_NAME + i);
        to[n].optional = (from->optional >> i & 1u) != 0;
        to[n].value = (const char *)values[i]->val.ptr;
        to[n++].value_len = values[i]->val.len;
    }
    return n;
}
