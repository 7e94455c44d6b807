#include "hash.h"

#if WSMTP_FEATURE_SCRAM || WSMTP_FEATURE_CRAM_MD5

#include "octets.h"

void wsmtp_hmac_init(wsmtp_hmac *hmac, const wsmtp_hash_algorithm *algorithm, const uint8_t *key,
                     size_t key_len)
{
    uint8_t pad[WSMTP_HASH_BLOCK] = {0};
    wsmtp_hash_init(&hmac->inner, algorithm);
    if (key_len > sizeof pad) {
        wsmtp_hash_update(&hmac->inner, key, key_len);
        wsmtp_hash_final(&hmac->inner, pad);
        wsmtp_hash_init(&hmac->inner, algorithm);
    } else if (key_len > 0) {
        memcpy(pad, key, key_len);
    }
    for (size_t i = 0; i < sizeof pad; i++) {
        pad[i] ^= 0x36u;
    }
    wsmtp_hash_update(&hmac->inner, pad, sizeof pad);
    wsmtp_hash_init(&hmac->outer, algorithm);
    for (size_t i = 0; i < sizeof pad; i++) {
        pad[i] ^= 0x36u ^ 0x5cu;
    }
    wsmtp_hash_update(&hmac->outer, pad, sizeof pad);
    wsmtp_wipe(pad, sizeof pad);
}

void wsmtp_hmac_update(wsmtp_hmac *hmac, const void *data, size_t data_len)
{
    wsmtp_hash_update(&hmac->inner, data, data_len);
}

void wsmtp_hmac_final(wsmtp_hmac *hmac, uint8_t *digest)
{
    uint8_t inner[WSMTP_HASH_MAX];
    size_t digest_len = hmac->inner.algorithm->digest_len;
    wsmtp_hash_final(&hmac->inner, inner);
    wsmtp_hash_update(&hmac->outer, inner, digest_len);
    wsmtp_hash_final(&hmac->outer, digest);
    wsmtp_wipe(inner, sizeof inner);
}

#endif
