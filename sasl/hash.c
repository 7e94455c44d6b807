#include "hash.h"

#if WSMTP_FEATURE_SCRAM || WSMTP_FEATURE_CRAM_MD5

#include "octets.h"

/* Bits that the byte at an offset is shifted by in its word. */
static unsigned wsmtp_byte_shift(const wsmtp_hash_context *context, size_t offset)
{
    return (unsigned)((context->algorithm->big_endian ? ~offset : offset) & 3u) * 8u;
}

static void wsmtp_hash_block(wsmtp_hash_context *context)
{
    memset(context->words, 0, sizeof context->words);
    for (size_t i = 0; i < WSMTP_HASH_BLOCK; i++) {
        context->words[i / 4u] |= (uint32_t)context->block[i] << wsmtp_byte_shift(context, i);
    }
    context->algorithm->compress(context->state, context->words);
}

void wsmtp_hash_init(wsmtp_hash_context *context, const wsmtp_hash_algorithm *algorithm)
{
    context->algorithm = algorithm;
    context->length = 0;
    memcpy(context->state, algorithm->initial, sizeof context->state);
}

void wsmtp_hash_update(wsmtp_hash_context *context, const void *data, size_t data_len)
{
    const uint8_t *octets = data;
    for (size_t i = 0; i < data_len; i++) {
        size_t used = (size_t)(context->length++ % WSMTP_HASH_BLOCK);
        context->block[used] = octets[i];
        if (used == WSMTP_HASH_BLOCK - 1u) {
            wsmtp_hash_block(context);
        }
    }
}

void wsmtp_hash_final(wsmtp_hash_context *context, uint8_t *digest)
{
    static const uint8_t padding[WSMTP_HASH_BLOCK] = {0x80};
    uint64_t bits = context->length * 8u;
    /* 1 to 64 bytes, so that 8 are left in the block for the length. */
    wsmtp_hash_update(context, padding, (size_t)(64u - (context->length + 8u) % 64u));
    for (unsigned i = 0; i < 8u; i++) {
        unsigned shift = (context->algorithm->big_endian ? 7u - i : i) * 8u;
        uint8_t octet = (uint8_t)(bits >> shift);
        wsmtp_hash_update(context, &octet, 1);
    }
    for (size_t i = 0; i < context->algorithm->digest_len; i++) {
        digest[i] = (uint8_t)(context->state[i / 4u] >> wsmtp_byte_shift(context, i));
    }
    wsmtp_wipe(context, sizeof *context);
}

#endif
