/*
 * Salted keys of SCRAM, kept between sessions: by a server object on its own, and by a cache of the
 * caller's. A key that is no longer right is forgotten, and does no harm but one refusal.
 */
#include <wsmtp/client.h>

#include <stdlib.h>

#include "support.h"

static wsmtp_mechanism mechanism = WSMTP_MECHANISM_SCRAM_SHA_256;
static wsmtp_hash hash = WSMTP_HASH_SHA_256;

/* A cache of one key. */
typedef struct cache {
    bool has;
    uint8_t key[WSMTP_HASH_MAX];
    unsigned looked, stored, forgotten;
} cache;

static void check_description(const wsmtp_salted_key *of)
{
    const char *salt = test_text("SALT");
    CHECK_TEXT(of->host, strlen(of->host), "127.0.0.1");
    CHECK_TEXT(of->user, of->user_len, "alice");
    CHECK_EQ(of->hash, hash);
    CHECK_EQ(of->iterations, strtoul(test_text("ITERATIONS"), NULL, 10));
    CHECK(of->salt_len == strlen(salt) && memcmp(of->salt, salt, of->salt_len) == 0);
}

static bool lookup(void *context, const wsmtp_salted_key *of, uint8_t key[WSMTP_HASH_MAX])
{
    cache *c = context;
    check_description(of);
    c->looked++;
    memcpy(key, c->key, sizeof c->key);
    return c->has;
}

static void store(void *context, const wsmtp_salted_key *of, const uint8_t *key, size_t key_len)
{
    cache *c = context;
    check_description(of);
    CHECK_EQ(key_len, wsmtp_hash_len(hash));
    c->stored++;
    c->has = true;
    memcpy(c->key, key, key_len);
}

static void forget(void *context, const wsmtp_salted_key *of)
{
    cache *c = context;
    check_description(of);
    c->forgotten++;
    c->has = false;
}

static void right_key(uint8_t key[WSMTP_HASH_MAX])
{
    const char *hex = test_text(hash == WSMTP_HASH_SHA_256 ? "KEY" : "KEY_512");
    for (size_t i = 0; i < wsmtp_hash_len(hash); i++) {
        const char octet[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        key[i] = (uint8_t)strtoul(octet, NULL, 16);
    }
}

static const char *port = "PORT";

static wsmtp_client_options options_of(wsmtp_credentials *credentials, const char *password)
{
    wsmtp_client_options options = test_options(port, WSMTP_TLS_NONE);
    *credentials = test_credentials(mechanism);
    credentials->password = password;
    credentials->password_len = strlen(password);
    credentials->allow_plaintext_auth = true;
    options.credentials = credentials;
    return options;
}

static wsmtp_reason last_reason;

/* Whether a session opens. */
static bool log_in(cache *c, const char *password)
{
    wsmtp_key_cache keys = {.context = c, .lookup = lookup, .store = store, .forget = forget};
    wsmtp_credentials credentials;
    wsmtp_client_options options = options_of(&credentials, password);
    options.keys = c ? &keys : NULL;
    wsmtp_client *client = wsmtp_client_new(&options);
    bool opened = wsmtp_client_open(client);
    last_reason = wsmtp_client_error_get(client)->reason;
    wsmtp_client_quit(client);
    wsmtp_client_free(client);
    return opened;
}

static void test_caller(void)
{
    cache c = {0};
    uint8_t right[WSMTP_HASH_MAX] = {0};
    right_key(right);
    CHECK(log_in(&c, "secret"));
    CHECK(c.looked == 1 && c.stored == 1 && c.forgotten == 0);
    CHECK(memcmp(c.key, right, wsmtp_hash_len(hash)) == 0);
    /* The key is what counts then: nothing is derived from this password. */
    CHECK(log_in(&c, "not it"));
    CHECK(c.looked == 2 && c.stored == 1 && c.forgotten == 0);
    /* One that the server no longer takes: refused once, derived anew. */
    c.key[5] ^= 1;
    CHECK(log_in(&c, "secret"));
    CHECK(c.looked == 3 && c.stored == 2 && c.forgotten == 1);
    CHECK(memcmp(c.key, right, wsmtp_hash_len(hash)) == 0);
    /* And with a wrong password: two refusals, and nothing is kept. */
    c.key[5] ^= 1;
    CHECK(!log_in(&c, "not it"));
    CHECK(c.looked == 4 && c.stored == 2 && c.forgotten == 2 && !c.has);
    CHECK(!log_in(&c, "not it"));
    CHECK_EQ(last_reason, WSMTP_REASON_AUTH_REFUSED);
    CHECK(c.looked == 5 && c.stored == 2 && c.forgotten == 2 && !c.has);
}

/* A server that closes instead of refusing: the next session derives. */
static void test_closing(void)
{
    cache c = {.has = true};
    port = "CLOSES";
    CHECK(!log_in(&c, "secret"));
    CHECK_EQ(last_reason, WSMTP_REASON_CLOSED_BY_PEER);
    CHECK(c.looked == 1 && c.stored == 0 && c.forgotten == 1);
    CHECK(log_in(&c, "secret"));
    CHECK(c.looked == 2 && c.stored == 1 && c.forgotten == 1);
    port = "PORT";
}

/* Other credentials than those of the options are none of the cache's business. */
static void test_other_credentials(void)
{
    cache c = {.has = true};
    right_key(c.key);
    wsmtp_key_cache keys = {.context = &c, .lookup = lookup, .store = store, .forget = forget};
    wsmtp_credentials credentials;
    wsmtp_client_options options = options_of(&credentials, "not it");
    options.credentials = NULL;
    options.keys = &keys;
    wsmtp_client *client = wsmtp_client_new(&options);
    CHECK(wsmtp_client_open(client));
    CHECK(!wsmtp_client_login(client, &credentials));
    CHECK(wsmtp_client_is_open(client));
    CHECK_EQ(c.looked + c.stored + c.forgotten, 0);
    wsmtp_client_quit(client);
    wsmtp_client_free(client);
}

/* Microseconds that the login of a new session takes. */
static uint64_t login_time(uv_loop_t *loop, wsmtp_uv_server *server)
{
    test_outcome opened, left;
    wsmtp_request open = test_request(&opened), quit = test_request(&left);
    wsmtp_uv_client *client = wsmtp_uv_client_new(loop, server);
    wsmtp_uv_open(client, &open);
    wsmtp_uv_quit(client, &quit);
    uv_run(loop, UV_RUN_DEFAULT);
    CHECK_EQ(opened.error.reason, WSMTP_REASON_OK);
    const uint64_t *moments = wsmtp_uv_facts(client)->moments;
    uint64_t time = moments[WSMTP_MOMENT_AUTH_END] - moments[WSMTP_MOMENT_AUTH_BEGIN];
    wsmtp_uv_close(client, NULL, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    return time;
}

static void test_own(void)
{
    uv_loop_t loop;
    wsmtp_credentials credentials;
    wsmtp_client_options options = options_of(&credentials, "secret");
    uv_loop_init(&loop);
    wsmtp_uv_server *server = wsmtp_uv_server_new(&options, NULL);
    uint64_t derived = login_time(&loop, server);
    uint64_t kept = login_time(&loop, server);
    uint64_t again = login_time(&loop, server);
    printf("login in %llu us, with the key of the session before in %llu us and %llu us\n",
           (unsigned long long)derived, (unsigned long long)kept, (unsigned long long)again);
    CHECK((kept < again ? kept : again) * 3 < derived);
    wsmtp_uv_server_free(server);
    test_loop_end(&loop);
}

int main(void)
{
    test_caller();
    test_closing();
    test_other_credentials();
    CHECK(log_in(NULL, "secret"));
    test_own();
    mechanism = WSMTP_MECHANISM_SCRAM_SHA_512;
    hash = WSMTP_HASH_SHA_512;
    test_caller();
    test_own();
    return check_report();
}
