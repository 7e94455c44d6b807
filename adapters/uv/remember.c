/* What a server offered to its last session, so that the next one need not wait to be told. */
#include "internal.h"

void wsmtp_uv_remember(wsmtp_uv_client *c)
{
    wsmtp_uv_server *s = c->server;
    if (!s->settings.options.early)
        return;
    uv_mutex_lock(&s->mutex);
    s->offered = c->driver.facts.capabilities;
    s->knows = true;
    uv_mutex_unlock(&s->mutex);
}

void wsmtp_uv_recall(wsmtp_uv_client *c)
{
    wsmtp_uv_server *s = c->server;
    uv_mutex_lock(&s->mutex);
    if (s->knows) {
        c->expected = s->offered;
        c->driver.config.expected = &c->expected;
    }
    uv_mutex_unlock(&s->mutex);
}
