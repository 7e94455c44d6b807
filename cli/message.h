/*
 * The message: read from a file or a stream in pieces, so that memory stays constant, and looked
 * through beforehand where that is possible (a file; or a stream that ends within the first piece).
 */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include <stdio.h>

#include <wsmtp/client.h>

#include "failure.h"
#include "memory.h"

#define MESSAGE_PIECE 65536u /* octets read ahead before a connection is opened */

typedef struct message_options {
    bool recipients_from_headers;
    bool binary;        /* any octets, which stay as they are: no line is too long */
    bool dot_ends;      /* a line with a dot alone ends the message (sendmail without -i) */
    const char *domain; /* for addresses without one; may be NULL */
    uint32_t timeout;   /* longest wait for a stream, milliseconds; 0: no limit */
} message_options;

/* How far a message has been read from its file. */
typedef struct message_place {
    fpos_t position;
    bool at_end;               /* nothing is in the file any more */
    bool dot_held, line_start; /* of the search for the dot */
} message_place;

typedef struct message {
    const char *name; /* in errors */
    FILE *file;
    uint32_t timeout; /* of waiting for it; 0: no limit */
    char *head;       /* read ahead; to be sent first */
    size_t head_len, head_at;
    char *piece;      /* what follows, looked through for the dot; NULL: not needed */
    size_t piece_len, piece_at;
    message_place here;
    message_place behind_head; /* where an ordinary file goes on */
    bool all_in_head;
    bool can_rewind;  /* it is all in the head, or in an ordinary file */
    bool binary, dot_ends;
    bool scanned;     /* the whole of it; of a stream only when it has passed */
    wsmtp_body_scan scan; /* of a binary message only octets, which are counted as they are */
    char error[160];  /* why reading failed; empty: it did not */
} message;

/*
 * Opens the message (path NULL or "-": stdin), reads its beginning, takes recipients from its header
 * section if asked to, and scans it if possible. A message with a line over 998 octets is refused.
 */
bool message_open(message *m, const char *path, const message_options *options,
                  text_list *recipients, failure *f);

/* Callbacks of the client's body: context is the message. The second one makes the first begin anew. */
ptrdiff_t message_read(void *context, uint8_t *buffer, size_t buffer_len);
bool message_rewind(void *context);

void message_close(message *m);

#endif
