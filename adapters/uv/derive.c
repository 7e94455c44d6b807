/* SCRAM's salted password (RFC 5802 section 3), derived where it does not stop the loop. */
#include "internal.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD_MAX 4096u

typedef struct wsmtp_uv_derivation {
    uv_work_t work;
    wsmtp_uv_client *client; /* NULL: nobody waits for it any more */
    wsmtp_hash hash;
    uint32_t iterations;
    uint8_t salt[128];
    size_t salt_len;
    char password[PASSWORD_MAX];
    size_t password_len;
    uint8_t key[WSMTP_HASH_MAX];
    bool ok;
} wsmtp_uv_derivation;

static void end(wsmtp_uv_derivation *d)
{
    wsmtp_wipe(d, sizeof *d);
    free(d);
}

static const EVP_MD *digest_of(wsmtp_hash hash)
{
    switch (wsmtp_hash_len(hash)) {
    case 20: return EVP_sha1();
    case 32: return EVP_sha256();
    case 64: return EVP_sha512();
    default: return NULL;
    }
}

static void derive(uv_work_t *work)
{
    wsmtp_uv_derivation *d = work->data;
    const EVP_MD *digest = digest_of(d->hash);
    d->ok = digest && PKCS5_PBKDF2_HMAC(d->password, (int)d->password_len, d->salt, (int)d->salt_len,
                              (int)d->iterations, digest, (int)wsmtp_hash_len(d->hash),
                              d->key) == 1;
    wsmtp_wipe(d->password, sizeof d->password);
}

static void deliver(wsmtp_uv_client *c, const wsmtp_uv_derivation *d)
{
    if (d->ok)
        wsmtp_driver_key(&c->driver, d->key, wsmtp_hash_len(d->hash));
    else
        wsmtp_driver_failed(&c->driver, WSMTP_REASON_CANCELLED, WSMTP_CAUSE_SYSTEM,
                            "the SCRAM key could not be derived");
}

static void on_derived(uv_work_t *work, int status)
{
    wsmtp_uv_derivation *d = work->data;
    wsmtp_uv_client *c = d->client;
    d->ok = d->ok && status == 0;
    if (c) {
        c->derivation = NULL;
        deliver(c, d);
        wsmtp_uv_pump(c);
    }
    end(d);
}

void wsmtp_uv_derive(wsmtp_uv_client *c)
{
    const wsmtp_credentials *login = &c->driver.login;
    wsmtp_uv_derivation *d = calloc(1, sizeof *d);
    if (!d || login->password_len > sizeof d->password) {
        free(d);
        wsmtp_driver_failed(&c->driver, WSMTP_REASON_CANCELLED, WSMTP_CAUSE_SYSTEM,
                            "the SCRAM key could not be derived");
        return;
    }
    d->work.data = d;
    d->hash = c->driver.derive.hash;
    d->iterations = c->driver.derive.iterations;
    d->salt_len = c->driver.derive.salt_len;
    memcpy(d->salt, c->driver.derive.salt, d->salt_len);
    d->password_len = login->password_len;
    memcpy(d->password, login->password, login->password_len);
    d->client = c;
    int status = uv_queue_work(c->loop, &d->work, derive, on_derived);
    if (status == 0) {
        c->derivation = d;
        return;
    }
    end(d);
    wsmtp_driver_failed(&c->driver, WSMTP_REASON_CANCELLED, WSMTP_CAUSE_SYSTEM,
                        uv_strerror(status));
}

void wsmtp_uv_derive_stop(wsmtp_uv_client *c)
{
    if (!c->derivation)
        return;
    c->derivation->client = NULL;
    uv_cancel((uv_req_t *)&c->derivation->work);
    c->derivation = NULL;
}
