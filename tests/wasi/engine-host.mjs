// A host of the interface engine: brings sockets, TLS, timers and random octets, and knows no SMTP.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { connect as secure } from 'node:tls';

/**
 * Opens a session of the component's class Session with a server.
 * @param {object} options
 * @param {string} [options.tls] none, starttls or implicit
 * @param {string} [options.ca] authorities for TLS, as PEM
 * @param {number} [options.piece] at most so many octets are offered to the component at once
 * @param {object[]} [options.timeLimits]
 */
export function dial(Session, { host = 'localhost', port, tls = 'none', ca, piece = 65536, timeLimits = [], ehloName = 'host.test', protocol = 'smtp', options = {}, eagerOctets, earlyEnvelope = false, known }) {
  const session = Session.start({ tls, ehloName, timeLimits, protocol, options, eagerOctets, earlyEnvelope, known });
  const events = [];
  const waiting = [];
  let shown = ''; // what the host may show of what it sent
  let sent = '';
  let socket = connect({ host, port });
  let epoch, timer, over = false;

  function tell(event) {
    if (waiting.length > 0) waiting.shift()(event);
    else events.push(event);
  }

  /** Everything that the session wants done now. What an event leads to is sent after it was taken. */
  function step() {
    for (;;) {
      const event = session.nextEvent();
      const output = event ? undefined : session.toSend();
      if (output) write(output);
      else if (!event) break;
      else if (event.tag === 'start-tls') handshake();
      else tell(event);
      if (event?.tag === 'failed' || event?.tag === 'closed') close();
    }
    watch();
  }
  function write({ octets, secretAt }) {
    sent += Buffer.from(octets).toString('latin1');
    shown += Buffer.from(octets.subarray(0, secretAt)).toString('latin1') + (secretAt < octets.length ? '<secret>\r\n' : '');
    socket.write(octets);
  }
  function watch() {
    const { milliseconds, epoch: now } = session.timer();
    if (now === epoch) return;
    epoch = now;
    clearTimeout(timer);
    if (milliseconds > 0 && !over) timer = setTimeout(() => fail('timeout'), milliseconds);
  }
  function close() {
    over = true;
    clearTimeout(timer);
    socket.end();
  }
  function fail(why) {
    if (over) return;
    session.failed(why);
    step();
  }
  function receive(octets) {
    for (let at = 0; at < octets.length && !over; ) {
      const taken = session.received(octets.subarray(at, at + piece));
      at += taken;
      step();
      if (taken === 0) throw new Error('the session takes nothing');
    }
  }
  function listen() {
    socket.on('data', receive);
    socket.on('end', () => {
      if (over) return;
      session.received(new Uint8Array(0));
      step();
    });
    socket.on('error', () => socket.connecting || fail('connection-lost'));
  }
  function handshake() {
    const plain = socket;
    const begin = () => {
      plain.removeAllListeners();
      socket = secure({ socket: plain, ca, servername: 'localhost' });
      socket.on('secureConnect', () => {
        socket.removeAllListeners('error');
        listen();
        session.tlsDone();
        step();
      });
      socket.on('error', () => fail('tls-failed'));
    };
    if (plain.connecting) plain.once('connect', begin);
    else begin();
  }

  const unconnected = () => fail('connect-failed');
  socket.on('error', unconnected);
  socket.on('connect', () => socket.off('error', unconnected));
  if (tls !== 'implicit') listen();
  step();

  const self = {
    session,
    /** The next event, which must be one of these. */
    async next(...tags) {
      const event = events.shift() ?? (await new Promise((resolve) => waiting.push(resolve)));
      if (!tags.includes(event.tag)) throw new Error(`expected ${tags}, got ${event.tag}: ${event.val?.message ?? ''}`);
      return event;
    },
    /** Calls a function of the session, and does what follows from it. */
    call(name, ...parameters) {
      try {
        return session[name](...parameters);
      } finally {
        step();
      }
    },
    async ready() {
      await self.next('greeting');
      const ehlo = await self.next('ehlo');
      if (tls === 'starttls') await self.next('ehlo');
      await self.next('ready');
      return ehlo;
    },
    /** A TLS 1.3 connection has a binding (RFC 9266): `bind` passes it. */
    login(credentials, { bind = false } = {}) {
      const binding = bind ? { tag: 'tls-exporter', val: socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding') } : undefined;
      return self.call('login', credentials, randomBytes(24), binding);
    },
    /** Sends one message; its event, sent or not-sent. */
    async send({ recipients, ...envelope }, content, { size, repeatable = false } = {}) {
      self.call('submit', { options: {}, parameters: [], optional: {}, ...envelope, recipients: recipients.map((each) => (each.address ? each : { address: each })) }, size, repeatable);
      for (;;) {
        const event = await self.next('body', 'sent', 'not-sent');
        if (event.tag !== 'body') return event;
        await self.give(content);
      }
    },
    async give(content) {
      for (let at = 0; at < content.length; ) {
        const taken = self.call('writeBody', content.subarray(at, at + piece));
        at += taken;
        if (events.length > 0) return; // decided before its end
        if (taken === 0) await new Promise(setImmediate);
      }
      self.call('endBody');
    },
    async quit() {
      self.call('quit');
      await self.next('closed');
    },
    get shown() {
      return shown;
    },
    get sent() {
      return sent;
    },
    end() {
      close();
      socket.destroy();
      session[Symbol.dispose]?.();
    },
  };
  return self;
}
