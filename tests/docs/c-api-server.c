/*
 * Put behind the code of the C chapter: a server in memory for its struct link, which prints what it
 * is told, and a main that sends one letter through it.
 */
static char server_reply[1024];
static char server_line[1024];
static size_t server_line_len;
static bool server_in_message, server_secure;

static void say(const char *text)
{
    strcat(server_reply, text);
}

static void hear(const char *line)
{
    printf("%s\n", line);
    if (server_in_message) {
        if (strcmp(line, ".") == 0) {
            server_in_message = false;
            say("250 taken\r\n");
        }
    } else if (strncmp(line, "EHLO", 4) == 0) {
        say(server_secure ? "250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n"
                          : "250-mx\r\n250 STARTTLS\r\n");
    } else if (strcmp(line, "STARTTLS") == 0) {
        say("220 go\r\n");
    } else if (strncmp(line, "AUTH", 4) == 0) {
        say("235 welcome\r\n");
    } else if (strcmp(line, "DATA") == 0) {
        server_in_message = true;
        say("354 go\r\n");
    } else {
        say("250 ok\r\n");
    }
}

static int server_take(struct link *link, const void *data, size_t data_len)
{
    const char *text = data;
    (void)link;
    for (size_t i = 0; i < data_len; i++) {
        server_line[server_line_len++] = text[i];
        if (server_line_len >= 2 && memcmp(server_line + server_line_len - 2, "\r\n", 2) == 0) {
            server_line[server_line_len - 2] = '\0';
            server_line_len = 0;
            hear(server_line);
        }
    }
    return (int)data_len;
}

static int server_give(struct link *link, void *data, size_t data_len)
{
    size_t n = strlen(server_reply);
    (void)link;
    if (n > data_len) {
        n = data_len;
    }
    memcpy(data, server_reply, n);
    memmove(server_reply, server_reply + n, strlen(server_reply + n) + 1);
    return (int)n;
}

static int server_start_tls(struct link *link)
{
    (void)link;
    puts("(TLS)");
    server_secure = true;
    return 0;
}

int main(void)
{
    static const uint8_t nonce[WSMTP_NONCE_MAX] = {1};
    struct link link = {server_give, server_take, server_start_tls};
    struct letter letter = {"Hello\r\n.dot\r\n", 13, 0};
    say("220 mx\r\n");
    send_letter(&link, &letter, "user", "password", nonce);
    return letter.given == letter.text_len ? 0 : 1;
}
