// node send.mjs HOST PORT none|starttls|implicit CA-FILE|- SENDER RECIPIENT... < MESSAGE
// Login: user in SMTP_USER, password in SMTP_PASSWORD.
import { readFileSync } from 'node:fs';
import { startMailer } from './mailer.mjs';

const [host, port, tls, ca, sender, ...recipients] = process.argv.slice(2);
const { SMTP_USER: user, SMTP_PASSWORD: password } = process.env;
const mailer = startMailer();
try {
  const outcome = await mailer.send(
    {
      host,
      port: Number(port),
      tls,
      trust: ca === '-' ? { tag: 'bundled' } : { tag: 'custom', val: readFileSync(ca) },
      ehloName: undefined,
      timeLimits: [],
      protocol: 'smtp',
      options: {},
    },
    user ? { tag: 'password', val: { user, password, mechanism: 'automatic', allowPlaintext: false } } : { tag: 'none' },
    {
      envelope: { sender, recipients: recipients.map((address) => ({ address })), options: {}, parameters: [], optional: {} },
      content: readFileSync(0),
    },
  );
  for (const { address, status, reply } of outcome.recipients) console.log(`${address}: ${status} ${reply?.text ?? ''}`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await mailer.stop();
}
