/* The mechanisms by name, and the choice between them. */
#include "mechanism.h"

#if WSMTP_FEATURE_SCRAM
#define WSMTP_IF_SCRAM(definition) definition
#else
#define WSMTP_IF_SCRAM(definition) NULL
#endif
#if WSMTP_FEATURE_CRAM_MD5
#define WSMTP_IF_CRAM_MD5(definition) definition
#else
#define WSMTP_IF_CRAM_MD5(definition) NULL
#endif
#if WSMTP_FEATURE_OAUTH
#define WSMTP_IF_OAUTH(definition) definition
#else
#define WSMTP_IF_OAUTH(definition) NULL
#endif

/* In the order of the enumeration. A name stays when its mechanism is left out of the build. */
static const struct {
    const wsmtp_mechanism_definition *definition;
    uint8_t name_len;
    char name[15];
} wsmtp_mechanisms[WSMTP_MECHANISM_COUNT] = {
    {NULL, 0, ""},
    {&wsmtp_mechanism_plain, 5, "PLAIN"},
    {&wsmtp_mechanism_login, 5, "LOGIN"},
    {WSMTP_IF_SCRAM(&wsmtp_mechanism_scram), 13, "SCRAM-SHA-256"},
    {WSMTP_IF_SCRAM(&wsmtp_mechanism_scram), 11, "SCRAM-SHA-1"},
    {WSMTP_IF_CRAM_MD5(&wsmtp_mechanism_cram_md5), 8, "CRAM-MD5"},
    {WSMTP_IF_OAUTH(&wsmtp_mechanism_xoauth2), 7, "XOAUTH2"},
    {WSMTP_IF_OAUTH(&wsmtp_mechanism_oauthbearer), 11, "OAUTHBEARER"},
};

const wsmtp_mechanism_definition *wsmtp_mechanism_definition_of(wsmtp_mechanism mechanism)
{
    return (unsigned)mechanism < WSMTP_MECHANISM_COUNT ? wsmtp_mechanisms[mechanism].definition
                                                       : NULL;
}

const char *wsmtp_mechanism_name(wsmtp_mechanism mechanism, size_t *name_len)
{
    unsigned row = (unsigned)mechanism < WSMTP_MECHANISM_COUNT ? (unsigned)mechanism : 0u;
    *name_len = wsmtp_mechanisms[row].name_len;
    return wsmtp_mechanisms[row].name;
}

static char wsmtp_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

wsmtp_mechanism wsmtp_mechanism_find(const char *name, size_t name_len)
{
    for (unsigned row = 1; row < WSMTP_MECHANISM_COUNT; row++) {
        size_t i = 0;
        if (name_len != wsmtp_mechanisms[row].name_len) {
            continue;
        }
        while (i < name_len && wsmtp_upper(name[i]) == wsmtp_mechanisms[row].name[i]) {
            i++;
        }
        if (i == name_len) {
            return (wsmtp_mechanism)row;
        }
    }
    return WSMTP_MECHANISM_AUTO;
}

wsmtp_reason wsmtp_mechanism_choose(const wsmtp_credentials *credentials,
                                    wsmtp_mechanism_set offered, wsmtp_mechanism *mechanism)
{
    /* The first three by password, the others by token. */
    static const uint8_t automatic[] = {WSMTP_MECHANISM_SCRAM_SHA_256, WSMTP_MECHANISM_PLAIN,
                                        WSMTP_MECHANISM_LOGIN, WSMTP_MECHANISM_OAUTHBEARER,
                                        WSMTP_MECHANISM_XOAUTH2};
    wsmtp_reason reason = WSMTP_REASON_AUTH_NO_MECHANISM;
    size_t first = credentials->token_len > 0 ? 3u : 0u;
    size_t last = credentials->token_len > 0 ? sizeof automatic : 3u;

    if (credentials->mechanism != WSMTP_MECHANISM_AUTO) {
        if (wsmtp_mechanism_definition_of(credentials->mechanism) == NULL) {
            return WSMTP_REASON_NOT_BUILT;
        }
        if ((offered >> (unsigned)credentials->mechanism & 1u) == 0) {
            return WSMTP_REASON_AUTH_NOT_OFFERED;
        }
        *mechanism = credentials->mechanism;
        return WSMTP_REASON_OK;
    }
    for (size_t i = first; i < last; i++) {
        if ((offered >> automatic[i] & 1u) == 0) {
            continue;
        }
        if (wsmtp_mechanisms[automatic[i]].definition != NULL) {
            *mechanism = (wsmtp_mechanism)automatic[i];
            return WSMTP_REASON_OK;
        }
        reason = WSMTP_REASON_NOT_BUILT;
    }
    return reason;
}
