/*
 * SHA-256 and SHA-512 (FIPS 180-4 sections 6.2 and 6.4). They differ in the length of words, amounts
 * of rotation and number of rounds. Their constants are fractions of roots of primes, computed where
 * an algorithm is made: a table of them would be larger than all the rest of the hashes.
 */
#include "hash.h"

#include "octets.h"

#if WSMTP_FEATURE_SCRAM

#define WSMTP_LIMBS 8u /* of 32 bits, the lowest first: room for the third power of a root */

/*
 * The first 64 bits behind the point of the square root (degree 2) or the cube root (3) of a prime, one
 * after another: a bit stays if the power of what there is so far is below the prime.
 */
static uint64_t wsmtp_root(uint32_t prime, unsigned degree)
{
    uint32_t root[WSMTP_LIMBS] = {0};
    for (unsigned bit = 67; bit-- > 0;) { /* 64, and three before the point: no root is 8 or more */
        uint32_t power[WSMTP_LIMBS];
        root[bit / 32u] ^= 1u << bit % 32u;
        memcpy(power, root, sizeof power);
        for (unsigned factor = 1; factor < degree; factor++) {
            for (uint32_t *limb = &power[WSMTP_LIMBS]; limb-- > power;) {
                const uint64_t times = *limb;
                uint64_t sum = 0;
                *limb = 0;
                for (uint32_t *to = limb, *from = root; to < &power[WSMTP_LIMBS]; to++, from++) {
                    sum += times * *from + *to;
                    *to = (uint32_t)sum;
                    sum >>= 32;
                }
            }
        }
        if (power[2u * degree] >= prime) {
            root[bit / 32u] ^= 1u << bit % 32u;
        }
    }
    return (uint64_t)root[1] << 32 | root[0];
}

void wsmtp_sha2_constants(wsmtp_hash_algorithm *algorithm)
{
    const unsigned unused = algorithm->word_shift == 2 ? 32 : 0;
    unsigned count = 0;
    for (uint32_t n = 2; count < 80u; n++) {
        uint32_t divisor = 2;
        while (n % divisor != 0) {
            divisor++;
        }
        if (divisor < n) {
            continue; /* no prime */
        }
        algorithm->constants[count] = wsmtp_root(n, 3) >> unused;
        if (count < 8u) {
            algorithm->initial[count] = wsmtp_root(n, 2) >> unused;
        }
        count++;
    }
}

/* A macro, because it is too short to be called and a compiler for size would call it. */
#define WSMTP_ROTATE_RIGHT(word, bits) ((word) >> (bits) | (word) << (64u - (bits)))

/* By how much the large and the small sigmas rotate to the right; the last of a small one is a shift. */
static const uint8_t wsmtp_sha2_amounts[2][12] = {{2, 13, 22, 6, 11, 25, 7, 18, 3, 17, 19, 10},
                                                  {28, 34, 39, 14, 18, 41, 1, 8, 7, 19, 61, 6}};
enum { WSMTP_LARGE_0 = 0, WSMTP_LARGE_1 = 3, WSMTP_SMALL_0 = 6, WSMTP_SMALL_1 = 9 };

/* Three rotations combined. */
static uint64_t wsmtp_sha2_mix(bool wide, uint64_t word, unsigned which)
{
    const uint8_t *by = &wsmtp_sha2_amounts[wide][which];
    const unsigned i = by[0], j = by[1], k = by[2];
    uint64_t twice = word;
    if (!wide) { /* two copies side by side: what rotates out of one comes in from the other */
        word &= UINT32_MAX;
        twice = word << 32 | word;
    }
    return WSMTP_ROTATE_RIGHT(twice, i) ^ WSMTP_ROTATE_RIGHT(twice, j) ^
           (which < WSMTP_SMALL_0 ? WSMTP_ROTATE_RIGHT(twice, k) : word >> k);
}

void wsmtp_sha2_compress(wsmtp_hash_algorithm *algorithm, uint64_t *state, uint64_t *block)
{
    const bool wide = algorithm->word_shift == 3;
    const unsigned rounds = wide ? 80 : 64;
    /* Every round writes a word before those of the last one, which makes them the next ones. */
    uint64_t *s = &algorithm->states[80];
    memcpy(algorithm->schedule, block, 16u * sizeof *block);
    memcpy(s, state, 8u * sizeof *state);
    for (unsigned t = 0; t < rounds; t++) {
        uint64_t *w = &algorithm->schedule[t];
        const uint64_t one = s[7] + wsmtp_sha2_mix(wide, s[4], WSMTP_LARGE_1) +
                             (s[6] ^ (s[4] & (s[5] ^ s[6]))) + algorithm->constants[t] + w[0];
        const uint64_t two = wsmtp_sha2_mix(wide, s[0], WSMTP_LARGE_0) +
                             ((s[0] & s[1]) | (s[2] & (s[0] | s[1])));
        w[16] = w[0] + w[9] + wsmtp_sha2_mix(wide, w[1], WSMTP_SMALL_0) +
                wsmtp_sha2_mix(wide, w[14], WSMTP_SMALL_1);
        s[3] += one;
        *--s = one + two;
    }
    memcpy(state, s, 8u * sizeof *state);
}

#endif
