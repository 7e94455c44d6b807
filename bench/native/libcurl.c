/* libcurl's easy interface, its connection kept from message to message. */
#include "measure.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct source {
    const bench_arguments *arguments;
    const char *message;
    size_t offset;
} source;

static size_t read_body(char *buffer, size_t size, size_t items, void *context) {
    source *s = context;
    size_t len = size * items, left = s->arguments->octets - s->offset;
    if (s->message == NULL) {
        len = bench_read(s->arguments, s->offset, buffer, len);
    } else {
        if (len > left) len = left;
        memcpy(buffer, s->message + s->offset, len);
    }
    s->offset += len;
    return len;
}

int main(int argc, char **argv) {
    bench_arguments arguments = bench_parse(argc, argv);
    char *message = bench_message(&arguments), url[64];
    source body = {&arguments, message, 0};
    struct curl_slist *recipients;
    CURL *curl;

    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    recipients = curl_slist_append(NULL, "<" BENCH_TO ">");
    if (curl == NULL || recipients == NULL) bench_fail("libcurl", "out of memory");
    snprintf(url, sizeof url, "smtp://127.0.0.1:%u/bench.lab.test", arguments.port);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, "<" BENCH_FROM ">");
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_body);
    curl_easy_setopt(curl, CURLOPT_READDATA, &body);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)arguments.octets);
    if (arguments.user != NULL) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, arguments.user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, arguments.password);
        curl_easy_setopt(curl, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN");
        curl_easy_setopt(curl, CURLOPT_SASL_IR, 1L); /* one round trip less than without */
    }
    for (size_t at = 0; at <= arguments.count; at += 1) {
        CURLcode code;
        body.offset = 0;
        code = curl_easy_perform(curl);
        if (code != CURLE_OK) bench_fail("libcurl", curl_easy_strerror(code));
        if (at == 0) bench_begin();
    }
    bench_end();
    curl_easy_cleanup(curl);
    curl_slist_free_all(recipients);
    curl_global_cleanup();
    free(message);
    return 0;
}
