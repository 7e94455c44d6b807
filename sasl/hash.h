/*
 * MD5, SHA-1, SHA-256 and SHA-512 behind one interface, HMAC and PBKDF2 over it. Private to sasl/.
 * They differ in the compression function, the initial words, the lengths of digest and word, and
 * the byte order. A block has 16 words, whatever their length: one of 32 bits is the lower half of a
 * word here, and its upper half means nothing.
 */
#ifndef WSMTP_HASH_H
#define WSMTP_HASH_H

#include "wsmtp/sasl.h"

#define WSMTP_HASH_MD5 ((wsmtp_hash)0) /* no one else knows it by a number */
#define WSMTP_HASH_WORDS 16u           /* in a block */

typedef struct wsmtp_hash_algorithm {
    /* Mixes one block into the state. May change the block. */
    void (*compress)(struct wsmtp_hash_algorithm *algorithm, uint64_t *state, uint64_t *block);
    uint8_t digest_len; /* bytes */
    uint8_t word_shift; /* a word has 1 << word_shift bytes: 4 or 8 */
    bool big_endian;
    uint64_t initial[8];    /* state */
    uint64_t constants[80]; /* of SHA-256 and SHA-512 */
    /* Room to work in, in one place that can be wiped: what is there may be secret. */
    uint64_t before[8];
    uint64_t schedule[80 + 16];
    uint64_t states[80 + 8];
} wsmtp_hash_algorithm;

/*
 * Makes the algorithm of a hash that wsmtp_hash_len knows, or MD5. It is to outlive what it hashes, and
 * then to be wiped. The constants of SHA-256 and SHA-512 take as long as some hundred blocks.
 */
void wsmtp_hash_make(wsmtp_hash_algorithm *algorithm, wsmtp_hash hash);

void wsmtp_md5_compress(wsmtp_hash_algorithm *algorithm, uint64_t *state, uint64_t *block);
void wsmtp_sha1_compress(wsmtp_hash_algorithm *algorithm, uint64_t *state, uint64_t *block);
void wsmtp_sha2_compress(wsmtp_hash_algorithm *algorithm, uint64_t *state, uint64_t *block);
void wsmtp_sha2_constants(wsmtp_hash_algorithm *algorithm); /* and the initial words */

typedef struct wsmtp_hash_context {
    wsmtp_hash_algorithm *algorithm;
    uint32_t length; /* bytes taken in so far; there are never as many as 2^32 */
    uint64_t state[8];
    uint64_t block[WSMTP_HASH_WORDS]; /* the bytes that wait for the rest of their block; zero behind them */
} wsmtp_hash_context;

static inline unsigned wsmtp_hash_block_len(const wsmtp_hash_algorithm *algorithm)
{
    return WSMTP_HASH_WORDS << algorithm->word_shift;
}

void wsmtp_hash_init(wsmtp_hash_context *context, wsmtp_hash_algorithm *algorithm);
void wsmtp_hash_octet(wsmtp_hash_context *context, uint8_t octet);
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

void wsmtp_hmac_init(wsmtp_hmac *hmac, wsmtp_hash_algorithm *algorithm, const uint8_t *key,
                     size_t key_len);
void wsmtp_hmac_update(wsmtp_hmac *hmac, const void *data, size_t data_len);
/* Writes the digest and wipes the struct. */
void wsmtp_hmac_final(wsmtp_hmac *hmac, uint8_t *digest);
/* All three at once. */
void wsmtp_hmac_whole(wsmtp_hash_algorithm *algorithm, const uint8_t *key, size_t key_len,
                      const void *data, size_t data_len, uint8_t *digest);

static inline uint32_t wsmtp_rotate_left(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32u - bits);
}

#endif
