#include "hash.h"

#if WSMTP_FEATURE_SCRAM || WSMTP_FEATURE_CRAM_MD5

#include "octets.h"

/* Where in its word the byte at an offset is: bits that it is shifted by. */
static unsigned wsmtp_byte_shift(const wsmtp_hash_context *context, unsigned offset)
{
    return ((context->algorithm->big_endian ? ~offset : offset) & 3u) * 8u;
}

void wsmtp_hash_init(wsmtp_hash_context *context, const wsmtp_hash_algorithm *algorithm)
{
    memset(context, 0, sizeof *context);
    context->algorithm = algorithm;
    memcpy(context->state, algorithm->initial, algorithm->digest_len);
}

static void wsmtp_hash_compress(wsmtp_hash_context *context)
{
    context->algorithm->compress(context->state, context->block);
    memset(context->block, 0, sizeof context->block);
}

void wsmtp_hash_update(wsmtp_hash_context *context, const void *data, size_t data_len)
{
    const uint8_t *octets = data;
    const unsigned block_len = context->algorithm->block_len;
    for (size_t i = 0; i < data_len; i++) {
        unsigned used = context->length++ % block_len;
        context->block[used / 4u] |= (uint32_t)octets[i] << wsmtp_byte_shift(context, used);
        if (used == block_len - 1u) {
            wsmtp_hash_compress(context);
        }
    }
}

void wsmtp_hash_final(wsmtp_hash_context *context, uint8_t *digest)
{
    uint32_t length = context->length;
    const unsigned block_len = context->algorithm->block_len;
    unsigned low = block_len / 4u - (context->algorithm->big_endian ? 1u : 2u);
    uint8_t octet = 0x80;
    /* A single bit, then zeroes up to the last eighth of a block: the length's place. */
    do {
        wsmtp_hash_update(context, &octet, 1);
        octet = 0;
    } while (context->length % block_len != block_len - block_len / 8u);
    context->block[low] = length << 3;
    context->block[low ^ 1u] = length >> 29;
    wsmtp_hash_compress(context);
    for (unsigned i = 0; i < context->algorithm->digest_len; i++) {
        digest[i] = (uint8_t)(context->state[i / 4u] >> wsmtp_byte_shift(context, i));
    }
    wsmtp_wipe(context, sizeof *context);
}

#endif
