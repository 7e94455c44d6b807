/* A session as a picture: its phases and its round trips on one axis of time. */
#ifndef CLI_WATERFALL_H
#define CLI_WATERFALL_H

#include <stdio.h>

#include <wsmtp/client.h>

#include "timeline.h"

/* Writes SVG, or HTML with the SVG in it; either is complete in itself, without scripts. */
void waterfall_write(FILE *out, bool html, const char *title, const wsmtp_client_facts *facts,
                     const timeline *t);

#endif
