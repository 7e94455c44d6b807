/*
 * The dialogue of a session as lines, made of the octets that the client reports. Credentials and
 * the message itself never get into a line: of them only is told that they were sent.
 */
#ifndef CLI_DIALOGUE_H
#define CLI_DIALOGUE_H

#include <wsmtp/client.h>

#define DIALOGUE_LINE_MAX 1024u /* octets shown of a line */

typedef enum dialogue_side {
    DIALOGUE_CLIENT,
    DIALOGUE_SERVER,
    DIALOGUE_MESSAGE, /* octets of the message went out */
    DIALOGUE_NOTE     /* about the connection */
} dialogue_side;

typedef struct dialogue_line {
    dialogue_side side;
    uint64_t at;        /* microseconds since the beginning */
    const char *text;   /* NUL-terminated, printable: control octets as \xNN */
    uint64_t octets;    /* of MESSAGE */
} dialogue_line;

typedef void (*dialogue_callback)(void *context, const dialogue_line *line);

typedef struct dialogue_buffer {
    size_t len;
    bool is_cut;
    char text[DIALOGUE_LINE_MAX + 8];
} dialogue_buffer;

typedef struct dialogue {
    dialogue_callback line;
    void *context;
    dialogue_buffer client, server;
    bool hides;         /* the client's line being read carries credentials */
    bool data_sent;     /* the client's last line was DATA */
    bool in_message;    /* what the client sends is the message, up to its end (DATA) */
    unsigned end_matched; /* of the octets that end it */
    uint64_t chunk;     /* octets to come of a chunk of the message (BDAT) */
    uint64_t octets;    /* of the message since it was last told */
    uint64_t last_at;
} dialogue;

void dialogue_init(dialogue *d, dialogue_callback line, void *context);
void dialogue_trace(dialogue *d, const wsmtp_trace *trace);
void dialogue_event(dialogue *d, const wsmtp_client_event *event);

#endif
