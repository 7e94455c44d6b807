/*
 * Addresses with non-ASCII characters: what a message needs is found out from them, and domains
 * become A-labels where that is enough (RFC 5890, RFC 6531).
 */
#include "driver.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "idna.h"

typedef struct survey {
    bool any;           /* non-ASCII occurs */
    bool in_local_part; /* where no ASCII form exists */
    wsmtp_field field;  /* the first address that has it there, else the first that has it */
    size_t index;
} survey;

static bool refuse(wsmtp_client_error *error, wsmtp_reason reason, wsmtp_field field, size_t index,
                   const char *rule)
{
    wsmtp_error_about_field(error, reason, field, index, rule);
    return false;
}

static bool look_at(survey *found, const char *address, size_t address_len, wsmtp_field field,
                    size_t index, wsmtp_client_error *error)
{
    wsmtp_mailbox mailbox;
    if (wsmtp_is_ascii(address, address_len))
        return true; /* the engine checks it */
    wsmtp_reason reason = wsmtp_mailbox_check(address, address_len, WSMTP_MAILBOX_UTF8, &mailbox);
    if (reason != WSMTP_REASON_OK)
        return refuse(error, reason, field, index, NULL);
    bool in_local_part = !wsmtp_is_ascii(address, mailbox.local_part_len);
    if (!found->any || (in_local_part && !found->in_local_part)) {
        found->field = field;
        found->index = index;
    }
    found->any = true;
    found->in_local_part |= in_local_part;
    return true;
}

static bool look(const wsmtp_transaction *t, survey *found, wsmtp_client_error *error)
{
    memset(found, 0, sizeof *found);
    if (!look_at(found, t->reverse_path, t->reverse_path_len, WSMTP_FIELD_REVERSE_PATH, 0, error))
        return false;
    for (size_t i = 0; i < t->recipients_len; i++)
        if (!look_at(found, t->recipients[i].address, t->recipients[i].address_len,
                     WSMTP_FIELD_RECIPIENT, i, error))
            return false;
    return true;
}

static struct wsmtp_client_addresses *keep(const wsmtp_transaction *t)
{
    struct wsmtp_client_addresses *a =
        calloc(1, sizeof *a + t->recipients_len * sizeof a->recipients[0]);
    if (!a)
        return NULL;
    a->reverse_path = t->reverse_path;
    a->reverse_path_len = t->reverse_path_len;
    a->recipients_len = t->recipients_len;
    for (size_t i = 0; i < t->recipients_len; i++) {
        a->recipients[i].address = t->recipients[i].address;
        a->recipients[i].address_len = t->recipients[i].address_len;
    }
    return a;
}

/* Puts an address with an A-label domain behind *to; left alone if it is ASCII. */
static bool convert(char **to, const char **address, size_t *address_len, wsmtp_field field,
                    size_t index, wsmtp_client_error *error)
{
    wsmtp_mailbox mailbox;
    const char *why;
    if (wsmtp_is_ascii(*address, *address_len))
        return true;
    wsmtp_mailbox_check(*address, *address_len, WSMTP_MAILBOX_UTF8, &mailbox);
    memcpy(*to, *address, mailbox.domain_at);
    wsmtp_reason reason = wsmtp_idna_ascii(*address + mailbox.domain_at, mailbox.domain_len,
                                           *to + mailbox.domain_at, &why);
    if (reason != WSMTP_REASON_OK)
        return refuse(error, reason, field, index, reason == WSMTP_REASON_NOT_BUILT
                      ? "has a non-ASCII domain, but this build has no IDNA: give its A-label form"
                      : *why ? why : NULL);
    *address = *to;
    *address_len = strlen(*to);
    *to += *address_len + 1;
    return true;
}

static bool convert_all(wsmtp_transaction *t, char *to, wsmtp_client_error *error)
{
    bool fine = convert(&to, &t->reverse_path, &t->reverse_path_len, WSMTP_FIELD_REVERSE_PATH, 0, error);
    for (size_t i = 0; i < t->recipients_len && fine; i++)
        fine = convert(&to, &t->recipients[i].address, &t->recipients[i].address_len,
                       WSMTP_FIELD_RECIPIENT, i, error);
    return fine;
}

static bool has_idna(void)
{
    char ascii[WSMTP_DOMAIN_MAX + 1];
    return wsmtp_domain_to_ascii("\xc3\xa4", 2, ascii) != WSMTP_REASON_NOT_BUILT;
}

bool wsmtp_addresses_prepare(wsmtp_driver *d, wsmtp_send_request *s, wsmtp_client_error *error)
{
    wsmtp_transaction *t = s->transaction;
    survey found;
    if ((t->flags & WSMTP_SEND_SMTPUTF8) || !(wsmtp_features() & WSMTP_HAS_SMTPUTF8))
        return true; /* as the caller has decided, or all ASCII: the engine says what is wrong */
    if (!look(t, &found, error))
        return false;
    if (!found.any)
        return true;
    bool offered = (wsmtp_capabilities_get(&d->engine)->flags & WSMTP_CAP_SMTPUTF8) != 0;
    if (found.in_local_part && !offered)
        return refuse(error, WSMTP_REASON_SMTPUTF8_MISSING, found.field, found.index, NULL);
    s->addresses = keep(t);
    if (s->addresses && (found.in_local_part || (offered && !has_idna()))) {
        t->flags |= WSMTP_SEND_SMTPUTF8;
        return true;
    }
    /* Of each an A-label form is longer than the domain by no more than a domain may be long. */
    if (s->addresses)
        s->addresses->texts = malloc((t->recipients_len + 1) * (WSMTP_ADDRESS_MAX + WSMTP_DOMAIN_MAX + 2));
    if (!s->addresses || !s->addresses->texts) {
        wsmtp_error_from_host(error, WSMTP_REASON_CANCELLED, WSMTP_CAUSE_MEMORY, "memory is short");
        return false;
    }
    return convert_all(t, s->addresses->texts, error);
}
