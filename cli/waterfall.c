#include "waterfall.h"

#include <string.h>

#define WIDTH 1000
#define LABELS 250 /* columns of the labels at the left */
#define ROW 22
#define TOP 64

typedef struct phase {
    const char *name, *colour;
    wsmtp_moment from, to;
} phase;

/* COUNT stands for the beginning. */
static const phase phases[] = {
    {"name lookup", "#8d99ae", WSMTP_MOMENT_COUNT, WSMTP_MOMENT_RESOLVED},
    {"connection", "#577590", WSMTP_MOMENT_RESOLVED, WSMTP_MOMENT_CONNECTED},
    {"TLS", "#9d4edd", WSMTP_MOMENT_TLS_BEGIN, WSMTP_MOMENT_TLS_END},
    {"greeting", "#43aa8b", WSMTP_MOMENT_CONNECTED, WSMTP_MOMENT_GREETING},
    {"EHLO", "#4d908e", WSMTP_MOMENT_GREETING, WSMTP_MOMENT_READY},
    {"authentication", "#f3722c", WSMTP_MOMENT_AUTH_BEGIN, WSMTP_MOMENT_AUTH_END},
    {"envelope", "#277da1", WSMTP_MOMENT_SEND_BEGIN, WSMTP_MOMENT_BODY_BEGIN},
    {"message", "#90be6d", WSMTP_MOMENT_BODY_BEGIN, WSMTP_MOMENT_BODY_END},
    {"outcome", "#f9c74f", WSMTP_MOMENT_BODY_END, WSMTP_MOMENT_SEND_END},
    {"quit", "#adb5bd", WSMTP_MOMENT_QUIT_BEGIN, WSMTP_MOMENT_CLOSED},
};
#define PHASES (sizeof phases / sizeof phases[0])

typedef struct picture {
    FILE *out;
    const wsmtp_client_facts *facts;
    uint64_t end; /* of the axis, microseconds; at least 1 */
    int y;
} picture;

static void escape(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '&': fputs("&amp;", out); break;
        case '"': fputs("&quot;", out); break;
        default:
            /* XML has no other control characters, and its encoding must be valid. */
            putc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out);
        }
    }
}

static double x_of(const picture *p, uint64_t at)
{
    return LABELS + (double)at / (double)p->end * (WIDTH - LABELS - 90);
}

static void draw_row(picture *p, const char *label, const char *colour, uint64_t from, uint64_t to, bool unfinished)
{
    double x = x_of(p, from), width = x_of(p, to) - x;
    fprintf(p->out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", LABELS - 10, p->y + 15);
    escape(p->out, label);
    fprintf(p->out, "</text><rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" rx=\"2\" fill=\"%s\"%s/>",
            x, p->y + 3, width < 1 ? 1 : width, ROW - 6, colour,
            unfinished ? " fill-opacity=\"0.4\" stroke=\"#c1121f\" stroke-dasharray=\"4 2\"" : "");
    fprintf(p->out, "<text x=\"%.2f\" y=\"%d\" class=\"time\">%.1f ms%s</text>\n", x + (width < 1 ? 1 : width) + 5,
            p->y + 15, (double)(to - from) / 1000, unfinished ? ", not finished" : "");
    p->y += ROW;
}

static uint64_t moment(const picture *p, wsmtp_moment index)
{
    return index == WSMTP_MOMENT_COUNT ? 0 : p->facts->moments[index];
}

static void draw_phases(picture *p)
{
    for (size_t i = 0; i < PHASES; i++) {
        uint64_t from = moment(p, phases[i].from), to = moment(p, phases[i].to);
        bool begun = from > 0 || phases[i].from == WSMTP_MOMENT_COUNT;
        /* Implicit TLS comes before the greeting, STARTTLS behind it. */
        if (phases[i].to == WSMTP_MOMENT_GREETING && begun &&
            p->facts->moments[WSMTP_MOMENT_TLS_BEGIN] > 0 && !p->facts->ehlo_before_tls) {
            from = p->facts->moments[WSMTP_MOMENT_TLS_END];
            begun = from > 0;
        }
        if (!begun)
            continue;
        /* A phase that lasted into a later one had an end that is not known by itself. */
        bool later = false;
        for (size_t k = i + 1; k < PHASES && to == 0; k++)
            later |= phases[k].from != phases[i].to && moment(p, phases[k].from) > from;
        if (to == 0 && later)
            continue;
        draw_row(p, phases[i].name, phases[i].colour, from, to >= from && to > 0 ? to : p->end, to < from || to == 0);
    }
}

/* A client's turn and the server's answer to it are one round trip. */
static void draw_round_trips(picture *p, const timeline *t)
{
    for (size_t i = 0; i < t->len; i++) {
        const timeline_turn *turn = &t->turns[i];
        char label[3 * TIMELINE_LABEL_MAX];
        const char *colour = "#577590";
        uint64_t to = turn->to;
        if (turn->side == DIALOGUE_SERVER) {
            snprintf(label, sizeof label, "server: %s", turn->label);
            colour = "#43aa8b";
        } else if (turn->side == DIALOGUE_MESSAGE) {
            snprintf(label, sizeof label, "message, %llu octets", (unsigned long long)turn->octets);
            colour = "#90be6d";
        } else {
            snprintf(label, sizeof label, "%s", turn->label);
        }
        bool answered = turn->side != DIALOGUE_SERVER && i + 1 < t->len && t->turns[i + 1].side == DIALOGUE_SERVER;
        if (answered) {
            size_t n = strlen(label);
            snprintf(label + n, sizeof label - n, " \xe2\x86\x92 %s", t->turns[i + 1].label);
            to = t->turns[++i].to;
        }
        draw_row(p, label, colour, turn->from, to, false);
    }
    if (t->left_out > 0) {
        fprintf(p->out, "<text x=\"%d\" y=\"%d\">and %zu more turns</text>\n", LABELS, p->y + 15, t->left_out);
        p->y += ROW;
    }
}

static void draw_axis(picture *p, int height)
{
    for (int i = 0; i <= 5; i++) {
        uint64_t at = p->end * (uint64_t)i / 5;
        fprintf(p->out, "<line x1=\"%.2f\" y1=\"%d\" x2=\"%.2f\" y2=\"%d\" stroke=\"#dee2e6\"/>"
                        "<text x=\"%.2f\" y=\"%d\" text-anchor=\"middle\" class=\"time\">%.1f ms</text>\n",
                x_of(p, at), TOP - 4, x_of(p, at), height - 10, x_of(p, at), TOP - 10, (double)at / 1000);
    }
}

static uint64_t end_of(const wsmtp_client_facts *facts, const timeline *t)
{
    uint64_t end = 1;
    for (int i = 0; i < WSMTP_MOMENT_COUNT; i++)
        end = facts->moments[i] > end ? facts->moments[i] : end;
    if (t->len > 0 && t->turns[t->len - 1].to > end)
        end = t->turns[t->len - 1].to;
    return end;
}

static void write_svg(FILE *out, const char *title, const wsmtp_client_facts *facts, const timeline *t)
{
    picture p = {.out = out, .facts = facts, .end = end_of(facts, t), .y = TOP};
    int height = TOP + ROW * ((int)PHASES + (int)t->len + 4) + 20;
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
                 "font-family=\"sans-serif\" font-size=\"12\">\n<title>", WIDTH, height, WIDTH, height);
    escape(out, title);
    fprintf(out, "</title>\n<style>.time{fill:#6c757d;font-size:11px}</style>\n"
                 "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n"
                 "<text x=\"20\" y=\"26\" font-size=\"16\" font-weight=\"bold\">", WIDTH, height);
    escape(out, title);
    fputs("</text>\n", out);
    draw_axis(&p, height);
    draw_phases(&p);
    p.y += ROW / 2;
    fprintf(out, "<text x=\"20\" y=\"%d\" font-weight=\"bold\">round trips: %u</text>\n", p.y + 15,
            (unsigned)facts->round_trips);
    p.y += ROW;
    draw_round_trips(&p, t);
    fputs("</svg>\n", out);
}

void waterfall_write(FILE *out, bool html, const char *title, const wsmtp_client_facts *facts,
                     const timeline *t)
{
    if (!html) {
        fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", out);
        write_svg(out, title, facts, t);
        return;
    }
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>", out);
    escape(out, title);
    fputs("</title></head>\n<body style=\"margin:0\">\n", out);
    write_svg(out, title, facts, t);
    fputs("</body>\n</html>\n", out);
}
