/* Words for what went wrong on the way to a server, where nothing better is known. Private. */
#ifndef WSMTP_WASI_WORDS_H
#define WSMTP_WASI_WORDS_H

#include <wsmtp/client.h>

/* NULL: the cause says nothing that the reason does not say. */
const char *wsmtp_wasi_words(wsmtp_cause cause);

#endif
