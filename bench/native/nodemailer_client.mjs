// nodemailer, a pool of one connection: PORT COUNT OCTETS, as measure.h says.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";

const { createTransport } = createRequire(new URL("../../tests/package.json", import.meta.url))("nodemailer");
const [port, count, octets] = process.argv.slice(2).map(Number);
const from = "bench@lab.test";
const to = "b@lab.test";
const head = `From: <${from}>\r\nTo: <${to}>\r\nSubject: bench\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@lab.test>\r\n\r\n`;
const line = "A line of a message, as long as lines usually are in mail that people write.\r\n";
const raw = Buffer.from(`${(head + line.repeat(Math.ceil(octets / line.length))).slice(0, octets - 2)}\r\n`);

const transport = createTransport({ host: "127.0.0.1", port, secure: false, ignoreTLS: true, name: "bench.lab.test", pool: true, maxConnections: 1, maxMessages: Infinity });
const send = () => transport.sendMail({ envelope: { from, to }, raw });
await send();
const began = performance.now();
const cpuBegan = process.cpuUsage();
for (let at = 0; at < count; at += 1) await send();
const { user, system } = process.cpuUsage(cpuBegan);
const us = (performance.now() - began) * 1000;
transport.close();
const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "latin1"))[1]);
console.log(JSON.stringify({ us, cpu: user + system, peak }));
