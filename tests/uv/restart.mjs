// The program starts and kills smtp-sink itself; here is a folder for what it takes, and a port.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, makeRunFolder, requireProgram, requireRoot, systemUser } from "../servers/folders.mjs";
import { releasePorts, reservePort } from "../servers/ports.mjs";
import { removeFolderAtEnd } from "../servers/processes.mjs";

const PROGRAM = "/usr/sbin/smtp-sink";

/** How often each message, by its number, has arrived whole. */
function arrivals(folder) {
  const counts = new Map();
  for (const file of readdirSync(folder)) {
    const content = readFileSync(join(folder, file), "latin1");
    const number = /^Subject: (\d+)$/m.exec(content)?.[1];
    if (!number || !/^last line\r?$/m.test(content)) continue; // cut off when the server was killed
    counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  return counts;
}

export async function prepare() {
  requireProgram(PROGRAM, "postfix");
  requireRoot("smtp-sink");
  const run = makeRunFolder();
  removeFolderAtEnd(run);
  const folder = makeFolder(join(run, "sink"), { owner: systemUser("nobody", "base-passwd") });
  const port = await reservePort();
  return {
    env: { SINK_PROGRAM: PROGRAM, SINK_FOLDER: folder, SINK: port },
    verify(output) {
      const counts = arrivals(folder);
      const allowed = { accepted: [1], "in-doubt": [0, 1], "not-sent": [0], deferred: [0], refused: [0] };
      const outcomes = [...output.matchAll(/^message (\d+) (\S+)$/gm)];
      assert.equal(new Set(outcomes.map(([, number]) => number)).size, 3000);
      assert.equal(outcomes.length, 3000);
      for (const [, number, status] of outcomes) {
        const count = counts.get(number) ?? 0;
        assert.ok(allowed[status].includes(count), `message ${number}: ${status}, but it arrived ${count} times`);
      }
    },
    async stop() {
      releasePorts([port]);
      rmSync(run, { recursive: true, force: true });
    },
  };
}
