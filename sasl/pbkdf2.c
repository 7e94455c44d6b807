/* PBKDF2 (RFC 8018 section 5.2) with HMAC, for its first block: all that SCRAM needs. */
#include "hash.h"

#include "octets.h"

#if WSMTP_FEATURE_SCRAM

const wsmtp_hash_algorithm *wsmtp_hash_find(wsmtp_hash hash)
{
    return hash == WSMTP_HASH_SHA_256 ? &wsmtp_sha256
           : hash == WSMTP_HASH_SHA_1 ? &wsmtp_sha1
#if WSMTP_FEATURE_SHA_512
           : hash == WSMTP_HASH_SHA_512 ? &wsmtp_sha512
#endif
                                        : NULL;
}

size_t wsmtp_hash_len(wsmtp_hash hash)
{
    const wsmtp_hash_algorithm *algorithm = wsmtp_hash_find(hash);
    return algorithm != NULL ? algorithm->digest_len : 0;
}

void wsmtp_derive_key(wsmtp_hash hash, const uint8_t *password, size_t password_len,
                      const uint8_t *salt, size_t salt_len, uint32_t iterations,
                      uint8_t key[WSMTP_HASH_MAX])
{
    static const uint8_t block_index[4] = {0, 0, 0, 1};
    const wsmtp_hash_algorithm *algorithm = wsmtp_hash_find(hash);
    wsmtp_hmac keyed, hmac;
    uint8_t u[WSMTP_HASH_MAX];
    memset(key, 0, WSMTP_HASH_MAX);
    if (algorithm == NULL || iterations == 0) {
        return;
    }
    wsmtp_hmac_init(&keyed, algorithm, password, password_len);
    hmac = keyed;
    wsmtp_hmac_update(&hmac, salt, salt_len);
    wsmtp_hmac_update(&hmac, block_index, sizeof block_index);
    for (;;) {
        wsmtp_hmac_final(&hmac, u);
        for (size_t i = 0; i < algorithm->digest_len; i++) {
            key[i] ^= u[i];
        }
        if (--iterations == 0) {
            break;
        }
        hmac = keyed;
        wsmtp_hmac_update(&hmac, u, algorithm->digest_len);
    }
    wsmtp_wipe(&keyed, sizeof keyed);
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
