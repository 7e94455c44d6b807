/*
 * MD5, SHA-1, SHA-256, SHA-512 (RFC 1321, FIPS 180-4), at every length around a block and in odd
 * pieces.
 */
#include "check.h"

#include <stdint.h>

#include "algorithms.h"
#include "hex.h"

static void digest(wsmtp_hash_algorithm *algorithm, const void *data, size_t data_len,
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

static void check_digest(wsmtp_hash_algorithm *algorithm, const void *data, size_t data_len,
                         const char *wanted)
{
    static const size_t pieces[] = {1, 3, 63, 64, 65, 127, 128, 129, 100000};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        uint8_t out[WSMTP_HASH_MAX];
        digest(algorithm, data, data_len, pieces[i], out);
        CHECK_HEX(out, algorithm->digest_len, wanted);
    }
}

/* FIPS 180-4 sections 4.2.2, 4.2.3, 5.3.3 and 5.3.5; what SHA-256 has is the upper halves. */
static void test_constants(void)
{
    static const uint64_t constants[80] = {
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
    static const uint64_t initial[8] = {
        0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
        0x510e527fade682d1u, 0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u};
    for (size_t i = 0; i < 80; i++) {
        CHECK_EQ(algorithm_of(WSMTP_HASH_SHA_512)->constants[i], constants[i]);
        CHECK_EQ(algorithm_of(WSMTP_HASH_SHA_256)->constants[i], constants[i] >> 32);
    }
    for (size_t i = 0; i < 8; i++) {
        CHECK_EQ(algorithm_of(WSMTP_HASH_SHA_512)->initial[i], initial[i]);
        CHECK_EQ(algorithm_of(WSMTP_HASH_SHA_256)->initial[i], initial[i] >> 32);
    }
}

static void test_known(void)
{
    static const char *const two_blocks =
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static const char *const md5_digits =
        "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
    /* FIPS 180-4's message of two blocks of SHA-512 */
    static const char *const two_large_blocks =
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
        "lmnopqrsmnopqrstnopqrstu";
    check_digest(algorithm_of(WSMTP_HASH_MD5), "", 0, "d41d8cd98f00b204e9800998ecf8427e");
    check_digest(algorithm_of(WSMTP_HASH_MD5), "a", 1, "0cc175b9c0f1b6a831c399e269772661");
    check_digest(algorithm_of(WSMTP_HASH_MD5), "abc", 3, "900150983cd24fb0d6963f7d28e17f72");
    check_digest(algorithm_of(WSMTP_HASH_MD5), "message digest", 14, "f96b697d7cb7938d525a2f31aaf161d0");
    check_digest(algorithm_of(WSMTP_HASH_MD5), md5_digits, 80, "57edf4a22be3c955ac49da2e2107b67a");
    check_digest(algorithm_of(WSMTP_HASH_SHA_1), "", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    check_digest(algorithm_of(WSMTP_HASH_SHA_1), "abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
    check_digest(algorithm_of(WSMTP_HASH_SHA_1), two_blocks, 56, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    check_digest(algorithm_of(WSMTP_HASH_SHA_256), "", 0,
                 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_digest(algorithm_of(WSMTP_HASH_SHA_256), "abc", 3,
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_digest(algorithm_of(WSMTP_HASH_SHA_256), two_blocks, 56,
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check_digest(algorithm_of(WSMTP_HASH_SHA_512), "", 0,
                 "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                 "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
    check_digest(algorithm_of(WSMTP_HASH_SHA_512), "abc", 3,
                 "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                 "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    check_digest(algorithm_of(WSMTP_HASH_SHA_512), two_large_blocks, 112,
                 "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
                 "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909");
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
        check_digest(algorithm_of(WSMTP_HASH_MD5), message, rows[i].len, rows[i].md5);
        check_digest(algorithm_of(WSMTP_HASH_SHA_1), message, rows[i].len, rows[i].sha1);
        check_digest(algorithm_of(WSMTP_HASH_SHA_256), message, rows[i].len, rows[i].sha256);
    }
}

/* The same of SHA-512, whose blocks and length are twice as long. */
static void test_large_block_ends(void)
{
    static const struct {
        size_t len;
        const char *sha512;
    } rows[] = {
        {55,
         "b0220c772cbf6c1822e2cb38a437d0e1d58772417a4bbb21c961364f8b6143e0"
         "5aa6316dca8d1d7b19e16448419076395f6086cb55101fbd6d5497b148e1745f"},
        {56,
         "962b64aae357d2a4fee3ded8b539bdc9d325081822b0bfc55583133aab44f18b"
         "afe11d72a7ae16c79ce2ba620ae2242d5144809161945f1367f41b3972e26e04"},
        {64,
         "01d35c10c6c38c2dcf48f7eebb3235fb5ad74a65ec4cd016e2354c637a8fb49b"
         "695ef3c1d6f7ae4cd74d78cc9c9bcac9d4f23a73019998a7f73038a5c9b2dbde"},
        {111,
         "fa9121c7b32b9e01733d034cfc78cbf67f926c7ed83e82200ef8681819692176"
         "0b4beff48404df811b953828274461673c68d04e297b0eb7b2b4d60fc6b566a2"},
        {112,
         "c01d080efd492776a1c43bd23dd99d0a2e626d481e16782e75d54c2503b5dc32"
         "bd05f0f1ba33e568b88fd2d970929b719ecbb152f58f130a407c8830604b70ca"},
        {113,
         "55ddd8ac210a6e18ba1ee055af84c966e0dbff091c43580ae1be703bdb85da31"
         "acf6948cf5bd90c55a20e5450f22fb89bd8d0085e39f85a86cc46abbca75e24d"},
        {119,
         "130396a75cb483f2eee8c56d8a668bb3d2641f5243212c0bee2bd33da096ad9e"
         "b8179fe18f9eaacf76e09fae9de4c3f14ba13341e345be05bf76c182cc3468cb"},
        {120,
         "f241de612b01aa2fa3cf01531d2a8e5e17fc761dfd48a704a834a47f57d6eade"
         "7804ecc39be42fdef16ec6adeaf7c01c2fd0c4cc97d3860907cfa4a3b36d0c05"},
        {127,
         "828613968b501dc00a97e08c73b118aa8876c26b8aac93df128502ab360f91ba"
         "b50a51e088769a5c1eff4782ace147dce3642554199876374291f5d921629502"},
        {128,
         "b73d1929aa615934e61a871596b3f3b33359f42b8175602e89f7e06e5f658a24"
         "3667807ed300314b95cacdd579f3e33abdfbe351909519a846d465c59582f321"},
        {129,
         "4f681e0bd53cda4b5a2041cc8a06f2eabde44fb16c951fbd5b87702f07aeab61"
         "1565b19c47fde30587177ebb852e3971bbd8d3fd30da18d71037dfbd98420429"},
        {239,
         "52c853cb8d907f3d4d6b889beb027985d7c273486d75f8baf26f80d24e90c74c"
         "6c3de3e22131582380a7d14d43f2941a31385439cd6ddc469f628015e50bf286"},
        {240,
         "4c296d90c61052a62ffb1dd196f1b7b09373b1f93e71836baebf89690546b759"
         "5684dbe9467a8e484fa0d1094272b4344a7c24f5fee8daedeb0bf549c985ab5f"},
        {241,
         "81bd43dcdb4d9a7bae6f4f3ebd771d5988481613097aa5de5774f9fdfc1d4230"
         "a608fa1a9dfe3147dc88545df63513f93d13d92d27963926e5a3632aaed4c8bb"},
        {255,
         "d8b5a659e365f704ab114ae7079a8da24fb9997b3052a4a63b37d654652bad6f"
         "bdd2b52d737e20a9d5ac3c5831d6afdd32ff737a3dd95269d2793bc2aa850aab"},
        {256,
         "6a9169eb662f136d87374070e8828b3e615a7eca32a89446e9225b02832709be"
         "095e635c824a2bb70213ba2ea0ababac0809827843992c851903b7ac0c136699"},
        {257,
         "17fa1d01865805f9e657c5f5088754d19913eb418577b03cd040b99e5e1354fd"
         "31d0d7f24b5474c62b49e3271860859510909685c5811eba23b06e1e3369899d"},
    };
    char message[257];
    memset(message, 'a', sizeof message);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_digest(algorithm_of(WSMTP_HASH_SHA_512), message, rows[i].len, rows[i].sha512);
    }
}

/* FIPS 180-4's long message, in pieces that no block is a multiple of. */
static void test_million(void)
{
    static const struct {
        wsmtp_hash hash;
        const char *wanted;
    } rows[] = {
        {WSMTP_HASH_MD5, "7707d6ae4e027c70eea2a935c2296f21"},
        {WSMTP_HASH_SHA_1, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
        {WSMTP_HASH_SHA_256, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
        {WSMTP_HASH_SHA_512,
         "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
         "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"}};
    char piece[997];
    memset(piece, 'a', sizeof piece);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wsmtp_hash_context context;
        uint8_t out[WSMTP_HASH_MAX];
        size_t left = 1000000;
        wsmtp_hash_init(&context, algorithm_of(rows[i].hash));
        while (left > 0) {
            size_t n = left < sizeof piece ? left : sizeof piece;
            wsmtp_hash_update(&context, piece, n);
            left -= n;
        }
        wsmtp_hash_final(&context, out);
        CHECK_HEX(out, algorithm_of(rows[i].hash)->digest_len, rows[i].wanted);
    }
}

int main(void)
{
    test_constants();
    test_known();
    test_block_ends();
    test_large_block_ends();
    test_million();
    return check_report();
}
