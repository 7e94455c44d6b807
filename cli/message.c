#include "message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exit_code.h"
#include "headers.h"
#include "host.h"

/*
 * Drops the dot line that ends a message and what follows it. A dot that starts a line is held back
 * until the next octet tells; so the result may be one octet longer than the input.
 */
static size_t filter_dots(message *m, const char *in, size_t in_len, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < in_len; i++) {
        char c = in[i];
        bool ends_line = c == '\r' || c == '\n';
        if (m->here.dot_held) {
            m->here.dot_held = false;
            if (ends_line) {
                m->here.at_end = true;
                return n;
            }
            out[n++] = '.';
        } else if (m->here.line_start && c == '.') {
            m->here.dot_held = true;
            m->here.line_start = false;
            continue;
        }
        m->here.line_start = ends_line;
        out[n++] = c;
    }
    return n;
}

/* Reads up to len octets from the file; 0 at its end, or if it cannot be read. */
static size_t read_file(message *m, char *buffer, size_t len)
{
    char piece[4096];
    size_t filled = 0;
    while (filled < len && !m->here.at_end) {
        char *to = m->dot_ends ? piece : buffer + filled;
        size_t want = len - filled;
        if (m->dot_ends) {
            if (want < 2)
                break;
            want = want - 1 < sizeof piece ? want - 1 : sizeof piece;
        }
        const char *why = NULL;
        size_t n = host_read_stream(m->file, to, want, m->timeout, &why);
        if (n < want) {
            m->here.at_end = true;
            if (why)
                snprintf(m->error, sizeof m->error, "%s", why);
        }
        /* A held dot is dropped at the end: the last line is the dot, without its line end. */
        filled += m->dot_ends ? filter_dots(m, piece, n, buffer + filled) : n;
    }
    return filled;
}

static bool read_failed(const message *m, failure *f)
{
    return failure_set(f, EXIT_IO, "file", "%s cannot be read: %s", m->name, m->error);
}

/* Reads ahead: the header section, or one piece. Sets headers_len to the section's length, 0 if it
 * was not asked for. */
static bool read_head(message *m, bool headers, size_t *headers_len, failure *f)
{
    *headers_len = 0;
    do {
        if (m->head_len >= HEADERS_MAX)
            return failure_input(f, "message: the header section is longer than %u octets", HEADERS_MAX);
        m->head = memory_resize(m->head, m->head_len + MESSAGE_PIECE);
        m->head_len += read_file(m, m->head + m->head_len, MESSAGE_PIECE);
        if (*m->error)
            return read_failed(m, f);
        if (headers)
            *headers_len = headers_end(m->head, m->head_len, m->here.at_end);
    } while (headers && *headers_len == 0 && !m->here.at_end);
    return true;
}

static bool take_recipients(message *m, size_t headers_len, const char *domain, text_list *recipients,
                            failure *f)
{
    size_t kept = headers_len;
    if (!headers_take_recipients(m->head, &kept, domain, recipients, f))
        return false;
    memmove(m->head + kept, m->head + headers_len, m->head_len - headers_len);
    m->head_len -= headers_len - kept;
    return true;
}

static void scan_add(message *m, const void *octets, size_t len)
{
    if (m->binary)
        m->scan.octets += len;
    else
        wsmtp_body_scan_add(&m->scan, octets, len);
}

static void scan_end(message *m)
{
    if (!m->binary)
        wsmtp_body_scan_end(&m->scan);
    m->scanned = true;
}

static bool go_to(message *m, const message_place *place)
{
    m->here = *place;
    if (fsetpos(m->file, &place->position) == 0)
        return true;
    snprintf(m->error, sizeof m->error, "%s", strerror(errno));
    return false;
}

/* Looks through the rest of an ordinary file and goes back to where it was. */
static bool scan_rest(message *m, failure *f)
{
    char *piece;
    size_t n;
    if (fgetpos(m->file, &m->here.position) != 0) {
        snprintf(m->error, sizeof m->error, "%s", strerror(errno));
        return read_failed(m, f);
    }
    m->behind_head = m->here;
    piece = memory_get(MESSAGE_PIECE);
    while ((n = read_file(m, piece, MESSAGE_PIECE)) > 0)
        scan_add(m, piece, n);
    free(piece);
    return (!*m->error && go_to(m, &m->behind_head)) || read_failed(m, f);
}

static bool scan(message *m, failure *f)
{
    wsmtp_body_scan_init(&m->scan);
    m->all_in_head = m->here.at_end;
    m->can_rewind = m->all_in_head || host_is_file(m->file);
    if (!m->can_rewind)
        return true;
    scan_add(m, m->head, m->head_len);
    if (!m->all_in_head && !scan_rest(m, f))
        return false;
    scan_end(m);
    if (m->scan.has_long_line)
        return failure_input(f, "message: it %s: nothing was sent",
                             wsmtp_reason_message(WSMTP_REASON_BODY_LINE_TOO_LONG, &(size_t){0}));
    return true;
}

bool message_open(message *m, const char *path, const message_options *options,
                  text_list *recipients, failure *f)
{
    bool is_stdin = !path || strcmp(path, "-") == 0;
    size_t headers_len;
    *m = (message){.name = is_stdin ? "standard input" : path, .file = is_stdin ? stdin : NULL,
                   .binary = options->binary, .dot_ends = options->dot_ends, .here.line_start = true};
    if (!is_stdin && !(m->file = fopen(path, "rb")))
        return failure_set(f, EXIT_NO_INPUT, "file", "%s cannot be opened: %s", path, strerror(errno));
    if (!host_is_file(m->file))
        m->timeout = options->timeout;
    if (!read_head(m, options->recipients_from_headers, &headers_len, f))
        return false;
    if (options->recipients_from_headers &&
        !take_recipients(m, headers_len, options->domain, recipients, f))
        return false;
    return scan(m, f);
}

static size_t take(uint8_t *buffer, size_t buffer_len, const char *from, size_t from_len, size_t *at)
{
    size_t n = from_len - *at < buffer_len ? from_len - *at : buffer_len;
    memcpy(buffer, from + *at, n);
    *at += n;
    return n;
}

static ptrdiff_t read_next(message *m, uint8_t *buffer, size_t buffer_len)
{
    size_t n;
    if (m->head_at < m->head_len)
        return (ptrdiff_t)take(buffer, buffer_len, m->head, m->head_len, &m->head_at);
    if (!m->dot_ends) {
        n = read_file(m, (char *)buffer, buffer_len);
        return *m->error ? WSMTP_BODY_FAILED : (ptrdiff_t)n;
    }
    /* A held dot may need room that the caller's buffer has not. */
    if (m->piece_at == m->piece_len) {
        if (!m->piece)
            m->piece = memory_get(MESSAGE_PIECE);
        m->piece_at = 0;
        m->piece_len = read_file(m, m->piece, MESSAGE_PIECE);
        if (*m->error)
            return WSMTP_BODY_FAILED;
    }
    return (ptrdiff_t)take(buffer, buffer_len, m->piece, m->piece_len, &m->piece_at);
}

/* A stream is looked through while it passes, to report its size. */
ptrdiff_t message_read(void *context, uint8_t *buffer, size_t buffer_len)
{
    message *m = context;
    ptrdiff_t n = read_next(m, buffer, buffer_len);
    if (m->scanned)
        return n;
    if (n > 0)
        scan_add(m, buffer, (size_t)n);
    if (n == 0)
        scan_end(m);
    return n;
}

bool message_rewind(void *context)
{
    message *m = context;
    m->head_at = m->piece_at = m->piece_len = 0;
    return m->all_in_head || go_to(m, &m->behind_head);
}

void message_close(message *m)
{
    free(m->head);
    free(m->piece);
    if (m->file && m->file != stdin)
        fclose(m->file);
    *m = (message){0};
}
