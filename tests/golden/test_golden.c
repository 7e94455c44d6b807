/*
 * Plays every dialogue of tests/golden/cases in many ways: whole, octet by octet, cut at random,
 * with small and large buffers, and with octets behind the last reply. The events must be the same
 * in all.
 *
 *     golden_golden [--log] [FILE...]
 */
#define _DEFAULT_SOURCE /* scandir */

#include "golden.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASES "tests/golden/cases"

static const char unsolicited[] = "250 nobody asked\r\n";
static const char unfinished[] = "4";
static const char garbage[] = "\x16\x03\x01 no reply\r\n";

static const golden_mode modes[] = {
    {.name = "whole", .input_len = 4096, .output_len = 65536},
    {.name = "whole, small buffers", .input_len = WSMTP_INPUT_MIN, .output_len = WSMTP_OUTPUT_MIN},
    {.name = "octet by octet", .read_size = 1, .write_size = 1, .body_size = 1,
     .input_len = 4096, .output_len = 4096},
    {.name = "octet by octet, small buffers", .read_size = 1, .write_size = 1, .body_size = 1,
     .input_len = WSMTP_INPUT_MIN, .output_len = WSMTP_OUTPUT_MIN},
    {.name = "body octet by octet", .body_size = 1, .input_len = 2048, .output_len = 8192},
    {.name = "random cuts 1", .seed = 1, .read_size = 5, .write_size = 7, .body_size = 3,
     .input_len = WSMTP_INPUT_MIN, .output_len = WSMTP_OUTPUT_MIN},
    {.name = "random cuts 2", .seed = 77, .read_size = 40, .write_size = 300, .body_size = 50,
     .input_len = 1500, .output_len = 1100},
    {.name = "random cuts 3", .seed = 4242, .read_size = 3, .write_size = 2000, .body_size = 1000,
     .input_len = 1025, .output_len = 5000},
    {.name = "random cuts 4", .seed = 31337, .read_size = 600, .write_size = 20, .body_size = 10,
     .input_len = 4096, .output_len = WSMTP_OUTPUT_MIN},
};

static const golden_mode trailing_modes[] = {
    {.name = "unsolicited reply behind, whole", .input_len = 4096, .output_len = 4096,
     .trailing = unsolicited, .trailing_len = sizeof unsolicited - 1},
    {.name = "unsolicited reply behind, octet by octet", .read_size = 1, .write_size = 1,
     .body_size = 1, .input_len = 1024, .output_len = 1024,
     .trailing = unsolicited, .trailing_len = sizeof unsolicited - 1},
    {.name = "unfinished reply behind, whole", .input_len = 4096, .output_len = 4096,
     .trailing = unfinished, .trailing_len = sizeof unfinished - 1},
    {.name = "garbage behind, whole", .input_len = 4096, .output_len = 4096,
     .trailing = garbage, .trailing_len = sizeof garbage - 1},
};

static unsigned passed, failed;
static bool show_log;

static void report_failure(const golden_case *script, const golden_mode *mode,
                           const golden_bytes *report)
{
    failed++;
    printf("FAIL %s: %s (%s)\n%s", script->file, script->title.data, mode->name,
           report->len ? report->data : "");
}

/* One line of difference between two logs. */
static void compare_logs(const golden_bytes *first, const golden_bytes *second,
                         golden_bytes *report)
{
    const char *a = first->data, *b = second->data;
    while (*a && *b) {
        size_t a_len = strcspn(a, "\n"), b_len = strcspn(b, "\n");
        if (a_len != b_len || memcmp(a, b, a_len) != 0)
            break;
        a += a_len + (a[a_len] != '\0');
        b += b_len + (b[b_len] != '\0');
    }
    golden_print(report, "  when cut otherwise, the same octets gave another log\n"
                         "  whole: %.*s\n  here:  %.*s\n",
                 (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
}

/*
 * Octets behind the last reply change nothing before them, unless that reply starts TLS or makes
 * the engine write: then they would be part of what follows.
 */
static bool may_have_trailing(const golden_case *script)
{
    size_t last = script->steps_len;
    while (last && script->steps[last - 1].kind != GOLDEN_SERVER)
        last--;
    if (script->no_trailing || script->whole_only || !last)
        return false;
    for (size_t i = last; i < script->steps_len; i++) {
        const golden_step *step = &script->steps[i];
        if (step->kind == GOLDEN_ACTION)
            break;
        if (step->kind == GOLDEN_OUTPUT || strncmp(step->text.data, "START_TLS", 9) == 0)
            return false;
    }
    return true;
}

static void play_case(const golden_case *script)
{
    golden_bytes reference = {0};
    size_t count = script->whole_only ? 1 : sizeof modes / sizeof *modes;
    for (size_t i = 0; i < count; i++) {
        golden_bytes log = {0}, report = {0};
        golden_add(&log, "", 0);
        bool good = golden_play(script, &modes[i], &log, &report);
        if (!i) {
            golden_add(&reference, log.data, log.len);
            if (show_log)
                printf("--- %s\n%s", script->title.data, log.data);
        } else if (good && strcmp(reference.data, log.data) != 0) {
            compare_logs(&reference, &log, &report);
            good = false;
        }
        if (good)
            passed++;
        else
            report_failure(script, &modes[i], &report);
        golden_free(&log);
        golden_free(&report);
        /* A case that fails whole would only fail again. */
        if (!good)
            break;
    }
    golden_free(&reference);

    count = may_have_trailing(script) ? sizeof trailing_modes / sizeof *trailing_modes : 0;
    for (size_t i = 0; i < count; i++) {
        golden_bytes log = {0}, report = {0};
        if (golden_play(script, &trailing_modes[i], &log, &report)) {
            passed++;
        } else {
            report_failure(script, &trailing_modes[i], &report);
            i = count;
        }
        golden_free(&log);
        golden_free(&report);
    }
}

static void play_file(const char *file)
{
    size_t cases_len;
    golden_case *cases = golden_read(file, &cases_len);
    for (size_t i = 0; i < cases_len; i++)
        play_case(&cases[i]);
    golden_free_cases(cases, cases_len);
}

static int is_script(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 4 && strcmp(entry->d_name + len - 4, ".txt") == 0;
}

int main(int argc, char **argv)
{
    int files = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--log") == 0) {
            show_log = true;
        } else {
            play_file(argv[i]);
            files++;
        }
    }
    if (!files) {
        struct dirent **entries;
        int entries_len = scandir(CASES, &entries, is_script, alphasort);
        if (entries_len <= 0) {
            fprintf(stderr, "no dialogues in %s: run this in the root of the project\n", CASES);
            return 2;
        }
        for (int i = 0; i < entries_len; i++) {
            golden_bytes path = {0};
            golden_print(&path, CASES "/%s", entries[i]->d_name);
            play_file(path.data);
            golden_free(&path);
            free(entries[i]);
        }
        free(entries);
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
