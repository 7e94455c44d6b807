#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wsmtp/sasl.h>

#define FIRST_SIZE 4096u

/* realloc would leave a copy of a private key behind. */
static bool grow(char **data, size_t *size)
{
    char *larger = malloc(*size * 4);
    if (!larger)
        return false;
    memcpy(larger, *data, *size);
    wsmtp_file_free(*data, *size);
    *data = larger;
    *size *= 4;
    return true;
}

static bool read_all(FILE *file, char **data, size_t *data_len, size_t *size, const char **why)
{
    for (;;) {
        size_t n = fread(*data + *data_len, 1, *size - *data_len, file);
        *data_len += n;
        if (n == 0 && ferror(file)) {
            *why = strerror(errno);
            return false;
        }
        if (n == 0)
            return true;
        if (*data_len > WSMTP_FILE_MAX) {
            *why = "it is larger than 16 MiB";
            return false;
        }
        if (*data_len == *size && !grow(data, size)) {
            *why = "out of memory";
            return false;
        }
    }
}

bool wsmtp_file_read(const char *path, char **data, size_t *data_len, const char **why)
{
    size_t size = FIRST_SIZE;
    *data_len = 0;
    *data = NULL;
    FILE *file = fopen(path, "rb");
    if (!file) {
        *why = strerror(errno);
        return false;
    }
    setvbuf(file, NULL, _IONBF, 0); /* no second copy in a stream's buffer */
    *data = malloc(size);
    *why = "out of memory";
    bool ok = *data && read_all(file, data, data_len, &size, why);
    fclose(file);
    if (!ok) {
        wsmtp_file_free(*data, size);
        *data = NULL;
    }
    return ok;
}

void wsmtp_file_free(char *data, size_t data_len)
{
    if (data)
        wsmtp_wipe(data, data_len);
    free(data);
}
