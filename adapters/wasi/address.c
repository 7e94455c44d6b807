/* Addresses as text, whichever host they come from. */
#include "socket.h"

#include <string.h>

static char *put_number(char *at, unsigned value, unsigned base)
{
    char digits[6];
    size_t n = 0;
    do
        digits[n++] = "0123456789abcdef"[value % base];
    while ((value /= base));
    while (n)
        *at++ = digits[--n];
    return at;
}

static char *put_address(char *at, const wsmtp_wasi_address *address)
{
    for (size_t i = 0; i < (address->v6 ? 8 : 4); i++) {
        if (i)
            *at++ = address->v6 ? ':' : '.';
        at = address->v6 ? put_number(at, wsmtp_wasi_group(address, i), 16)
                         : put_number(at, address->octets[i], 10);
    }
    return at;
}

void wsmtp_wasi_address_text(const wsmtp_wasi_address *address, uint16_t port,
                             char text[WSMTP_WASI_ADDRESS_TEXT])
{
    if (address->v6)
        *text++ = '[';
    text = put_address(text, address);
    if (address->v6)
        *text++ = ']';
    *text++ = ':';
    *put_number(text, port, 10) = '\0';
}

void wsmtp_wasi_local_text(const wsmtp_wasi_socket *s, char text[WSMTP_WASI_LOCAL_TEXT])
{
    wsmtp_wasi_address address = {.octets = {127, 0, 0, 1}};
    wsmtp_wasi_local(s, &address);
    *text++ = '[';
    if (address.v6) {
        memcpy(text, "IPv6:", 5);
        text += 5;
    }
    text = put_address(text, &address);
    memcpy(text, "]", 2);
}
