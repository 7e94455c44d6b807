// A component in wasmtime, for the tests: host.py holds it, this speaks with host.py.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const out = `${root}build/wasi/out/`;
export const python = `${root}build/wasi/python/bin/python`;
export const wasmtime = `${root}build/wasi/bin/wasmtime`;
const SMTP = 'wasm-smtp:smtp';
const VERSION = '1.0.0';

export class ComponentError extends Error {
  constructor(details) {
    super(details.message ?? JSON.stringify(details));
    Object.assign(this, details);
  }
}

/** Starts one instance. options: network, lookup (both true), memory (MiB), wrap (a command line before it). */
export function startComponent(name, { network = true, lookup = true, memory, wrap = [] } = {}) {
  const args = [fileURLToPath(new URL('host.py', import.meta.url))];
  if (!network) args.push('--no-network');
  if (!lookup) args.push('--no-lookup');
  if (memory) args.push('--memory', String(memory));
  args.push(`${out}${name}.wasm`);
  const command = [...wrap, python, ...args];
  const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)));
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`host.py ended: ${code ?? signal}`));
  });

  function request(value) {
    return new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      child.stdin.write(`${JSON.stringify(value)}\n`);
    });
  }

  async function call(target, ...args) {
    const [interfaceName, functionName] = target.split('#');
    const answer = await request({ call: `${SMTP}/${interfaceName}@${VERSION}#${functionName}`, arguments: args });
    if (answer.trap) throw new Error(answer.trap);
    if (answer.value && typeof answer.value === 'object' && 'err' in answer.value) throw new ComponentError(answer.value.err);
    return answer.value && typeof answer.value === 'object' && 'ok' in answer.value ? answer.value.ok : answer.value;
  }

  return {
    child,
    call,
    drop: (handle) => request({ drop: handle }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      await ended;
    },
  };
}

export const octets = (text) => Buffer.from(text).toString('base64');

/** A config of wit/smtp.wit; what is not given is left at its default. */
export function config(port, { host = 'localhost', tls = 'none', ca, ehloName = null, limits = {}, protocol = 'smtp', options = [], eagerOctets = null } = {}) {
  return {
    host,
    port,
    tls,
    trust: ca ? { custom: octets(ca) } : 'bundled',
    'ehlo-name': ehloName,
    'time-limits': Object.entries(limits).map(([phase, milliseconds]) => ({ phase, milliseconds })),
    protocol,
    options,
    'eager-octets': eagerOctets,
  };
}

/** Recipients are addresses, or records whose optional members may be missing. */
export function envelope(recipients, { sender = 'me@lab.test', options = [], parameters = [], optional = [] } = {}) {
  return {
    sender,
    recipients: recipients.map((recipient) => ({ notify: null, 'original-recipient': null, ...(recipient.address ? recipient : { address: recipient }) })),
    options,
    parameters,
    optional,
  };
}

export function message(recipients, content, options) {
  return { envelope: envelope(recipients, options), content: octets(content) };
}

export const password = (user, pass, mechanism = 'automatic', plaintext = false) => ({
  password: { user, password: pass, mechanism, 'allow-plaintext': plaintext },
});
export const token = (user, value, mechanism = 'automatic', plaintext = false) => ({
  token: { user, 'access-token': value, mechanism, 'allow-plaintext': plaintext },
});
export const identity = (mechanism, name = '', plaintext = false) => ({ [mechanism]: { identity: name, 'allow-plaintext': plaintext } });
