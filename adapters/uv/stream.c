/* Octets in and out of the connection. */
#include "internal.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#define NET_LEN 17408u /* a TLS record of the largest size, and its header */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    wsmtp_uv_link *link = handle->data;
    wsmtp_uv_client *c = link->client;
    size_t len = 0;
    (void)suggested;
    if (c->ssl) {
        if (!c->net)
            c->net = malloc(NET_LEN);
        *buf = uv_buf_init(c->net, c->net ? NET_LEN : 0);
    } else {
        uint8_t *window = wsmtp_driver_input(&c->driver, &len);
        *buf = uv_buf_init((char *)window, (unsigned)len);
    }
}

/*
 * While a session opens, a server may write twice in a row (session tickets, then its greeting), and
 * hold the second back until the first is acknowledged (RFC 896): a delayed ACK would cost 40 ms.
 */
static void acknowledge_now(wsmtp_uv_client *c)
{
#ifdef TCP_QUICKACK
    uv_os_fd_t fd;
    int on = 1;
    if (!c->driver.ready && c->link->uv.handle.type == UV_TCP &&
        uv_fileno(&c->link->uv.handle, &fd) == 0)
        setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#else
    (void)c;
#endif
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    wsmtp_uv_link *link = stream->data;
    wsmtp_uv_client *c = link->client;
    if (n == 0)
        return;
    if (n > 0 && !c->ssl) {
        wsmtp_driver_received(&c->driver, (uint8_t *)buf->base, (size_t)n);
    } else if (n > 0) {
        acknowledge_now(c);
        BIO_write(c->net_in, buf->base, (int)n);
        c->net_ready = true;
    } else if (n == UV_EOF) {
        c->end_of_input = true;
        if (c->ssl)
            c->net_ready = true; /* to find out what it means there */
        else
            wsmtp_driver_received(&c->driver, NULL, 0);
    } else {
        c->end_of_input = true;
        wsmtp_driver_failed(&c->driver, WSMTP_REASON_CONNECTION_LOST, wsmtp_uv_cause((int)n),
                            uv_strerror((int)n));
    }
    wsmtp_uv_pump(c);
}

/* Reads while there is room for what comes: that is the back-pressure. */
void wsmtp_uv_set_reading(wsmtp_uv_client *c)
{
    bool want = c->link && !c->end_of_input &&
                (c->ssl ? !c->net_ready
                        : (wsmtp_state(&c->driver.engine) & WSMTP_CAN_READ) != 0);
    if (want == c->reading)
        return;
    c->reading = want;
    if (want)
        uv_read_start(&c->link->uv.stream, on_alloc, on_read);
    else if (c->link)
        uv_read_stop(&c->link->uv.stream);
}

static void write_failed(wsmtp_uv_client *c, int status)
{
    wsmtp_driver_write_failed(&c->driver, wsmtp_uv_cause(status), uv_strerror(status));
    if (c->end_of_input)
        wsmtp_driver_failed(&c->driver, WSMTP_REASON_CONNECTION_LOST, wsmtp_uv_cause(status), NULL);
}

static void on_written(uv_write_t *write, int status)
{
    wsmtp_uv_link *link = write->data;
    wsmtp_uv_client *c = link->client;
    if (link->dropped)
        return;
    c->writing = false;
    if (status < 0)
        write_failed(c, status);
    wsmtp_uv_pump(c);
}

/* What the socket did not take goes out when it can; nothing else is given to it before. */
static void write_later(wsmtp_uv_client *c, const uint8_t *bytes, size_t bytes_len)
{
    if (c->spill_size < bytes_len) {
        free(c->spill);
        c->spill = malloc(bytes_len);
        c->spill_size = c->spill ? bytes_len : 0;
    }
    if (!c->spill) {
        wsmtp_driver_failed(&c->driver, WSMTP_REASON_CONNECTION_LOST, WSMTP_CAUSE_MEMORY,
                            "memory is short");
        return;
    }
    memcpy(c->spill, bytes, bytes_len);
    uv_buf_t buf = uv_buf_init(c->spill, (unsigned)bytes_len);
    c->write.data = c->link;
    int status = uv_write(&c->write, &c->link->uv.stream, &buf, 1, on_written);
    if (status < 0)
        write_failed(c, status);
    else
        c->writing = true;
}

bool wsmtp_uv_hand_over(wsmtp_uv_client *c, const uint8_t *bytes, size_t bytes_len)
{
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)bytes_len);
    int n = uv_try_write(&c->link->uv.stream, &buf, 1);
    if (n == UV_EAGAIN)
        n = 0;
    if (n < 0) {
        write_failed(c, n);
        return false;
    }
    if ((size_t)n == bytes_len)
        return true;
    write_later(c, bytes + n, bytes_len - (size_t)n);
    return false;
}

bool wsmtp_uv_write_plain(wsmtp_uv_client *c)
{
    size_t len;
    const uint8_t *bytes;
    if (c->writing || !(bytes = wsmtp_driver_output(&c->driver, &len)))
        return false;
    wsmtp_uv_hand_over(c, bytes, len);
    if (c->driver.last_words_at)
        return false; /* it broke: these octets did not leave */
    wsmtp_driver_sent(&c->driver, len);
    return true;
}
