#include "measure.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const char head[] = "From: <" BENCH_FROM ">\r\nTo: <" BENCH_TO ">\r\nSubject: bench\r\n"
                           "Date: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@lab.test>\r\n\r\n";
static const char line[] = "A line of a message, as long as lines usually are in mail that people write.\r\n";

static int64_t began_us, began_cpu_us;

void bench_fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static size_t number(const char *text, const char *name) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        fprintf(stderr, "%s: must be a number\n", name);
        exit(64);
    }
    return value;
}

bench_arguments bench_parse(int argc, char **argv) {
    bench_arguments arguments = {0};
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: %s PORT COUNT OCTETS [OVERLAP]\n", argv[0]);
        exit(64);
    }
    arguments.port = (unsigned short)number(argv[1], "PORT");
    arguments.count = number(argv[2], "COUNT");
    arguments.octets = number(argv[3], "OCTETS");
    arguments.overlap = argc == 5 ? (unsigned)number(argv[4], "OVERLAP") : 1;
    arguments.user = getenv("BENCH_USER");
    arguments.password = getenv("BENCH_PASSWORD");
    if ((arguments.user == NULL) != (arguments.password == NULL)) bench_fail("BENCH_PASSWORD", "goes with BENCH_USER");
    if (arguments.octets < sizeof head + 1) {
        fprintf(stderr, "OCTETS: must be %zu or more\n", sizeof head + 1);
        exit(64);
    }
    return arguments;
}

size_t bench_read(const bench_arguments *arguments, size_t offset, char *buffer, size_t len) {
    size_t head_len = sizeof head - 1, line_len = sizeof line - 1, done = 0;
    while (done < len && offset < arguments->octets) {
        size_t left = arguments->octets - offset, at, take;
        if (offset < head_len) {
            at = offset;
            take = head_len - at;
            if (take > left) take = left;
            if (take > len - done) take = len - done;
            memcpy(buffer + done, head + at, take);
        } else {
            at = (offset - head_len) % line_len;
            take = line_len - at;
            if (take > left) take = left;
            if (take > len - done) take = len - done;
            memcpy(buffer + done, line + at, take);
        }
        /* Wherever the size cuts a line, it ends properly. */
        for (size_t from_end = 1; from_end <= 2; from_end += 1) {
            size_t position = arguments->octets - from_end;
            if (position >= offset && position < offset + take) buffer[done + (position - offset)] = from_end == 1 ? '\n' : '\r';
        }
        done += take;
        offset += take;
    }
    return done;
}

char *bench_message(const bench_arguments *arguments) {
    char *message;
    if (arguments->octets > BENCH_STREAMED) return NULL;
    message = malloc(arguments->octets + 1);
    if (message == NULL) bench_fail("message", "out of memory");
    bench_read(arguments, 0, message, arguments->octets);
    message[arguments->octets] = '\0';
    return message;
}

static int64_t processor_us(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ru_maxrss would count what the process was before exec. */
static long peak_kib(void) {
    char text[256];
    long peak = 0;
    FILE *file = fopen("/proc/self/status", "r");
    if (file == NULL) bench_fail("/proc/self/status", "cannot be read");
    while (fgets(text, sizeof text, file) != NULL)
        if (sscanf(text, "VmHWM: %ld", &peak) == 1) break;
    fclose(file);
    return peak;
}

void bench_begin(void) {
    began_us = now_us();
    began_cpu_us = processor_us();
}

void bench_end(void) {
    int64_t cpu = processor_us() - began_cpu_us, passed = now_us() - began_us;
    printf("{\"us\": %lld, \"cpu\": %lld, \"peak\": %ld}\n", (long long)passed, (long long)cpu, peak_kib());
    fflush(stdout);
}
