/*
 * The salted key that logged in last, for the next session with the same server. Host and user are
 * those of the server's options and need no comparison.
 */
#include "internal.h"

#include <string.h>

static bool is_kept(const wsmtp_uv_server *s, const wsmtp_salted_key *of)
{
    return s->kept.hash == of->hash && s->kept.iterations == of->iterations &&
           s->kept.salt_len == of->salt_len && memcmp(s->kept.salt, of->salt, of->salt_len) == 0;
}

static bool lookup(void *context, const wsmtp_salted_key *of, uint8_t key[WSMTP_HASH_MAX])
{
    wsmtp_uv_server *s = context;
    uv_mutex_lock(&s->mutex);
    bool found = is_kept(s, of);
    if (found)
        memcpy(key, s->kept.key, sizeof s->kept.key);
    uv_mutex_unlock(&s->mutex);
    return found;
}

static void store(void *context, const wsmtp_salted_key *of, const uint8_t *key, size_t key_len)
{
    wsmtp_uv_server *s = context;
    if (of->salt_len > sizeof s->kept.salt || key_len > sizeof s->kept.key)
        return;
    uv_mutex_lock(&s->mutex);
    wsmtp_wipe(&s->kept, sizeof s->kept);
    s->kept.hash = of->hash;
    s->kept.iterations = of->iterations;
    s->kept.salt_len = of->salt_len;
    memcpy(s->kept.salt, of->salt, of->salt_len);
    memcpy(s->kept.key, key, key_len);
    uv_mutex_unlock(&s->mutex);
}

static void forget(void *context, const wsmtp_salted_key *of)
{
    wsmtp_uv_server *s = context;
    uv_mutex_lock(&s->mutex);
    if (is_kept(s, of))
        wsmtp_wipe(&s->kept, sizeof s->kept);
    uv_mutex_unlock(&s->mutex);
}

bool wsmtp_uv_keys_init(wsmtp_uv_server *s)
{
    s->keys.context = s;
    s->keys.lookup = lookup;
    s->keys.store = store;
    s->keys.forget = forget;
    return uv_mutex_init(&s->mutex) == 0;
}

void wsmtp_uv_keys_end(wsmtp_uv_server *s)
{
    wsmtp_wipe(&s->kept, sizeof s->kept);
    uv_mutex_destroy(&s->mutex);
}
