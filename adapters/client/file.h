/* Reads small files whole: certificates and keys. Private. */
#ifndef WSMTP_CLIENT_FILE_H
#define WSMTP_CLIENT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#define WSMTP_FILE_MAX 16777216u /* bytes; far more than any bundle of certificates */

/* Allocates *data; free it with wsmtp_file_free. False with *why a static sentence or strerror's. */
bool wsmtp_file_read(const char *path, char **data, size_t *data_len, const char **why);

/* Wipes and frees. */
void wsmtp_file_free(char *data, size_t data_len);

#endif
