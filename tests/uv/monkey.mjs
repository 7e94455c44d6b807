// A server that answers anything at any time, and keeps a record of what it has really taken.
import assert from "node:assert/strict";
import { createServer } from "node:net";

/** Numbers that look random and are the same every time (mulberry32). */
function makeRandom(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const SEED = Number(process.env.MONKEY_SEED ?? 1);
const random = makeRandom(SEED);
const chance = (p) => random() < p;
const pick = (list) => list[Math.floor(random() * list.length)];

/** How often the message for each recipient was acknowledged. */
const taken = new Map();

function serve(socket) {
  const bad = pick([0, 0, 0.02, 0.05]); // how often anything goes wrong
  const extensions = ["PIPELINING", "CHUNKING", "8BITMIME", "ENHANCEDSTATUSCODES", "LIMITS RCPTMAX=2", "LIMITS MAILMAX=3", "AUTH PLAIN"]
    .filter((name) => name === "AUTH PLAIN" || chance(0.6));
  let input = Buffer.alloc(0), ended = false, busy = false, mute = false;
  let mail = false, to = [], data = null, chunks = null, chunk = 0, last = false, content = "";
  socket.setNoDelay(true);
  socket.on("error", () => {});
  const end = (how) => {
    if (ended) return;
    ended = true;
    if (how === "reset") socket.resetAndDestroy();
    else socket.end();
  };
  const write = (text) => !ended && !mute && socket.write(text);
  const say = (text, { final = false } = {}) => {
    if (ended) return false;
    if (chance(bad / 4)) return end(pick(["reset", "close"])), false;
    if (chance(bad / 8)) write(pick(["hello\r\n", "999 \x00\r\n", "250-a\r\n251 b\r\n", "x".repeat(2000) + "\r\n"]));
    if (!final && chance(bad / 8)) return write("421 4.3.2 going\r\n"), end("close"), false;
    if (chance(bad / 8)) mute = true; // says nothing any more
    const line = text + "\r\n";
    if (chance(0.1)) { write(line.slice(0, 2)); setTimeout(() => write(line.slice(2)), 1); return true; }
    write(line);
    if (chance(bad / 8)) { end(pick(["reset", "close"])); return true; }
    return true;
  };
  const no = () => pick(["451 4.0.0 later", "550 5.0.0 never", "452 4.5.3 many", "503 5.5.1 order", "421 4.3.2 bye"]);
  const answer = (good) => {
    const bad_ = chance(bad * 2);
    const text = bad_ ? no() : good;
    say(text);
    if (text.startsWith("421")) end("close");
    return !bad_;
  };
  const finish = () => {
    const all = to;
    mail = false; to = [];
    if (all.length === 0) { say("554 5.5.1 nobody"); return; }
    if (chance(bad * 2)) { const text = no(); say(text); if (text.startsWith("421")) end("close"); return; }
    if (ended) return;
    const id = /^Subject: (\d+)\r\n/.exec(content)?.[1];
    for (const one of all) {
      assert.ok(one.startsWith(`m${id}.`), `${one} got message ${id}`);
      assert.match(content, /\r\nlast line\r\n$/);
      taken.set(one, (taken.get(one) ?? 0) + 1);
    }
    say(`250 2.0.0 ok queued as Q${id}ABCDE`, { final: true }); // or it ends: it was taken all the same
  };
  const take = async (line) => {
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === "EHLO") { mail = false; to = []; const all = ["monkey.test", ...extensions]; say(all.map((name, i) => `250${i === all.length - 1 ? " " : "-"}${name}`).join("\r\n")); }
    else if (verb === "AUTH") answer("235 2.7.0 in");
    else if (verb === "MAIL") { to = []; mail = false; if (answer("250 2.1.0 ok")) mail = true; }
    else if (verb === "RCPT") {
      if (!mail) say("503 5.5.1 no sender");
      else if (answer("250 2.1.5 ok")) to.push(/<([^>]*)>/.exec(line)[1]);
    } else if (verb === "DATA") {
      if (!mail || !to.length) say(to.length || mail ? "554 5.5.1 nobody" : "503 5.5.1 no sender");
      else if (chance(bad)) say("451 4.0.0 no data");
      else { data = ""; say("354 go"); }
    } else if (verb === "BDAT") {
      chunk = Number(line.split(" ")[1]); last = / LAST/i.test(line); chunks ??= "";
      const n = chunk;
      while (input.length < n) { if (!(await more())) return; }
      chunks += input.subarray(0, n).toString("latin1");
      input = input.subarray(n);
      if (!mail || !to.length) { if (last) chunks = null; say("503 5.5.1 no"); }
      else if (last) { content = chunks; chunks = null; finish(); }
      else answer("250 2.0.0 chunk") || (mail = false);
    } else if (verb === "RSET") { mail = false; to = []; chunks = null; answer("250 2.0.0 reset"); }
    else if (verb === "QUIT") { say("221 2.0.0 bye"); end("close"); }
    else say("250 2.0.0 ok");
  };
  let wake = null, closed = false;
  const more = () => new Promise((resolve) => { if (closed || ended) return resolve(false); wake = resolve; });
  const run = async () => {
    if (busy) return;
    busy = true;
    while (!ended) {
      if (data !== null) {
        const at = input.indexOf("\r\n.\r\n");
        const begins = input.indexOf(".\r\n") === 0 && data === "";
        if (chance(bad / 20)) { end("reset"); break; }
        if (at < 0 && !begins) { if (!(await more())) break; continue; }
        content = begins ? "" : input.subarray(0, at + 2).toString("latin1").replace(/(^|\r\n)\./g, "$1");
        input = input.subarray(begins ? 3 : at + 5);
        data = null;
        finish();
        continue;
      }
      const at = input.indexOf("\r\n");
      if (at < 0) { if (!(await more())) break; continue; }
      const line = input.subarray(0, at).toString("latin1");
      input = input.subarray(at + 2);
      if (chance(0.05)) await new Promise((resolve) => setTimeout(resolve, 3));
      await take(line);
    }
    busy = false;
  };
  socket.on("data", (piece) => { input = Buffer.concat([input, piece]); const w = wake; wake = null; if (w) w(true); });
  socket.on("close", () => { closed = true; const w = wake; wake = null; if (w) w(false); });
  if (chance(bad)) { say(pick(["421 not now", "554 no", "hello"])); if (chance(0.5)) return end("close"); } else say("220 monkey.test ESMTP");
  run();
}

export async function prepare() {
  const server = createServer(serve);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    env: { MONKEY: server.address().port, SEED },
    verify(output) {
      const allowed = { accepted: [1], "in-doubt": [0, 1], "not-sent": [0], deferred: [0], refused: [0] };
      const outcomes = [...output.matchAll(/^(m\d+\.r\d+@x\.test) (\S+)$/gm)];
      const counts = {};
      const wrong = [];
      for (const [, address, status] of outcomes) {
        counts[status] = (counts[status] ?? 0) + 1;
        const count = taken.get(address) ?? 0;
        if (!allowed[status].includes(count)) wrong.push(`${address}: ${status}, but it was taken ${count} times`);
      }
      if (process.env.MONKEY_SEED) console.log(SEED, counts);
      assert.deepEqual(wrong, []);
      assert.ok(counts.accepted > 50);
    },
    async stop() {
      server.close();
    },
  };
}
