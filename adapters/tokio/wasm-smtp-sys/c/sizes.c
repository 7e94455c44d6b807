/*
 * Sizes of the structs that Rust allocates without knowing what is inside. They come from the very
 * header that the engine was compiled with.
 */
#ifdef WSMTP_AMALGAMATED
#include "wsmtp.h"
#else
#include "wsmtp/engine.h"
#endif

size_t wsmtp_sys_engine_size(void);
size_t wsmtp_sys_transaction_size(void);

size_t wsmtp_sys_engine_size(void)
{
    return sizeof(wsmtp_engine);
}

size_t wsmtp_sys_transaction_size(void)
{
    return sizeof(wsmtp_transaction);
}
