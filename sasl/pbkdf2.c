/* PBKDF2 (RFC 8018 section 5.2) with HMAC, for its first block: all that SCRAM needs. */
#include "hash.h"

#include "octets.h"

#if WSMTP_FEATURE_SCRAM

size_t wsmtp_hash_len(wsmtp_hash hash)
{
    return hash == WSMTP_HASH_SHA_256   ? 32u
           : hash == WSMTP_HASH_SHA_1   ? 20u
           : hash == WSMTP_HASH_SHA_512 ? (WSMTP_FEATURE_SHA_512 ? 64u : 0u)
                                        : 0u;
}

void wsmtp_derive_key(wsmtp_hash hash, const uint8_t *password, size_t password_len,
                      const uint8_t *salt, size_t salt_len, uint32_t iterations,
                      uint8_t key[WSMTP_HASH_MAX])
{
    static const uint8_t block_index[4] = {0, 0, 0, 1};
    const size_t digest_len = wsmtp_hash_len(hash);
    wsmtp_hash_algorithm algorithm;
    wsmtp_hmac keyed, hmac;
    uint8_t u[WSMTP_HASH_MAX];
    memset(key, 0, WSMTP_HASH_MAX);
    if (digest_len == 0 || iterations == 0) {
        return;
    }
    wsmtp_hash_make(&algorithm, hash);
    wsmtp_hmac_init(&keyed, &algorithm, password, password_len);
    hmac = keyed;
    wsmtp_hmac_update(&hmac, salt, salt_len);
    wsmtp_hmac_update(&hmac, block_index, sizeof block_index);
    for (;;) {
        wsmtp_hmac_final(&hmac, u);
        for (size_t i = 0; i < digest_len; i++) {
            key[i] ^= u[i];
        }
        if (--iterations == 0) {
            break;
        }
        hmac = keyed;
        wsmtp_hmac_update(&hmac, u, digest_len);
    }
    wsmtp_wipe(&keyed, sizeof keyed);
    wsmtp_wipe(&algorithm, sizeof algorithm);
    wsmtp_wipe(u, sizeof u);
}

#else

size_t wsmtp_hash_len(wsmtp_hash hash)
{
    (void)hash;
    return 0;
}

void wsmtp_derive_key(wsmtp_hash hash, const uint8_t *password, size_t password_len,
                      const uint8_t *salt, size_t salt_len, uint32_t iterations,
                      uint8_t key[WSMTP_HASH_MAX])
{
    (void)hash;
    (void)password;
    (void)password_len;
    (void)salt;
    (void)salt_len;
    (void)iterations;
    memset(key, 0, WSMTP_HASH_MAX);
}

#endif
