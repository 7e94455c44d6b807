/*
 * HMAC (RFC 2202, RFC 4231) and PBKDF2 (RFC 6070, RFC 7914). The RFCs' inputs are run through all
 * four hashes. RFC 6070's case of 16,777,216 iterations is left out: it takes minutes here.
 */
#include "check.h"

#include <stdint.h>

#include "algorithms.h"
#include "hex.h"

static void check_hmac(wsmtp_hash_algorithm *algorithm, const char *key_hex,
                       const char *data_hex, const char *wanted)
{
    uint8_t key[256], data[256], out[WSMTP_HASH_MAX];
    size_t key_len = hex_read(key_hex, key);
    size_t data_len = hex_read(data_hex, data);
    for (size_t piece = 1; piece <= data_len + 1; piece += piece < 4 ? 1 : 29) {
        wsmtp_hmac keyed, hmac;
        wsmtp_hmac_init(&keyed, algorithm, key, key_len);
        /* A copy of the keyed state, twice: the first use must not be seen in the second. */
        for (unsigned again = 0; again < 2; again++) {
            hmac = keyed;
            for (size_t i = 0; i < data_len; i += piece) {
                wsmtp_hmac_update(&hmac, data + i, data_len - i < piece ? data_len - i : piece);
            }
            wsmtp_hmac_final(&hmac, out);
            CHECK_HEX(out, algorithm->digest_len, wanted);
            static const wsmtp_hmac zero;
            CHECK_OCTETS(&hmac, sizeof hmac, &zero, sizeof zero);
        }
    }
}

static void test_hmac(void)
{
    static const struct {
        const char *key, *data, *md5, *sha1, *sha256, *sha512;
    } rows[] = {
        /* RFC 2202 and RFC 4231, 1 */
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
         "5ccec34ea9656392457fa1ac27f08fbc", "b617318655057264e28bc0b6fb378c8ef146be00",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
         "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
         "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
        /* RFC 2202, HMAC-MD5 1 */
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265", "9294727a3638bb1c13f48ef8158bfc9d",
         "675b0b3a1b4ddf4e124872da6c2f632bfed957e9",
         "492ce020fe2534a5789dc3848806c78f4f6711397f08e7e7a12ca5a4483c8aa6",
         "7641c48a3b4aa8f887c07b3e83f96affb89c978fed8c96fcbbf4ad596eebfe49"
         "6f9f16da6cd080ba393c6f365ad72b50d15c71bfb1d6b81f66a911786c6ce932"},
        /* 2 */
        {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
         "750c783e6ab0b503eaa86e310a5db738", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
         "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
         "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
        /* 3 */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
         "dddddddddddddddddddd",
         "2ab8b9a9f7d3894d15ad8383b97044b2", "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
         "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
         "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"},
        /* RFC 2202, HMAC-MD5 3 */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
         "dddddddddddddddddddd",
         "56be34521d144c88dbb8c733f0e8b3f6", "d730594d167e35d5956fd8003d0db3d3f46dc7bb",
         "7dda3cc169743a6484649f94f0eda0f9f2ff496a9733fb796ed5adb40a44c3c1",
         "ad9b5c7de72693737cd5e9d9f41170d18841fec1201c1c1b02e05cae11671800"
         "9f771cad9946ddbf7e3cde3e818d9ae85d91b2badae94172d096a44a79c91e86"},
        /* 4 */
        {"0102030405060708090a0b0c0d0e0f10111213141516171819",
         "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
         "cdcdcdcdcdcdcdcdcdcd",
         "697eaf0aca3a3aea3a75164746ffaa79", "4c9007f4026250c6bc8414f9bf50c86c2d7235da",
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
         "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
         "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"},
        /* 5 */
        {"0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c", "546573742057697468205472756e636174696f6e",
         "951726cea438b8e106e43b3d87a19c8e", "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04",
         "a3b6167473100ee06e0c796c2955552bfa6f7c0a6a8aef8b93f860aab0cd20c5",
         "415fad6271580a531d4179bc891d87a650188707922a4fbb36663a1eb16da008"
         "711c5b50ddd0fc235084eb9d3364a1454fb2ef67cd1d29fe6773068ea266e96b"},
        /* RFC 2202, 6 */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20"
         "48617368204b6579204669727374",
         "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd", "aa4ae5e15272d00e95705637ce8a3b55ed402112",
         "6953025ed96f0c09f80a96f78e6538dbe2e7b820e3dd970e7ddd39091b32352f",
         "132c9ebc32531071f6c4d9e8842291e9403e5940f813170a3ba3a0dd6c055c8b"
         "8ca587b24c56c47f3c1f2fb8ee8f9fbc8d92deed0f83426be3e8a2e9056778b3"},
        /* RFC 4231, 6 */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaa",
         "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20"
         "48617368204b6579204669727374",
         "bfecaf4efff90a3a668f3922fec3762d", "90d0dace1c1bdc957339307803160335bde6df2b",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
         "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
         "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
        /* RFC 2202, 7 */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b657920616e"
         "64204c6172676572205468616e204f6e6520426c6f636b2d53697a652044617461",
         "6f630fad67cda0ee1fb1f562db3aa53e", "e8e99d0f45237d786d6bbaa7965c7808bbff1a91",
         "6355ac22e890d0a3c8481a5ca4825bc884d3e7a1ff98a2fc2ac7d8e064c3b2e6",
         "09441cda584ed2f4d2f5b519c71baf3c79cce19dfc89a548e73b3bb382a9124d"
         "6e792b77bf57903ff5858e5d111d15f45d6fd118eea023f28d2eb234ebe62f85"},
        /* RFC 4231, 7 */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaa",
         "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b"
         "2d73697a65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a652064"
         "6174612e20546865206b6579206e6565647320746f20626520686173686564206265666f72652062"
         "65696e6720757365642062792074686520484d414320616c676f726974686d2e",
         "09b8ae7b15adbbb243aca3491b51512b", "217e44bb08b6e06a2d6c30f3cb9f537f97c63356",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
         "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
         "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"},
        /* ends of a block */
        {"55555555555555555555555555555555555555555555555555555555555555555555555555555555"
         "555555555555555555555555555555555555555555555555",
         "61206b6579206f66206f6e6520626c6f636b", "1f4b02c399db1431d359f871c02c59d7",
         "97bc749aa5b0d7e43e40b735918e768337bcb33d",
         "9caa7c3681805d443f26bb4a283ce12e9ac1170587902c392119c1ac1be3f2ec",
         "5d9ce303a2d2c8673ae158b68132b4a12f4940a7099fecec02584070135d399e"
         "23c34c2a7d499440c339ec0e25e3ec4a983e09e984d005036e889b49c4244671"},
        /* ends of a block */
        {"55555555555555555555555555555555555555555555555555555555555555555555555555555555"
         "55555555555555555555555555555555555555555555555555",
         "61206b6579206f66206f6e6520626c6f636b20616e64206f6e652062797465",
         "3215a241f211748d4f9c0ab29b780d08", "2774d2e36078f6fa19bc26fbe0517c8d31071d51",
         "9f4e4073808bee997bb53e6b36acd3899d0b95c007c4419110254fc81c1336df",
         "e1bd91e2ed015870957201f29f811d83502f27b88a3c264da55487bc947b942b"
         "3b7ab1961f6f6a9e95ca229d9f21a793455bacf9c0c3f8296a6a56722fe2ddb3"},
        /* ends of SHA-512's block */
        {"55555555555555555555555555555555555555555555555555555555555555555555555555555555"
         "55555555555555555555555555555555555555555555555555555555555555555555555555555555"
         "55555555555555555555555555555555555555555555555555555555555555555555555555555555"
         "55555555555555",
         "61206b6579206f66206f6e6520626c6f636b20627574206f6e65",
         "c5c42e796e021218cb92ccd8042c6416", "fa2883307b1ec5451a414d8b7bc8c3a56762a5af",
         "fe513f19287e697884aef2ddd0ed5926459a8d98692dc3e345ba87b6283a7307",
         "3dcf7ceb1dd70b93e71aaded01741a43171c8c7eba34b4f4a403deddd88f0cbf"
         "398555059d994eb553d1ba489b822dbc52f40a2c33e54b24767146b5945644de"},
        /* ends of SHA-512's block */
        {"55555555555555555555555555555555555555555555555555555555555555555555555555555555"
         "55555555555555555555555555555555555555555555555555555555555555555555555555555555"
         "55555555555555555555555555555555555555555555555555555555555555555555555555555555"
         "5555555555555555",
         "61206b6579206f66206f6e65206c6172676520626c6f636b",
         "ee275479ed2091482c868cd0f5916afc", "95258e7bac187671375abd689883a4e30253d43e",
         "21323f65c6b3ce29b07f1b46b82c005d2c0e579f1a75341b472a5cb2ac55d5e7",
         "f11349e577894a84a40baf7cbf6832aba3cbef7880fe667109974b4d45141323"
         "4f7e7dc7963895d17a9b6f1a929a175e8a1fa9b0cd5a5b93d81b1213a76ba3fb"},
        /* ends of SHA-512's block */
        {"55555555555555555555555555555555555555555555555555555555555555555555555555555555"
         "55555555555555555555555555555555555555555555555555555555555555555555555555555555"
         "55555555555555555555555555555555555555555555555555555555555555555555555555555555"
         "555555555555555555",
         "61206b6579206f66206f6e65206c6172676520626c6f636b20616e64206f6e652062797465",
         "9f7a0a1032591142a31aa227e52d4b7d", "96ea74a4572787762332c717ae819206992628c0",
         "4db12c932c41703d9e2307dec8b02cca43a02b3a5536eaebb6daae380fbf8c4b",
         "3a744ae755da79f4f4e7084b265c418dffa51ada7c8c7b9032c352006bd70691"
         "38ad3ef7f191826ae5748b600cca0252f28686d8ff0ade34e62354cd2ae58144"},
        /* nothing at all */
        {"", "", "74e6f7298a9c2d168935f58c001bad88", "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d",
         "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
         "b936cee86c9f87aa5d3c6f2e84cb5a4239a5fe50480a6ec66b70ab5b1f4ac673"
         "0c6c515421b327ec1d69402e53dfb49ad7381eb067b338fd7b0cb22247225d47"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_hmac(algorithm_of(WSMTP_HASH_MD5), rows[i].key, rows[i].data, rows[i].md5);
        check_hmac(algorithm_of(WSMTP_HASH_SHA_1), rows[i].key, rows[i].data, rows[i].sha1);
        check_hmac(algorithm_of(WSMTP_HASH_SHA_256), rows[i].key, rows[i].data, rows[i].sha256);
        check_hmac(algorithm_of(WSMTP_HASH_SHA_512), rows[i].key, rows[i].data, rows[i].sha512);
    }
}

static void test_derive_key(void)
{
    static const struct {
        wsmtp_hash hash;
        const char *password, *salt;
        uint32_t iterations;
        const char *wanted;
    } rows[] = {
        /* RFC 6070 */
        {WSMTP_HASH_SHA_1, "70617373776f7264", "73616c74", 1,
         "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
        /* RFC 6070 */
        {WSMTP_HASH_SHA_1, "70617373776f7264", "73616c74", 2,
         "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"},
        /* RFC 6070 */
        {WSMTP_HASH_SHA_1, "70617373776f7264", "73616c74", 4096,
         "4b007901b765489abead49d926f721d065a429c1"},
        /* RFC 6070, the first block */
        {WSMTP_HASH_SHA_1, "70617373776f726450415353574f524470617373776f7264",
         "73616c7453414c5473616c7453414c5473616c7453414c5473616c7453414c5473616c74", 4096,
         "3d2eec4fe41c849b80c8d83662c0e44a8b291a96"},
        /* RFC 6070 */
        {WSMTP_HASH_SHA_1, "7061737300776f7264", "7361006c74", 4096,
         "56fa6aa75548099dcc37d7f03425e0c37f1c42b2"},
        /* RFC 7914 section 11, the first block */
        {WSMTP_HASH_SHA_256, "706173737764", "73616c74", 1,
         "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"},
        /* RFC 7914 section 11, the first block */
        {WSMTP_HASH_SHA_256, "50617373776f7264", "4e61436c", 80000,
         "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"},
        /* RFC 7677 */
        {WSMTP_HASH_SHA_256, "70656e63696c", "5b6d99689d12358eeca04b141236fa81", 4096,
         "c4a49510323ab4f952cac1fa99441939e78ea74d6be81ddf7096e87513dc615d"},
        /* RFC 5802 */
        {WSMTP_HASH_SHA_1, "70656e63696c", "4125c247e43ab1e93c6dff76", 4096,
         "1d96ee3a529b5a5f9e47c01f229a2cb8a6e15f7d"},
        /* a password longer than a block, a salt of two */
        {WSMTP_HASH_SHA_256,
         "70707070707070707070707070707070707070707070707070707070707070707070707070707070707070707"
         "070707070707070707070707070707070707070707070707070",
         "6c6f6e676572207468616e206120626c6f636b6c6f6e676572207468616e206120626c6f636b6c6f"
         "6e676572207468616e206120626c6f636b6c6f6e676572207468616e206120626c6f636b6c6f6e67"
         "6572207468616e206120626c6f636b6c6f6e676572207468616e206120626c6f636b",
         3, "4263afc1a57229015f949e163e1d9e39903db5a856fb03b038af7de31ed64daa"},
        /* RFC 6070's inputs */
        {WSMTP_HASH_SHA_512, "70617373776f7264",
         "73616c74", 1,
         "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252"
         "c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce"},
        /* RFC 6070's inputs */
        {WSMTP_HASH_SHA_512, "70617373776f7264",
         "73616c74", 2,
         "e1d9c16aa681708a45f5c7c4e215ceb66e011a2e9f0040713f18aefdb866d53c"
         "f76cab2868a39b9f7840edce4fef5a82be67335c77a6068e04112754f27ccf4e"},
        /* RFC 6070's inputs */
        {WSMTP_HASH_SHA_512, "70617373776f7264",
         "73616c74", 4096,
         "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5"
         "143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5"},
        /* RFC 6070's inputs */
        {WSMTP_HASH_SHA_512, "70617373776f726450415353574f524470617373776f7264",
         "73616c7453414c5473616c7453414c5473616c7453414c5473616c7453414c5473616c74", 4096,
         "8c0511f4c6e597c6ac6315d8f0362e225f3c501495ba23b868c005174dc4ee71"
         "115b59f9e60cd9532fa33e0f75aefe30225c583a186cd82bd4daea9724a3d3b8"},
        /* RFC 6070's inputs */
        {WSMTP_HASH_SHA_512, "7061737300776f7264",
         "7361006c74", 4096,
         "9d9e9c4cd21fe4be24d5b8244c759665f39d98fc12a9ca759bb021db3cfadf34"
         "5844aebe70dd8b2f6966f25f3613e1187bbd24ed2ca43ed13b246e4675be7ab9"},
        /* a password of one block, and one longer */
        {WSMTP_HASH_SHA_512, "70707070707070707070707070707070707070707070707070707070707070707070707070707070"
         "70707070707070707070707070707070707070707070707070707070707070707070707070707070"
         "70707070707070707070707070707070707070707070707070707070707070707070707070707070"
         "7070707070707070",
         "6f6e6520626c6f636b", 3,
         "96e0bff2535eff8bff87cb49f207114e0b28554788e158d3648cdf07e7606f78"
         "d0a0a344c73e06e467e9193b1371ede378db222cc1e827815fda25842de832ef"},
        /* a password of one block, and one longer */
        {WSMTP_HASH_SHA_512, "70707070707070707070707070707070707070707070707070707070707070707070707070707070"
         "70707070707070707070707070707070707070707070707070707070707070707070707070707070"
         "70707070707070707070707070707070707070707070707070707070707070707070707070707070"
         "707070707070707070",
         "73737373737373737373737373737373737373737373737373737373737373737373737373737373"
         "73737373737373737373737373737373737373737373737373737373737373737373737373737373"
         "73737373737373737373737373737373737373737373737373737373737373737373737373737373"
         "73737373737373", 3,
         "c37d7805ded7ef41cee3ab0e1344bc3499dcb5b430e7c43d244a773ce0691049"
         "7be6e8824f4ee64687fd7ba306d31e6fdeaefa3340a19025348edd0278ac87ba"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t password[256], salt[256], key[WSMTP_HASH_MAX];
        size_t password_len = hex_read(rows[i].password, password);
        size_t salt_len = hex_read(rows[i].salt, salt);
        memset(key, 0xa5, sizeof key);
        wsmtp_derive_key(rows[i].hash, password, password_len, salt, salt_len, rows[i].iterations,
                         key);
        CHECK_HEX(key, wsmtp_hash_len(rows[i].hash), rows[i].wanted);
    }
}

static void test_unknown_hash(void)
{
    static const uint8_t zero[WSMTP_HASH_MAX];
    uint8_t key[WSMTP_HASH_MAX];
    CHECK_EQ(wsmtp_hash_len(WSMTP_HASH_SHA_1), 20);
    CHECK_EQ(wsmtp_hash_len(WSMTP_HASH_SHA_256), 32);
    CHECK_EQ(wsmtp_hash_len((wsmtp_hash)0), 0);
    CHECK_EQ(wsmtp_hash_len(WSMTP_HASH_SHA_512), 64);
    CHECK_EQ(wsmtp_hash_len((wsmtp_hash)4), 0);
    memset(key, 0xa5, sizeof key);
    wsmtp_derive_key((wsmtp_hash)4, key, 4, key, 4, 4096, key);
    CHECK_OCTETS(key, sizeof key, zero, sizeof zero);
}

int main(void)
{
    test_hmac();
    test_derive_key();
    test_unknown_hash();
    return check_report();
}
