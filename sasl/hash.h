/*
 * MD5, SHA-1, SHA-256 and SHA-512 behind one interface, HMAC and PBKDF2 over it. Private to sasl/.
 * They differ in the compression function, the initial words, the lengths of digest and block, and
 * the byte order. Words have 32 bits; for SHA-512 two of them make one.
 */
#ifndef WSMTP_HASH_H
#define WSMTP_HASH_H

#include "wsmtp/sasl.h"

#define WSMTP_HASH_BLOCK_MAX (WSMTP_FEATURE_SHA_512 ? 128u : 64u) /* bytes */

typedef struct wsmtp_hash_algorithm {
    /* Mixes one block into the state. May change the block. */
    void (*compress)(uint32_t *state, uint32_t *block);
    const uint32_t *initial; /* state: as long as the digest */
    uint8_t digest_len;      /* bytes */
    uint8_t block_len;       /* bytes */
    bool big_endian;
} wsmtp_hash_algorithm;

extern const wsmtp_hash_algorithm wsmtp_md5;
extern const wsmtp_hash_algorithm wsmtp_sha1;
extern const wsmtp_hash_algorithm wsmtp_sha256;
extern const wsmtp_hash_algorithm wsmtp_sha512;
extern const uint64_t wsmtp_sha512_constants[80];

typedef struct wsmtp_hash_context {
    const wsmtp_hash_algorithm *algorithm;
    uint32_t length; /* bytes taken in so far; there are never as many as 2^32 */
    uint32_t state[WSMTP_HASH_BLOCK_MAX / 8u];
    uint32_t block[WSMTP_HASH_BLOCK_MAX / 4u]; /* the bytes that wait for the rest of their block; zero behind them */
} wsmtp_hash_context;

void wsmtp_hash_init(wsmtp_hash_context *context, const wsmtp_hash_algorithm *algorithm);
void wsmtp_hash_update(wsmtp_hash_context *context, const void *data, size_t data_len);
/* Writes the digest (it may overwrite data that was hashed) and wipes the context. */
void wsmtp_hash_final(wsmtp_hash_context *context, uint8_t *digest);

/*
 * HMAC (RFC 2104). After init both hashes have taken in their padded key: a copy of the struct made
 * then computes further HMACs under the same key without compressing the key again.
 */
typedef struct wsmtp_hmac {
    wsmtp_hash_context side[2]; /* inner, outer */
} wsmtp_hmac;

void wsmtp_hmac_init(wsmtp_hmac *hmac, const wsmtp_hash_algorithm *algorithm, const uint8_t *key,
                     size_t key_len);
void wsmtp_hmac_update(wsmtp_hmac *hmac, const void *data, size_t data_len);
/* Writes the digest and wipes the struct. */
void wsmtp_hmac_final(wsmtp_hmac *hmac, uint8_t *digest);
/* All three at once. */
void wsmtp_hmac_whole(const wsmtp_hash_algorithm *algorithm, const uint8_t *key, size_t key_len,
                      const void *data, size_t data_len, uint8_t *digest);

/* The algorithm of a public hash; NULL if unknown. */
const wsmtp_hash_algorithm *wsmtp_hash_find(wsmtp_hash hash);

static inline uint32_t wsmtp_rotate_left(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32u - bits);
}

#endif
