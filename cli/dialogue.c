#include "dialogue.h"

#include <stdio.h>
#include <string.h>

static const char hidden[] = "[hidden]";

void dialogue_init(dialogue *d, dialogue_callback line, void *context)
{
    *d = (dialogue){.line = line, .context = context};
}

static void tell(dialogue *d, dialogue_side side, const char *text, uint64_t octets)
{
    dialogue_line line = {.side = side, .at = d->last_at, .text = text, .octets = octets};
    d->line(d->context, &line);
}

static void tell_message(dialogue *d)
{
    if (d->octets > 0)
        tell(d, DIALOGUE_MESSAGE, "", d->octets);
    d->octets = 0;
}

static void add_text(dialogue_buffer *b, const char *text)
{
    size_t n = strlen(text);
    if (b->len + n > DIALOGUE_LINE_MAX) {
        b->is_cut = true;
        return;
    }
    memcpy(b->text + b->len, text, n);
    b->len += n;
}

static void add_octet(dialogue_buffer *b, uint8_t c)
{
    char text[8] = {(char)c};
    /* Octets above 127 too: terminals take some of them, UTF-8 or not, as controls. */
    if (c < ' ' || c >= 0x7f)
        snprintf(text, sizeof text, "\\x%02X", c);
    add_text(b, text);
}

static void finish_line(dialogue *d, dialogue_buffer *b, dialogue_side side)
{
    b->text[b->len] = '\0';
    if (b->is_cut)
        strcat(b->text, "...");
    tell(d, side, b->text, 0);
    b->len = 0;
    b->is_cut = false;
}

static void add_octets(dialogue *d, dialogue_buffer *b, dialogue_side side, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n')
            finish_line(d, b, side);
        else if (bytes[i] != '\r')
            add_octet(b, bytes[i]);
    }
}

/* What a command says about the octets that follow it: "BDAT 123 LAST" (RFC 3030), "DATA". */
static void follow_command(dialogue *d, const char *line)
{
    d->data_sent = strcmp(line, "DATA") == 0;
    if (strncmp(line, "BDAT ", 5) != 0)
        return;
    for (const char *c = line + 5; *c >= '0' && *c <= '9'; c++)
        d->chunk = d->chunk * 10 + (uint64_t)(*c - '0');
}

/* How many octets still belong to a message that DATA announced: it ends with a dot alone on a line. */
static size_t message_octets(dialogue *d, const uint8_t *bytes, size_t len)
{
    static const char end[] = "\r\n.\r\n";
    for (size_t i = 0; i < len; i++) {
        d->end_matched = bytes[i] == end[d->end_matched] ? d->end_matched + 1 : bytes[i] == '\r';
        if (!end[d->end_matched]) {
            d->in_message = d->data_sent = false;
            return i + 1;
        }
    }
    return len;
}

static void sent_open(dialogue *d, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        size_t n = len;
        if (d->chunk > 0 || d->in_message) {
            if (d->chunk == 0)
                n = message_octets(d, bytes, len);
            else if (d->chunk < n)
                n = (size_t)d->chunk;
            d->chunk -= d->chunk > 0 ? n : 0;
            d->octets += n;
        } else {
            const uint8_t *end = memchr(bytes, '\n', len);
            n = end ? (size_t)(end - bytes) + 1 : len;
            tell_message(d);
            add_octets(d, &d->client, DIALOGUE_CLIENT, bytes, n);
            if (end)
                follow_command(d, d->client.text);
        }
        bytes += n;
        len -= n;
    }
}

static void sent(dialogue *d, const wsmtp_trace *trace)
{
    size_t secret_at = trace->secret_at < trace->bytes_len ? trace->secret_at : trace->bytes_len;
    if (d->hides && secret_at > 0)
        d->hides = false;
    sent_open(d, trace->bytes, secret_at);
    /* A long secret comes in pieces, and is one line all the same. */
    if (secret_at == trace->bytes_len || d->hides)
        return;
    d->hides = true;
    add_text(&d->client, hidden);
    finish_line(d, &d->client, DIALOGUE_CLIENT);
}

void dialogue_trace(dialogue *d, const wsmtp_trace *trace)
{
    d->last_at = trace->at;
    if (trace->sent) {
        sent(d, trace);
        return;
    }
    tell_message(d);
    d->hides = false;
    add_octets(d, &d->server, DIALOGUE_SERVER, trace->bytes, trace->bytes_len);
}

static void note(dialogue *d, const char *text, const char *address, const char *why)
{
    char line[256];
    snprintf(line, sizeof line, "%s%s%s%s%s", text, address ? " " : "", address ? address : "",
             why && *why ? ": " : "", why && *why ? why : "");
    tell(d, DIALOGUE_NOTE, line, 0);
}

void dialogue_event(dialogue *d, const wsmtp_client_event *event)
{
    d->last_at = event->at;
    switch (event->type) {
    case WSMTP_CLIENT_EVENT_ATTEMPT: note(d, "connecting to", event->address, NULL); break;
    case WSMTP_CLIENT_EVENT_ATTEMPT_FAILED:
        note(d, "no connection to", event->address, wsmtp_cause_name(event->cause));
        break;
    case WSMTP_CLIENT_EVENT_CONNECTED: note(d, "connected to", event->address, NULL); break;
    case WSMTP_CLIENT_EVENT_SECURED: note(d, "TLS established, certificate verified", NULL, NULL); break;
    case WSMTP_CLIENT_EVENT_CLOSED:
        tell_message(d);
        note(d, "closed", NULL, NULL);
        break;
    case WSMTP_CLIENT_EVENT_ENGINE:
        if (event->engine && event->engine->type == WSMTP_EVENT_BODY) {
            d->in_message = d->data_sent;
            d->end_matched = 2; /* a line begins */
        } else if (event->engine && (event->engine->type == WSMTP_EVENT_DONE ||
                                     event->engine->type == WSMTP_EVENT_FAILED)) {
            tell_message(d);
            d->in_message = d->data_sent = false;
            d->chunk = 0;
        }
        break;
    default: break;
    }
}
