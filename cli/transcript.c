#include "transcript.h"

void transcript_line(FILE *out, const dialogue_line *line)
{
    switch (line->side) {
    case DIALOGUE_CLIENT: fprintf(out, "C: %s\n", line->text); break;
    case DIALOGUE_SERVER: fprintf(out, "S: %s\n", line->text); break;
    case DIALOGUE_MESSAGE: fprintf(out, "C: [message: %llu octets]\n", (unsigned long long)line->octets); break;
    case DIALOGUE_NOTE:
        fprintf(out, "-- %s (%llu.%03u ms)\n", line->text, (unsigned long long)(line->at / 1000),
                (unsigned)(line->at % 1000));
        break;
    }
    fflush(out);
}
