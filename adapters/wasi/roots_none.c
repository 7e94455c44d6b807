/* Builds without certificate authorities of their own: the caller brings them. */
#include "roots.h"

const uint8_t wsmtp_roots[1] = {0};
const size_t wsmtp_roots_len = 0;

const char *wsmtp_roots_name(void)
{
    return "";
}
