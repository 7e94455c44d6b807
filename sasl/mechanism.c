/* The mechanisms by name, and the choice between them. */
#include "mechanism.h"

#include "words.h"

#if WSMTP_FEATURE_SCRAM
#define WSMTP_IF_SCRAM(definition) definition
#else
#define WSMTP_IF_SCRAM(definition) NULL
#endif
#if WSMTP_FEATURE_CHANNEL_BINDING
#define WSMTP_IF_BINDING(definition) definition
#else
#define WSMTP_IF_BINDING(definition) NULL
#endif
#if WSMTP_FEATURE_EXTERNAL
#define WSMTP_IF_EXTERNAL(definition) definition
#else
#define WSMTP_IF_EXTERNAL(definition) NULL
#endif
#if WSMTP_FEATURE_SHA_512
#define WSMTP_IF_SHA_512(definition) definition
#else
#define WSMTP_IF_SHA_512(definition) NULL
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

/* Both in the order of the enumeration, from PLAIN on. */
static const char wsmtp_mechanism_names[] =
    "PLAIN\0" "LOGIN\0" "SCRAM-SHA-256\0" "SCRAM-SHA-1\0" "CRAM-MD5\0" "XOAUTH2\0" "OAUTHBEARER\0"
    "SCRAM-SHA-256-PLUS\0" "SCRAM-SHA-1-PLUS\0" "EXTERNAL\0" "ANONYMOUS\0" "SCRAM-SHA-512\0"
    "SCRAM-SHA-512-PLUS\0";
static const wsmtp_mechanism_definition *const wsmtp_mechanisms[WSMTP_MECHANISM_COUNT - 1] = {
    &wsmtp_mechanism_plain,
    &wsmtp_mechanism_login,
    WSMTP_IF_SCRAM(&wsmtp_mechanism_scram),
    WSMTP_IF_SCRAM(&wsmtp_mechanism_scram),
    WSMTP_IF_CRAM_MD5(&wsmtp_mechanism_cram_md5),
    WSMTP_IF_OAUTH(&wsmtp_mechanism_xoauth2),
    WSMTP_IF_OAUTH(&wsmtp_mechanism_oauthbearer),
    WSMTP_IF_BINDING(&wsmtp_mechanism_scram),
    WSMTP_IF_BINDING(&wsmtp_mechanism_scram),
    WSMTP_IF_EXTERNAL(&wsmtp_mechanism_external),
    WSMTP_IF_EXTERNAL(&wsmtp_mechanism_anonymous),
    WSMTP_IF_SHA_512(&wsmtp_mechanism_scram),
    WSMTP_IF_SHA_512(WSMTP_IF_BINDING(&wsmtp_mechanism_scram)),
};

const wsmtp_mechanism_definition *wsmtp_mechanism_definition_of(wsmtp_mechanism mechanism)
{
    const unsigned row = (unsigned)mechanism - WSMTP_MECHANISM_PLAIN;
    return row < WSMTP_MECHANISM_COUNT - 1 ? wsmtp_mechanisms[row] : NULL;
}

const char *wsmtp_mechanism_name(wsmtp_mechanism mechanism, size_t *name_len)
{
    const unsigned row = (unsigned)mechanism - WSMTP_MECHANISM_PLAIN;
    const unsigned end = WSMTP_MECHANISM_COUNT - 1; /* where the list has its empty word */
    return wsmtp_words_get(wsmtp_mechanism_names, row < end ? row : end, name_len);
}

wsmtp_mechanism wsmtp_mechanism_find(const char *name, size_t name_len)
{
    const unsigned row = wsmtp_words_find(wsmtp_mechanism_names, name, name_len);
    return row == WSMTP_NO_WORD ? WSMTP_MECHANISM_AUTO
                                : (wsmtp_mechanism)(row + WSMTP_MECHANISM_PLAIN);
}

wsmtp_reason wsmtp_mechanism_choose(const wsmtp_credentials *credentials,
                                    wsmtp_mechanism_set offered, wsmtp_mechanism *mechanism)
{
    /* Three by password and channel binding, four by password, two by token. */
    static const uint8_t automatic[] = {
        WSMTP_MECHANISM_SCRAM_SHA_256_PLUS, WSMTP_MECHANISM_SCRAM_SHA_512_PLUS,
        WSMTP_MECHANISM_SCRAM_SHA_1_PLUS,   WSMTP_MECHANISM_SCRAM_SHA_256,
        WSMTP_MECHANISM_SCRAM_SHA_512,      WSMTP_MECHANISM_PLAIN,
        WSMTP_MECHANISM_LOGIN,              WSMTP_MECHANISM_OAUTHBEARER,
        WSMTP_MECHANISM_XOAUTH2};
    wsmtp_reason reason = WSMTP_REASON_AUTH_NO_MECHANISM;
    bool bound = WSMTP_FEATURE_CHANNEL_BINDING && credentials->binding != WSMTP_BINDING_NONE;
    size_t first = credentials->token_len > 0 ? 7u : bound ? 0u : 3u;
    size_t last = credentials->token_len > 0 ? sizeof automatic : 7u;

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
        if (wsmtp_mechanism_definition_of((wsmtp_mechanism)automatic[i]) != NULL) {
            *mechanism = (wsmtp_mechanism)automatic[i];
            return WSMTP_REASON_OK;
        }
        reason = WSMTP_REASON_NOT_BUILT;
    }
    return reason;
}
