/*
 * SHA-512 (FIPS 180-4 section 6.4). The words of hash.h have 32 bits: two of them, the upper half
 * first, make one of SHA-512's.
 */
#include "hash.h"

#include "octets.h"

#if WSMTP_FEATURE_SHA_512

/* The upper halves of the first 64 are the constants of SHA-256. */
const uint64_t wsmtp_sha512_constants[80] = {
    0x428a2f98d728ae22u, 0x7137449123ef65cdu, 0xb5c0fbcfec4d3b2fu, 0xe9b5dba58189dbbcu,
    0x3956c25bf348b538u, 0x59f111f1b605d019u, 0x923f82a4af194f9bu, 0xab1c5ed5da6d8118u,
    0xd807aa98a3030242u, 0x12835b0145706fbeu, 0x243185be4ee4b28cu, 0x550c7dc3d5ffb4e2u,
    0x72be5d74f27b896fu, 0x80deb1fe3b1696b1u, 0x9bdc06a725c71235u, 0xc19bf174cf692694u,
    0xe49b69c19ef14ad2u, 0xefbe4786384f25e3u, 0x0fc19dc68b8cd5b5u, 0x240ca1cc77ac9c65u,
    0x2de92c6f592b0275u, 0x4a7484aa6ea6e483u, 0x5cb0a9dcbd41fbd4u, 0x76f988da831153b5u,
    0x983e5152ee66dfabu, 0xa831c66d2db43210u, 0xb00327c898fb213fu, 0xbf597fc7beef0ee4u,
    0xc6e00bf33da88fc2u, 0xd5a79147930aa725u, 0x06ca6351e003826fu, 0x142929670a0e6e70u,
    0x27b70a8546d22ffcu, 0x2e1b21385c26c926u, 0x4d2c6dfc5ac42aedu, 0x53380d139d95b3dfu,
    0x650a73548baf63deu, 0x766a0abb3c77b2a8u, 0x81c2c92e47edaee6u, 0x92722c851482353bu,
    0xa2bfe8a14cf10364u, 0xa81a664bbc423001u, 0xc24b8b70d0f89791u, 0xc76c51a30654be30u,
    0xd192e819d6ef5218u, 0xd69906245565a910u, 0xf40e35855771202au, 0x106aa07032bbd1b8u,
    0x19a4c116b8d2d0c8u, 0x1e376c085141ab53u, 0x2748774cdf8eeb99u, 0x34b0bcb5e19b48a8u,
    0x391c0cb3c5c95a63u, 0x4ed8aa4ae3418acbu, 0x5b9cca4f7763e373u, 0x682e6ff3d6b2b8a3u,
    0x748f82ee5defb2fcu, 0x78a5636f43172f60u, 0x84c87814a1f0ab72u, 0x8cc702081a6439ecu,
    0x90befffa23631e28u, 0xa4506cebde82bde9u, 0xbef9a3f7b2c67915u, 0xc67178f2e372532bu,
    0xca273eceea26619cu, 0xd186b8c721c0c207u, 0xeada7dd6cde0eb1eu, 0xf57d4f7fee6ed178u,
    0x06f067aa72176fbau, 0x0a637dc5a2c898a6u, 0x113f9804bef90daeu, 0x1b710b35131c471bu,
    0x28db77f523047d84u, 0x32caab7b40c72493u, 0x3c9ebe0a15c9bebcu, 0x431d67c49c100d4cu,
    0x4cc5d4becb3e42b6u, 0x597f299cfc657e2au, 0x5fcb6fab3ad6faecu, 0x6c44198c4a475817u};

static inline uint64_t wsmtp_rotate_right(uint64_t word, unsigned bits)
{
    return word >> bits | word << (64u - bits);
}

static inline uint64_t wsmtp_sha512_word(const uint32_t *words, unsigned i)
{
    return (uint64_t)words[2u * i] << 32 | words[2u * i + 1u];
}

static void wsmtp_sha512_compress(uint32_t *state, uint32_t *block)
{
    uint64_t s[8], w[16];
    for (unsigned i = 0; i < 16u; i++) {
        w[i] = wsmtp_sha512_word(block, i);
        s[i & 7u] = wsmtp_sha512_word(state, i & 7u);
    }
    for (unsigned t = 0; t < 80u; t++) {
        /* As in SHA-256, the schedule needs no more than its last 16 words. */
        uint64_t *word = &w[t & 15u];
        if (t >= 16u) {
            uint64_t x = w[(t + 1u) & 15u];
            uint64_t y = w[(t + 14u) & 15u];
            *word += w[(t + 9u) & 15u] +
                     (wsmtp_rotate_right(x, 1) ^ wsmtp_rotate_right(x, 8) ^ x >> 7u) +
                     (wsmtp_rotate_right(y, 19) ^ wsmtp_rotate_right(y, 61) ^ y >> 6u);
        }
        uint64_t a = s[0], e = s[4];
        uint64_t one = s[7] +
                       (wsmtp_rotate_right(e, 14) ^ wsmtp_rotate_right(e, 18) ^
                        wsmtp_rotate_right(e, 41)) +
                       (s[6] ^ (e & (s[5] ^ s[6]))) + wsmtp_sha512_constants[t] + *word;
        uint64_t two = (wsmtp_rotate_right(a, 28) ^ wsmtp_rotate_right(a, 34) ^
                        wsmtp_rotate_right(a, 39)) +
                       ((a & s[1]) | (s[2] & (a | s[1])));
        memmove(&s[1], &s[0], 7u * sizeof s[0]);
        s[4] += one;
        s[0] = one + two;
    }
    for (unsigned i = 0; i < 8u; i++) {
        s[i] += wsmtp_sha512_word(state, i);
        state[2u * i] = (uint32_t)(s[i] >> 32);
        state[2u * i + 1u] = (uint32_t)s[i];
    }
}

static const uint32_t wsmtp_sha512_initial[16] = {
    0x6a09e667u, 0xf3bcc908u, 0xbb67ae85u, 0x84caa73bu, 0x3c6ef372u, 0xfe94f82bu,
    0xa54ff53au, 0x5f1d36f1u, 0x510e527fu, 0xade682d1u, 0x9b05688cu, 0x2b3e6c1fu,
    0x1f83d9abu, 0xfb41bd6bu, 0x5be0cd19u, 0x137e2179u};

const wsmtp_hash_algorithm wsmtp_sha512 = {
    wsmtp_sha512_compress, wsmtp_sha512_initial, 64, 128, true,
};

#endif
