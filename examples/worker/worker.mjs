import { sendMail } from "wasm-smtp";

export default {
  async fetch(request, env) {
    const message = `From: ${env.MAIL_FROM}\r\nTo: ${env.MAIL_TO}\r\nSubject: Hello\r\n\r\nSent from a Worker.\r\n`;
    const auth = { user: env.SMTP_USER, pass: env.SMTP_PASS };
    const server = { hostname: env.SMTP_HOST, port: Number(env.SMTP_PORT ?? 465), auth };
    const { queueId } = await sendMail({ ...server, from: env.MAIL_FROM, to: env.MAIL_TO, message });
    return new Response(`sent as ${queueId}\n`);
  },
};
