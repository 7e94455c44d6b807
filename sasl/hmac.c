#include "hash.h"

#if WSMTP_FEATURE_SCRAM || WSMTP_FEATURE_CRAM_MD5

void wsmtp_hmac_init(wsmtp_hmac *hmac, wsmtp_hash_algorithm *algorithm, const uint8_t *key,
                     size_t key_len)
{
    uint8_t short_key[WSMTP_HASH_MAX];
    if (key_len > wsmtp_hash_block_len(algorithm)) {
        wsmtp_hash_init(&hmac->side[0], algorithm);
        wsmtp_hash_update(&hmac->side[0], key, key_len);
        wsmtp_hash_final(&hmac->side[0], short_key);
        key = short_key;
        key_len = algorithm->digest_len;
    }
    for (unsigned side = 0; side < 2u; side++) {
        wsmtp_hash_init(&hmac->side[side], algorithm);
        for (size_t i = 0; i < wsmtp_hash_block_len(algorithm); i++) {
            wsmtp_hash_octet(&hmac->side[side],
                             (uint8_t)((i < key_len ? key[i] : 0u) ^ (side == 0 ? 0x36u : 0x5cu)));
        }
    }
    wsmtp_wipe(short_key, sizeof short_key);
}

void wsmtp_hmac_update(wsmtp_hmac *hmac, const void *data, size_t data_len)
{
    wsmtp_hash_update(&hmac->side[0], data, data_len);
}

void wsmtp_hmac_final(wsmtp_hmac *hmac, uint8_t *digest)
{
    uint8_t inner[WSMTP_HASH_MAX];
    size_t digest_len = hmac->side[0].algorithm->digest_len;
    wsmtp_hash_final(&hmac->side[0], inner);
    wsmtp_hash_update(&hmac->side[1], inner, digest_len);
    wsmtp_hash_final(&hmac->side[1], digest);
    wsmtp_wipe(inner, sizeof inner);
}

void wsmtp_hmac_whole(wsmtp_hash_algorithm *algorithm, const uint8_t *key, size_t key_len,
                      const void *data, size_t data_len, uint8_t *digest)
{
    wsmtp_hmac hmac;
    wsmtp_hmac_init(&hmac, algorithm, key, key_len);
    wsmtp_hmac_update(&hmac, data, data_len);
    wsmtp_hmac_final(&hmac, digest);
}

#endif
