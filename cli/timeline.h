/* The turns of a session: who said what when, in short words, for the picture of it. */
#ifndef CLI_TIMELINE_H
#define CLI_TIMELINE_H

#include "dialogue.h"

#define TIMELINE_LABEL_MAX 96u

typedef struct timeline_turn {
    dialogue_side side;  /* not NOTE */
    uint64_t from, to;   /* microseconds */
    uint64_t octets;     /* of MESSAGE */
    char label[TIMELINE_LABEL_MAX]; /* "MAIL, RCPT ×3, DATA" or "250 ×4, 354" */
    char last[16];       /* last word of the label, and how often it came */
    size_t last_count;
    size_t last_at;      /* where it begins */
} timeline_turn;

typedef struct timeline {
    timeline_turn *turns;
    size_t len, room;
    size_t left_out; /* turns beyond TIMELINE_TURNS_MAX */
} timeline;

#define TIMELINE_TURNS_MAX 400u

void timeline_line(timeline *t, const dialogue_line *line);
void timeline_free(timeline *t);

#endif
