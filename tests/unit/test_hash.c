/* MD5, SHA-1, SHA-256 (RFC 1321, FIPS 180-4), at every length around a block and in odd pieces. */
#include "check.h"

#include <stdint.h>

#include "hash.h"
#include "hex.h"

static void digest(const wsmtp_hash_algorithm *algorithm, const void *data, size_t data_len,
                   size_t piece, uint8_t *out)
{
    const uint8_t *octets = data;
    wsmtp_hash_context context;
    wsmtp_hash_init(&context, algorithm);
    for (size_t i = 0; i < data_len; i += piece) {
        wsmtp_hash_update(&context, octets + i, data_len - i < piece ? data_len - i : piece);
    }
    wsmtp_hash_final(&context, out);
    /* The context held the message and is wiped. */
    const uint8_t *rest = (const uint8_t *)&context;
    size_t zeroes = 0;
    while (zeroes < sizeof context && rest[zeroes] == 0) {
        zeroes++;
    }
    CHECK_EQ(zeroes, sizeof context);
}

static void check_digest(const wsmtp_hash_algorithm *algorithm, const void *data, size_t data_len,
                         const char *wanted)
{
    static const size_t pieces[] = {1, 3, 63, 64, 65, 100000};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        uint8_t out[WSMTP_HASH_MAX];
        digest(algorithm, data, data_len, pieces[i], out);
        CHECK_HEX(out, algorithm->digest_len, wanted);
    }
}

static void test_known(void)
{
    static const char *const two_blocks =
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static const char *const md5_digits =
        "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
    check_digest(&wsmtp_md5, "", 0, "d41d8cd98f00b204e9800998ecf8427e");
    check_digest(&wsmtp_md5, "a", 1, "0cc175b9c0f1b6a831c399e269772661");
    check_digest(&wsmtp_md5, "abc", 3, "900150983cd24fb0d6963f7d28e17f72");
    check_digest(&wsmtp_md5, "message digest", 14, "f96b697d7cb7938d525a2f31aaf161d0");
    check_digest(&wsmtp_md5, md5_digits, 80, "57edf4a22be3c955ac49da2e2107b67a");
    check_digest(&wsmtp_sha1, "", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    check_digest(&wsmtp_sha1, "abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
    check_digest(&wsmtp_sha1, two_blocks, 56, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    check_digest(&wsmtp_sha256, "", 0,
                 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_digest(&wsmtp_sha256, "abc", 3,
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_digest(&wsmtp_sha256, two_blocks, 56,
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* Lengths at which the padding moves into another block: a message of as many "a". */
static void test_block_ends(void)
{
    static const struct {
        size_t len;
        const char *md5, *sha1, *sha256;
    } rows[] = {
        {55, "ef1772b6dff9a122358552954ad0df65", "c1c8bbdc22796e28c0e15163d20899b65621d65a",
         "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
        {56, "3b0c8ac703f828b04c6c197006d17218", "c2db330f6083854c99d4b5bfb6e8f29f201be699",
         "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
        {57, "652b906d60af96844ebd21b674f35e93", "f08f24908d682555111be7ff6f004e78283d989a",
         "f13b2d724659eb3bf47f2dd6af1accc87b81f09f59f2b75e5c0bed6589dfe8c6"},
        {63, "b06521f39153d618550606be297466d5", "03f09f5b158a7a8cdad920bddc29b81c18a551f5",
         "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
        {64, "014842d480b571495a4a0363793f7367", "0098ba824b5c16427bd7a1122a5a442a25ec644d",
         "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
        {65, "c743a45e0d2e6a95cb859adae0248435", "11655326c708d70319be2610e8a57d9a5b959d3b",
         "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
        {119, "8a7bd0732ed6a28ce75f6dabc90e1613", "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56",
         "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
        {120, "5f61c0ccad4cac44c75ff505e1f1e537", "f34c1488385346a55709ba056ddd08280dd4c6d6",
         "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
        {128, "e510683b3f5ffe4093d021808bc6ff70", "ad5b3fdbcb526778c2839d2f151ea753995e26a0",
         "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e"},
    };
    char message[128];
    memset(message, 'a', sizeof message);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_digest(&wsmtp_md5, message, rows[i].len, rows[i].md5);
        check_digest(&wsmtp_sha1, message, rows[i].len, rows[i].sha1);
        check_digest(&wsmtp_sha256, message, rows[i].len, rows[i].sha256);
    }
}

/* FIPS 180-4's long message, in pieces that no block is a multiple of. */
static void test_million(void)
{
    static const struct {
        const wsmtp_hash_algorithm *algorithm;
        const char *wanted;
    } rows[] = {
        {&wsmtp_md5, "7707d6ae4e027c70eea2a935c2296f21"},
        {&wsmtp_sha1, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
        {&wsmtp_sha256, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}};
    char piece[997];
    memset(piece, 'a', sizeof piece);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wsmtp_hash_context context;
        uint8_t out[WSMTP_HASH_MAX];
        size_t left = 1000000;
        wsmtp_hash_init(&context, rows[i].algorithm);
        while (left > 0) {
            size_t n = left < sizeof piece ? left : sizeof piece;
            wsmtp_hash_update(&context, piece, n);
            left -= n;
        }
        wsmtp_hash_final(&context, out);
        CHECK_HEX(out, rows[i].algorithm->digest_len, rows[i].wanted);
    }
}

int main(void)
{
    test_known();
    test_block_ends();
    test_million();
    return check_report();
}
