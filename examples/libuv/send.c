/*
 * Sends a file with the asynchronous client, on a loop that does other things meanwhile: here it reads
 * the file, a piece at a time and only when the server takes more, so that memory stays constant.
 *
 *     uv_send HOST PORT FILE FROM TO...
 *
 * Environment: SMTP_TLS (implicit, starttls or none; implicit unless set), SMTP_CA (a file with the
 * authorities of a private server), SMTP_USER and SMTP_PASSWORD. Ends with 0 if every recipient was
 * accepted, with 1 if not, with 2 if nothing was tried.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wsmtp_uv.h>

#define PIECE 16384

typedef struct program {
    uv_loop_t loop;
    wsmtp_uv_client *client;
    wsmtp_request open, quit;
    wsmtp_send_request send;
    wsmtp_transaction transaction;
    int status;
    /* the file */
    uv_file file;
    uv_fs_t read;
    char piece[PIECE];
    size_t piece_at, piece_len;
    bool reading, at_end, failed;
} program;

static void on_read(uv_fs_t *read)
{
    program *p = read->data;
    p->reading = false;
    p->failed = read->result < 0;
    p->at_end = read->result == 0;
    p->piece_len = read->result > 0 ? (size_t)read->result : 0;
    p->piece_at = 0;
    uv_fs_req_cleanup(read);
    if (p->client)
        wsmtp_uv_body_ready(p->client);
}

/* Asked when the server takes more. What is not there yet is fetched, and comes later. */
static ptrdiff_t next_octets(void *context, uint8_t *buffer, size_t buffer_len)
{
    program *p = context;
    size_t n = p->piece_len - p->piece_at;
    if (n > 0) {
        n = n < buffer_len ? n : buffer_len;
        memcpy(buffer, p->piece + p->piece_at, n);
        p->piece_at += n;
        return (ptrdiff_t)n;
    }
    if (p->failed)
        return WSMTP_BODY_FAILED;
    if (p->at_end)
        return 0;
    if (!p->reading) {
        uv_buf_t to = uv_buf_init(p->piece, PIECE);
        p->reading = true;
        p->read.data = p;
        uv_fs_read(&p->loop, &p->read, p->file, &to, 1, -1, on_read);
    }
    return WSMTP_BODY_LATER;
}

static void on_open(wsmtp_request *request, const wsmtp_client_error *error)
{
    program *p = request->context;
    if (error)
        fprintf(stderr, "no session: %s\n", error->message);
    else
        printf("session with %s\n", wsmtp_uv_facts(p->client)->address);
}

/* Every recipient has one outcome, whatever happened: also if the session was never opened. */
static void on_sent(wsmtp_send_request *request, const wsmtp_client_result *result)
{
    program *p = request->context;
    const wsmtp_transaction *t = result->transaction;
    for (size_t i = 0; i < t->recipients_len; i++) {
        size_t text_len;
        const char *text = wsmtp_client_recipient_text(result, i, &text_len);
        printf("%s: %s %.*s\n", t->recipients[i].address, wsmtp_status_name(t->recipients[i].status),
               (int)text_len, text);
    }
    if (result->error)
        fprintf(stderr, "%s\n", result->error->message);
    p->status = t->accepted_count == t->recipients_len ? 0 : 1;
}

static void on_quit(wsmtp_request *request, const wsmtp_client_error *error)
{
    program *p = request->context;
    (void)error; /* there is none: QUIT cannot fail */
    wsmtp_uv_close(p->client, NULL, NULL);
    p->client = NULL;
}

static wsmtp_uv_server *server_of(char **argv)
{
    const char *tls = getenv("SMTP_TLS"), *user = getenv("SMTP_USER"), *password = getenv("SMTP_PASSWORD");
    wsmtp_client_options options;
    wsmtp_credentials credentials;
    wsmtp_client_error error;
    wsmtp_client_options_init(&options);
    options.host = argv[1];
    options.port = (uint16_t)strtoul(argv[2], NULL, 10);
    options.ca_file = getenv("SMTP_CA");
    if (tls && strcmp(tls, "starttls") == 0)
        options.tls = WSMTP_TLS_STARTTLS;
    else if (tls && strcmp(tls, "none") == 0)
        options.tls = WSMTP_TLS_NONE;
    if (user && password) {
        wsmtp_credentials_init(&credentials);
        credentials.user = user;
        credentials.user_len = strlen(user);
        credentials.password = password;
        credentials.password_len = strlen(password);
        options.credentials = &credentials;
    }
    wsmtp_uv_server *server = wsmtp_uv_server_new(&options, &error);
    if (!server)
        fprintf(stderr, "%s\n", error.message);
    return server;
}

static bool open_file(program *p, const char *name)
{
    uv_fs_t open;
    p->file = uv_fs_open(&p->loop, &open, name, O_RDONLY, 0, NULL);
    uv_fs_req_cleanup(&open);
    if (p->file < 0)
        fprintf(stderr, "%s: %s\n", name, uv_strerror(p->file));
    return p->file >= 0;
}

static void close_file(program *p)
{
    uv_fs_t close;
    uv_fs_close(&p->loop, &close, p->file, NULL);
    uv_fs_req_cleanup(&close);
}

static void describe_message(program *p, const char *from, char **to, size_t to_len)
{
    wsmtp_transaction *t = &p->transaction;
    wsmtp_transaction_init(t);
    t->reverse_path = from;
    t->reverse_path_len = strlen(from);
    t->recipients = calloc(to_len, sizeof *t->recipients);
    t->recipients_len = t->recipients ? to_len : 0;
    for (size_t i = 0; i < t->recipients_len; i++) {
        t->recipients[i].address = to[i];
        t->recipients[i].address_len = strlen(to[i]);
    }
    t->flags = WSMTP_SEND_MAKE_CRLF; /* files of Unix have LF */
    p->send.transaction = t;
    p->send.body.read = next_octets;
    p->send.body.context = p;
    p->send.done = on_sent;
    p->send.context = p;
}

int main(int argc, char **argv)
{
    static program p;
    p.status = 2;
    if (argc < 6) {
        fprintf(stderr, "usage: %s HOST PORT FILE FROM TO...\n", argv[0]);
        return p.status;
    }
    uv_loop_init(&p.loop);
    wsmtp_uv_server *server = server_of(argv);
    if (server && open_file(&p, argv[3])) {
        /* All at once: requests wait their turn, and each gets its callback. */
        describe_message(&p, argv[4], argv + 5, (size_t)argc - 5);
        p.open.done = on_open;
        p.quit.done = on_quit;
        p.open.context = p.quit.context = &p;
        p.client = wsmtp_uv_client_new(&p.loop, server);
        if (p.client) {
            wsmtp_uv_open(p.client, &p.open);
            wsmtp_uv_send(p.client, &p.send);
            wsmtp_uv_quit(p.client, &p.quit);
            uv_run(&p.loop, UV_RUN_DEFAULT);
        }
        free(p.transaction.recipients);
        close_file(&p);
    }
    wsmtp_uv_server_free(server);
    uv_loop_close(&p.loop);
    return p.status;
}
