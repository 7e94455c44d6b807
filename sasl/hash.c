#include "hash.h"

#if WSMTP_FEATURE_SCRAM || WSMTP_FEATURE_CRAM_MD5

#include "octets.h"

void wsmtp_hash_make(wsmtp_hash_algorithm *algorithm, wsmtp_hash hash)
{
    /* MD5 has the first four of SHA-1. */
    static const uint32_t initial[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
    memset(algorithm, 0, sizeof *algorithm);
    for (unsigned i = 0; i < 5u; i++) {
        algorithm->initial[i] = initial[i];
    }
    algorithm->word_shift = 2;
    algorithm->big_endian = hash != WSMTP_HASH_MD5;
#if WSMTP_FEATURE_SCRAM
    algorithm->digest_len = (uint8_t)wsmtp_hash_len(hash);
    algorithm->compress = wsmtp_sha1_compress;
    if (hash > WSMTP_HASH_SHA_1) {
        algorithm->word_shift = hash == WSMTP_HASH_SHA_512 ? 3 : 2;
        algorithm->compress = wsmtp_sha2_compress;
        wsmtp_sha2_constants(algorithm);
    }
#endif
#if WSMTP_FEATURE_CRAM_MD5
    if (hash == WSMTP_HASH_MD5) {
        algorithm->digest_len = 16;
        algorithm->compress = wsmtp_md5_compress;
    }
#endif
}

/* Where in its word the byte at an offset is: bits that it is shifted by. */
static unsigned wsmtp_byte_shift(const wsmtp_hash_algorithm *algorithm, unsigned offset)
{
    return ((algorithm->big_endian ? ~offset : offset) & ((1u << algorithm->word_shift) - 1u)) * 8u;
}

void wsmtp_hash_init(wsmtp_hash_context *context, wsmtp_hash_algorithm *algorithm)
{
    memset(context, 0, sizeof *context);
    context->algorithm = algorithm;
    memcpy(context->state, algorithm->initial, sizeof context->state);
}

/* All four hashes add what the state was before. */
static void wsmtp_hash_compress(wsmtp_hash_context *context)
{
    wsmtp_hash_algorithm *algorithm = context->algorithm;
    memcpy(algorithm->before, context->state, sizeof algorithm->before);
    algorithm->compress(algorithm, context->state, context->block);
    for (unsigned i = 0; i < 8u; i++) {
        context->state[i] += algorithm->before[i];
    }
    memset(context->block, 0, sizeof context->block);
}

void wsmtp_hash_octet(wsmtp_hash_context *context, uint8_t octet)
{
    wsmtp_hash_algorithm *algorithm = context->algorithm;
    const unsigned last = wsmtp_hash_block_len(algorithm) - 1u;
    const unsigned used = context->length++ & last;
    context->block[used >> algorithm->word_shift] |= (uint64_t)octet << wsmtp_byte_shift(algorithm, used);
    if (used == last) {
        wsmtp_hash_compress(context);
    }
}

void wsmtp_hash_update(wsmtp_hash_context *context, const void *data, size_t data_len)
{
    const uint8_t *octets = data;
    for (size_t i = 0; i < data_len; i++) {
        wsmtp_hash_octet(context, octets[i]);
    }
}

void wsmtp_hash_final(wsmtp_hash_context *context, uint8_t *digest)
{
    wsmtp_hash_algorithm *algorithm = context->algorithm;
    const uint64_t bits = (uint64_t)context->length << 3;
    const unsigned block_len = wsmtp_hash_block_len(algorithm);
    const unsigned low = algorithm->big_endian ? 15 : 14;
    uint8_t octet = 0x80;
    /* A single bit, then zeroes up to the last eighth of a block: the length's place. */
    do {
        wsmtp_hash_octet(context, octet);
        octet = 0;
    } while (context->length % block_len != block_len - block_len / 8u);
    context->block[low] = bits;
    if (algorithm->word_shift == 2) { /* a word of 64 bits has room for all of it */
        context->block[low ^ 1u] = bits >> 32;
    }
    wsmtp_hash_compress(context);
    for (unsigned i = 0; i < algorithm->digest_len; i++) {
        digest[i] = (uint8_t)(context->state[i >> algorithm->word_shift] >> wsmtp_byte_shift(algorithm, i));
    }
    wsmtp_wipe(context, sizeof *context);
}

#endif
