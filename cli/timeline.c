#include "timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* The word that stands for a line: a verb, or a reply's code at its last line; "" for none. */
static void word_of(const dialogue_line *line, char word[16])
{
    size_t n = 0;
    word[0] = '\0';
    if (line->side == DIALOGUE_SERVER) {
        if (strlen(line->text) >= 3 && line->text[3] != '-')
            n = 3;
    } else if (strncmp(line->text, "[hidden]", 8) == 0) {
        strcpy(word, "credentials");
        return;
    } else {
        n = strcspn(line->text, " :");
    }
    n = n < 12 ? n : 12;
    memcpy(word, line->text, n);
    word[n] = '\0';
}

static void add_word(timeline_turn *turn, const char *word)
{
    bool again = turn->last_count > 0 && strcmp(turn->last, word) == 0;
    char text[48];
    if (!*word)
        return;
    if (again) {
        turn->last_count++;
        snprintf(text, sizeof text, "%s \xc3\x97%zu", word, turn->last_count);
    } else {
        turn->last_at = strlen(turn->label);
        turn->last_count = 1;
        snprintf(turn->last, sizeof turn->last, "%s", word);
        snprintf(text, sizeof text, "%s%s", turn->last_at ? ", " : "", word);
    }
    size_t at = turn->last_at + (again && turn->last_at ? 2 : 0);
    if (at + strlen(text) < sizeof turn->label)
        strcpy(turn->label + at, text);
}

static timeline_turn *next_turn(timeline *t, const dialogue_line *line)
{
    if (t->len > 0 && t->turns[t->len - 1].side == line->side)
        return &t->turns[t->len - 1];
    if (t->len >= TIMELINE_TURNS_MAX) {
        t->left_out++;
        return NULL;
    }
    if (t->len == t->room) {
        t->room = t->room ? t->room * 2 : 32;
        t->turns = memory_resize(t->turns, t->room * sizeof *t->turns);
    }
    timeline_turn *turn = &t->turns[t->len++];
    *turn = (timeline_turn){.side = line->side, .from = line->at};
    return turn;
}

void timeline_line(timeline *t, const dialogue_line *line)
{
    char word[16];
    if (line->side == DIALOGUE_NOTE)
        return;
    timeline_turn *turn = next_turn(t, line);
    if (!turn)
        return;
    turn->to = line->at;
    turn->octets += line->octets;
    if (line->side == DIALOGUE_MESSAGE) {
        strcpy(turn->label, "message");
        return;
    }
    word_of(line, word);
    add_word(turn, word);
}

void timeline_free(timeline *t)
{
    free(t->turns);
    *t = (timeline){0};
}
