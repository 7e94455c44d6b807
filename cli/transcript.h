/* The dialogue as text: "C: " and "S: " before what either side said, "-- " before notes. */
#ifndef CLI_TRANSCRIPT_H
#define CLI_TRANSCRIPT_H

#include <stdio.h>

#include "dialogue.h"

void transcript_line(FILE *out, const dialogue_line *line);

#endif
