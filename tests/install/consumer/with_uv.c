#include <stdio.h>
#include <wsmtp_uv.h>

/* Connects to a port of this machine where nothing listens, blocking and on a loop. */
static wsmtp_cause cause;

static void on_opened(wsmtp_request *request, const wsmtp_client_error *error)
{
    cause = error ? error->cause : WSMTP_CAUSE_NONE;
    wsmtp_uv_close(request->context, NULL, NULL);
}

int main(void)
{
    wsmtp_client_options options;
    wsmtp_client_options_init(&options);
    options.host = "127.0.0.1";
    options.port = 1;
    wsmtp_client *blocking = wsmtp_client_new(&options);
    if (wsmtp_client_open(blocking) ||
        wsmtp_client_error_get(blocking)->cause != WSMTP_CAUSE_CONNECTION_REFUSED)
        return 1;
    wsmtp_client_free(blocking);

    uv_loop_t *loop = uv_default_loop();
    wsmtp_uv_server *server = wsmtp_uv_server_new(&options, NULL);
    wsmtp_uv_client *client = wsmtp_uv_client_new(loop, server);
    wsmtp_request open = {on_opened, client, NULL, 0, NULL};
    wsmtp_uv_server_free(server);
    wsmtp_uv_open(client, &open);
    uv_run(loop, UV_RUN_DEFAULT);
    return cause == WSMTP_CAUSE_CONNECTION_REFUSED && uv_loop_close(loop) == 0 ? 0 : 1;
}
