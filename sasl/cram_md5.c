/* CRAM-MD5 (RFC 2195): user SP HMAC-MD5 of the challenge under the password, in hexadecimal. */
#include "mechanism.h"

#if WSMTP_FEATURE_CRAM_MD5

#include "hash.h"
#include "words.h"

enum { WSMTP_CRAM_MD5_WAITING, WSMTP_CRAM_MD5_ANSWERED };

static wsmtp_sasl_status wsmtp_cram_md5_challenge(wsmtp_sasl *sasl, const uint8_t *challenge,
                                                  size_t challenge_len)
{
    const wsmtp_credentials *c = sasl->credentials;
    wsmtp_hash_algorithm md5;
    uint8_t digest[WSMTP_HASH_MAX];
    /* A response to an empty challenge would be good for every other server too. */
    if (sasl->step != WSMTP_CRAM_MD5_WAITING || challenge_len == 0) {
        return wsmtp_sasl_fail(sasl, WSMTP_REASON_AUTH_CHALLENGE);
    }
    wsmtp_hash_make(&md5, WSMTP_HASH_MD5);
    wsmtp_hmac_whole(&md5, (const uint8_t *)c->password, c->password_len, challenge,
                     challenge_len, digest);
    sasl->scratch_len = 2u * (size_t)md5.digest_len;
    for (size_t i = 0; i < sasl->scratch_len; i++) {
        sasl->scratch[i] =
            (uint8_t)(WSMTP_DIGITS[(unsigned)digest[i / 2u] >> (i % 2u == 0 ? 4u : 0u) & 15u] | 0x20); /* lower case */
    }
    wsmtp_wipe(&md5, sizeof md5);
    wsmtp_wipe(digest, sizeof digest);
    return wsmtp_sasl_respond(sasl, WSMTP_CRAM_MD5_ANSWERED);
}

const wsmtp_mechanism_definition wsmtp_mechanism_cram_md5 = {
    false,
    {WSMTP_NEEDED | WSMTP_NO_NUL, WSMTP_NEEDED | WSMTP_NO_NUL, 0, 0, 0},
    "\0" WSMTP_T_USER " " WSMTP_T_SCRATCH,
    NULL,
    wsmtp_cram_md5_challenge,
    NULL,
    NULL,
};

#endif
