/*
 * Sizes of the structs that Rust allocates without knowing what is inside. They come from the very
 * header that the engine was compiled with.
 */
#include "wsmtp/engine.h"

const size_t wsmtp_sys_engine_size = sizeof(wsmtp_engine);
const size_t wsmtp_sys_transaction_size = sizeof(wsmtp_transaction);
