#include "headers.h"

#include <string.h>

#include "address_list.h"
#include "exit_code.h"

typedef struct field {
    const char *name;
    size_t name_len;
    const char *value; /* still folded */
    size_t value_len;
    size_t end; /* offset behind its last line end */
} field;

/* Length of the line end at text[at]; 0 if there is none. */
static size_t line_end(const char *text, size_t len, size_t at)
{
    if (at < len && text[at] == '\n')
        return 1;
    if (at < len && text[at] == '\r')
        return at + 1 < len && text[at + 1] == '\n' ? 2 : 1;
    return 0;
}

/* Offset of the next line, or len. */
static size_t next_line(const char *text, size_t len, size_t at)
{
    while (at < len && text[at] != '\r' && text[at] != '\n')
        at++;
    return at + line_end(text, len, at);
}

size_t headers_end(const char *text, size_t text_len, bool at_end)
{
    for (size_t at = 0; at < text_len; at = next_line(text, text_len, at)) {
        size_t n = line_end(text, text_len, at);
        /* A CR at the very end may be half of a CRLF. */
        if (n == 1 && text[at] == '\r' && at + 1 == text_len && !at_end)
            return 0;
        if (n > 0)
            return at + n;
    }
    return at_end ? text_len : 0;
}

static bool is(const field *fd, const char *name)
{
    if (strlen(name) != fd->name_len)
        return false;
    for (size_t i = 0; i < fd->name_len; i++) {
        char c = fd->name[i];
        if ((char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != name[i])
            return false;
    }
    return true;
}

/* The field at an offset; false if the line there is none. */
static bool read_field(const char *text, size_t len, size_t at, field *fd)
{
    size_t i = at;
    while (i < len && (unsigned char)text[i] > ' ' && text[i] != ':' && text[i] != 0x7f)
        i++;
    fd->name = text + at;
    fd->name_len = i - at;
    /* Space before the colon is an obsolete form (RFC 5322 section 4.5). */
    while (i < len && (text[i] == ' ' || text[i] == '\t'))
        i++;
    if (fd->name_len == 0 || i == len || text[i] != ':')
        return false;
    fd->value = text + i + 1;
    size_t end = next_line(text, len, i);
    while (end < len && (text[end] == ' ' || text[end] == '\t'))
        end = next_line(text, len, end);
    fd->value_len = (size_t)(text + end - fd->value);
    fd->end = end;
    return true;
}

static bool is_resent(const field *fd)
{
    return is(fd, "resent-to") || is(fd, "resent-cc") || is(fd, "resent-bcc");
}

static bool is_original(const field *fd)
{
    return is(fd, "to") || is(fd, "cc") || is(fd, "bcc");
}

static bool check_fields(const char *text, size_t len, bool *resent, failure *f)
{
    unsigned long line = 1;
    size_t at = 0;
    while (at < len && !line_end(text, len, at)) {
        field fd;
        if (!read_field(text, len, at, &fd))
            return failure_input(f, "message: line %lu of the header section is no field (\"Name: value\"), "
                                    "and no empty line comes before it", line);
        *resent |= is_resent(&fd);
        for (; at < fd.end; at = next_line(text, len, at))
            line++;
    }
    return true;
}

bool headers_take_recipients(char *headers, size_t *headers_len, const char *domain,
                             text_list *recipients, failure *f)
{
    static const char mailbox_line[] = "From ";
    size_t len = *headers_len, kept = 0, at = 0;
    bool resent = false;
    if (len >= sizeof mailbox_line - 1 && memcmp(headers, mailbox_line, sizeof mailbox_line - 1) == 0)
        at = next_line(headers, len, 0);
    if (!check_fields(headers + at, len - at, &resent, f))
        return false;
    while (at < len) {
        field fd;
        if (line_end(headers, len, at)) {
            fd.end = len;
        } else {
            read_field(headers, len, at, &fd);
            if (resent ? is_resent(&fd) : is_original(&fd)) {
                char origin[64] = "message, field ";
                size_t n = strlen(origin);
                memcpy(origin + n, fd.name, fd.name_len);
                origin[n + fd.name_len] = '\0';
                if (!address_list_parse(fd.value, fd.value_len, domain, origin, recipients, f))
                    return false;
            }
            if (is(&fd, "bcc") || is(&fd, "resent-bcc")) {
                at = fd.end;
                continue;
            }
        }
        memmove(headers + kept, headers + at, fd.end - at);
        kept += fd.end - at;
        at = fd.end;
    }
    *headers_len = kept;
    return true;
}
