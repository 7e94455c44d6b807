// The session tests that every runtime has to pass, over real servers. No file here may use anything
// that not all of them have.
//
//   for (const { name, run } of suite(config)) await run(api);
//
// `api` is what the package exports; `config` describes the servers, as data (see launch.mjs). A
// test returns the messages that must have been delivered: [{server, marker, content}], for smtp-sink
// with the listener.

import { equal, matches, ok, rejects } from "./expect.mjs";

const KNOWN = ["PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"];
const EHLO_NAME = "client.lab.test";
const CHANNELS = [
  ["none", "relaxed"],
  ["starttls", "relaxed"],
  ["implicit", "implicit"],
];

let serial = 0;

/** A text that occurs in one message only. */
const newMarker = () => `marker-${Date.now().toString(36)}-${(serial += 1)}-${crypto.randomUUID()}`;

const newMessage = (marker, body = "Hello\r\n") => `From: a@lab.test\r\nSubject: ${marker}\r\n\r\n${body}`;

/** A stream of `text`, in pieces that cut line ends and dots apart. */
function streamOf(text, piece = 7) {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, (at += piece)));
    },
  });
}

async function* piecesOf(count, bytes) {
  for (let index = 0; index < count; index += 1) yield bytes;
}

export function suite(config) {
  const tests = [];
  const test = (name, run) => tests.push({ name, run });
  const { servers, users, tokens, canTrust } = config;
  const [alice, odd, unicode] = users;

  /** Options for a listener; the runtime either takes the CA here or was started with it. */
  function options(server, listener, tls, more) {
    const { port } = (servers[server] ?? config.more[server]).listeners[listener];
    return { hostname: "localhost", port, tls, ehloName: EHLO_NAME, ...(canTrust && tls !== "none" ? { ca: config.ca } : {}), ...more };
  }

  function credentials(mechanism, user = alice) {
    const secret = /OAUTH/.test(mechanism) ? { accessToken: tokens.valid } : { pass: user.pass };
    return { user: user.user, ...secret, mechanism };
  }

  // --- every server, channel and mechanism ---

  for (const [server, { mechanisms }] of Object.entries(servers)) {
    for (const [tls, listener] of CHANNELS) {
      for (const mechanism of mechanisms.filter((name) => KNOWN.includes(name))) {
        test(`${server}, ${tls}: logs in by ${mechanism}`, async ({ connect }) => {
          const client = await connect(options(server, listener, tls, { auth: credentials(mechanism), allowPlaintextAuth: true }));
          equal([client.mechanism, client.secure], [mechanism, tls !== "none"], "mechanism and channel");
          await client.noop();
          await client.quit();
          equal(client.closed, true, "closed after quit");
        });
      }
      test(`${server}, ${tls}: delivers the exact octets of a message`, async ({ connect }) => {
        const marker = newMarker();
        const body = ".leading dot\r\n..two\r\n.\r\nno 8-bit\r\n\r\n.\r\n.\r\nend.\r\n";
        const content = newMessage(marker, body);
        const client = await connect(options(server, listener, tls));
        const result = await client.send({ from: "a@lab.test", to: "b@lab.test", message: streamOf(content) });
        equal([result.accepted, result.recipients.length, result.recipients[0].status], [1, 1, "accepted"], "outcome");
        equal(result.code, 250, "code");
        await client.quit();
        return [{ server, marker, content }];
      });
    }
  }

  test("chooses SCRAM-SHA-256, then PLAIN, never a weaker one by itself", async ({ connect }) => {
    for (const [server, expected] of [["postfix", "SCRAM-SHA-256"], ["smtp-server", "PLAIN"]]) {
      const client = await connect(options(server, "implicit", "implicit", { auth: { user: alice.user, pass: alice.pass } }));
      equal(client.mechanism, expected, server);
      await client.quit();
    }
  });

  test("logs in users with commas, equals signs and UTF-8", async ({ connect }) => {
    for (const user of [odd, unicode]) {
      for (const mechanism of ["PLAIN", "LOGIN", "SCRAM-SHA-256", "CRAM-MD5"]) {
        if (!servers.postfix.users.some((known) => known.user === user.user)) continue;
        const client = await connect(options("postfix", "implicit", "implicit", { auth: credentials(mechanism, user) }));
        await client.quit();
      }
    }
  });

  test("a wrong password is an auth error and nothing weaker is tried", async ({ connect }) => {
    const sent = [];
    const trace = ({ direction, bytes }) => direction === "sent" && sent.push(new TextDecoder().decode(bytes));
    const auth = { user: alice.user, pass: "wrong-pass-word" };
    const error = await rejects(
      connect(options("smtp-server", "implicit", "implicit", { auth, trace })),
      { kind: "auth", reason: "auth-refused", step: "AUTH", code: 535, retryable: false },
      "connect",
    );
    ok(!JSON.stringify([error.message, error]).includes(auth.pass), "no password in the error");
    equal(sent.join("").match(/AUTH \S+/g), ["AUTH PLAIN"], "mechanisms tried");
  });

  test("the session goes on after a refused login", async ({ connect }) => {
    const client = await connect(options("smtp-server", "implicit", "implicit"));
    await rejects(client.login({ user: alice.user, pass: "wrong", mechanism: "LOGIN" }), { kind: "auth", code: 535 }, "login");
    await client.login({ user: alice.user, pass: alice.pass });
    await client.quit();
  });

  test("a wrong password by SCRAM", async ({ connect }) => {
    const auth = { user: alice.user, pass: "wrong-pass-word" };
    await rejects(connect(options("postfix", "implicit", "implicit", { auth })), { kind: "auth", reason: "auth-refused", code: 535 }, "connect");
  });

  test("the server's error for an expired token is kept", async ({ connect }) => {
    for (const [server, mechanism] of [["smtp-server", "XOAUTH2"], ["postfix", "OAUTHBEARER"]]) {
      const auth = { user: alice.user, accessToken: tokens.expired, mechanism };
      const error = await rejects(connect(options(server, "implicit", "implicit", { auth })), { kind: "auth", reason: "auth-refused", code: 535 }, mechanism);
      ok(JSON.parse(error.detail).status, `${mechanism}: status in the JSON of the server`);
    }
  });

  test("a fresh token is asked for when the server refuses the first", async ({ connect }) => {
    for (const [server, mechanism] of [["smtp-server", "XOAUTH2"], ["postfix", "OAUTHBEARER"]]) {
      const asked = [];
      const accessToken = async (refusal) => {
        asked.push(refusal?.code);
        return refusal ? tokens.valid : tokens.expired;
      };
      const client = await connect(options(server, "implicit", "implicit", { auth: { user: alice.user, accessToken, mechanism } }));
      equal([client.mechanism, asked], [mechanism, [null, 535]], server);
      await client.noop();
      await client.quit();
    }
  });

  test("a kept SCRAM key is used, and one that does not fit is replaced", async ({ connect }) => {
    // This server has a new salt for each login: so the cache answers for what it would have kept.
    const bytes = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));
    async function kept(id) {
      const [hash, iterations, salt, , user] = id.split(" ");
      equal([hash, user], ["SHA-256", alice.user], "name of the key");
      const password = await crypto.subtle.importKey("raw", bytes(alice.pass), "PBKDF2", false, ["deriveBits"]);
      return crypto.subtle.deriveBits({ name: "PBKDF2", hash, salt: bytes(atob(salt)), iterations: Number(iterations) }, password, 256);
    }
    for (const [get, expected] of [[kept, []], [async () => new ArrayBuffer(32), ["delete", "set"]]]) {
      const calls = [];
      const keys = { get, set: (id, key) => calls.push("set") && equal(key.length, 32, id), delete: () => calls.push("delete") };
      const client = await connect(options("postfix", "implicit", "implicit", { auth: { user: alice.user, pass: alice.pass, keys } }));
      equal([client.mechanism, calls], ["SCRAM-SHA-256", expected], "mechanism and calls");
      await client.quit();
    }
  });

  test("credentials do not go out in clear text", async ({ connect }) => {
    const auth = { user: alice.user, pass: alice.pass };
    await rejects(connect(options("postfix", "relaxed", "none", { auth })), { kind: "auth", reason: "auth-not-secure" }, "connect");
  });

  // --- envelopes ---

  test("each recipient has its own outcome", async ({ connect }) => {
    const marker = newMarker();
    const content = newMessage(marker);
    const client = await connect(options("postfix", "relaxed", "none"));
    const to = ["good@lab.test", "bad@lab.test", "grey@lab.test", "multi@lab.test"];
    const { recipients, accepted, queueId } = await client.send({ from: "a@lab.test", to, message: content });
    equal(recipients.map(({ address }) => address), to, "addresses");
    equal(recipients.map(({ status, code }) => [status, code]), [["accepted", 250], ["refused", 550], ["deferred", 450], ["refused", 550]], "outcomes");
    matches(recipients[1], { enhanced: /^5\.\d+\.\d+$/, text: /./ }, "refused recipient");
    ok(recipients[3].text.includes("\n"), "lines of a reply are kept apart");
    equal(accepted, 1, "accepted");
    ok(/^[\w-]{6,}$/.test(queueId), "queue id");
    await client.quit();
    return [{ server: "postfix", marker, content }];
  });

  test("all recipients refused: an error with all outcomes, and the session goes on", async ({ connect }) => {
    const marker = newMarker();
    const content = newMessage(marker);
    const client = await connect(options("postfix", "relaxed", "none"));
    const error = await rejects(
      client.send({ from: "a@lab.test", to: ["bad@lab.test", "grey@lab.test"], message: content }),
      { kind: "refused", reason: "all-recipients-refused", inDoubt: false },
      "send",
    );
    equal(error.recipients.map(({ status }) => status), ["refused", "deferred"], "outcomes");
    await client.send({ from: "", to: ["b@lab.test"], message: content });
    await client.quit();
    return [{ server: "postfix", marker, content }];
  });

  test("all or nothing sends nothing if one is refused", async ({ connect }) => {
    const client = await connect(options("postfix", "relaxed", "none"));
    const error = await rejects(
      client.send({ from: "a@lab.test", to: ["good@lab.test", "bad@lab.test"], message: newMessage(newMarker()), allOrNothing: true }),
      { kind: "refused", reason: "some-recipients-refused" },
      "send",
    );
    equal(error.recipients.map(({ status }) => status), ["not-sent", "refused"], "outcomes");
    await client.noop();
    await client.quit();
  });

  test("a message refused at its end is refused for all, for now or for good", async ({ connect }) => {
    const client = await connect(options("postfix", "relaxed", "none"));
    for (const [local, status, retryable] of [["eod5xx", "refused", false], ["eod4xx", "deferred", true]]) {
      const error = await rejects(
        client.send({ from: "a@lab.test", to: `${local}@lab.test`, message: newMessage(newMarker()) }),
        { kind: "refused", reason: "reply-refused", step: "end of data", retryable, inDoubt: false },
        local,
      );
      equal(error.recipients[0].status, status, local);
    }
    await client.quit();
  });

  test("a refused sender is told", async ({ connect }) => {
    const client = await connect(options("postfix", "relaxed", "none"));
    const sent = client.send({ from: "badsender@lab.test", to: "b@lab.test", message: newMessage(newMarker()) });
    const error = await rejects(sent, { kind: "refused", code: 553, retryable: false }, "send");
    equal(error.recipients[0].status, "refused", "outcome");
    await client.quit();
  });

  test("421 in the middle ends the session with an outcome for each", async ({ connect }) => {
    // With BDAT the message travelled with its envelope: whether it was taken, nobody has said.
    for (const [chunking, inDoubt] of [[false, false], [true, true]]) {
      const client = await connect({ ...options("postfix", "relaxed", "none"), chunking });
      const sent = client.send({ from: "a@lab.test", to: ["good@lab.test", "gone421@lab.test"], message: newMessage(newMarker()) });
      const error = await rejects(sent, { kind: "refused", code: 421, inDoubt }, "send");
      equal(error.recipients.map(({ status }) => status), [inDoubt ? "in-doubt" : "not-sent", "deferred"], "outcomes");
      await client.quit();
      equal(client.closed, true, "closed");
    }
  });

  test("UTF-8 addresses go with SMTPUTF8 only", async ({ connect }) => {
    const marker = newMarker();
    const content = newMessage(marker, "Gr\u00fc\u00dfe\r\n");
    const message = { from: "a@lab.test", to: "j\u00fcrgen@b\u00fccher.test" };
    const client = await connect(options("postfix", "relaxed", "none"));
    const needed = { kind: "input", reason: "address-needs-smtputf8", field: "to", index: 0 };
    await rejects(client.send({ ...message, message: content, smtputf8: false }), needed, "switched off");
    await client.send({ ...message, message: content });
    await client.quit();
    const older = await connect(options("postfix", "legacy", "none"));
    await rejects(older.send({ ...message, message: newMessage(marker) }), needed, "not offered");
    await older.quit();
    return [{ server: "postfix", marker, content }];
  });

  test("internationalized names without SMTPUTF8 are A-labels", async ({ connect }) => {
    const marker = newMarker();
    const content = newMessage(marker);
    const sent = [];
    const trace = ({ direction, bytes }) => direction === "sent" && sent.push(new TextDecoder().decode(bytes));
    const client = await connect(options("postfix", "legacy", "none", { ehloName: "B\u00fccher.test", trace }));
    const { recipients } = await client.send({ from: "a@b\u00fccher.test", to: "b@b\u00fccher.test", message: content });
    equal(recipients.map(({ address, status }) => [address, status]), [["b@b\u00fccher.test", "accepted"]], "recipients");
    equal(sent.slice(0, 3), ["EHLO xn--bcher-kva.test\r\n", "MAIL FROM:<a@xn--bcher-kva.test>\r\n", "RCPT TO:<b@xn--bcher-kva.test>\r\n"], "commands");
    for (const domain of ["\u00fc%2e.test", "\u00fc:25", "a\u3002b\u00fc", "\u00fc\u00ad.test", "\uff45xample.test", "\uff11.1.1.1"]) {
      await rejects(client.send({ from: `a@${domain}`, to: "b@lab.test", message: content }), { kind: "input", reason: "domain-character", field: "from" }, domain);
    }
    await client.quit();
    await rejects(connect({ hostname: "b\u00fccher.invalid", tls: "none" }), { kind: "transport", step: "connect" }, "a name that does not exist");
    return [{ server: "postfix", marker, content }];
  });

  test("an old server without extensions is spoken to as RFC 821 has it", async ({ connect }) => {
    const marker = newMarker();
    const content = newMessage(marker);
    const client = await connect(options("postfix", "legacy", "none"));
    equal([client.capabilities.pipelining, client.capabilities.size, client.capabilities.auth], [false, null, []], "capabilities");
    await rejects(client.send({ from: "a@lab.test", to: "b@lab.test", message: "\u00fc\r\n" }), { kind: "unsupported", reason: "eightbitmime-missing" }, "8-bit");
    await client.send({ from: "a@lab.test", to: "b@lab.test", message: content });
    await client.quit();
    return [{ server: "postfix", marker, content }];
  });

  test("several messages on one session, also at the same time", async ({ connect }) => {
    const client = await connect(options("smtp-server", "implicit", "implicit"));
    const sent = Array.from({ length: 5 }, () => {
      const marker = newMarker();
      return { server: "smtp-server", marker, content: newMessage(marker) };
    });
    const results = await Promise.all(sent.map(({ content }) => client.send({ from: "a@lab.test", to: "b@lab.test", message: content })));
    equal(results.map(({ accepted }) => accepted), [1, 1, 1, 1, 1], "accepted");
    await client.quit();
    return sent;
  });

  // --- extensions ---

  const WAYS = [true, false].flatMap((chunking) => [1, 5].map((overlap) => ({ chunking, overlap })));
  for (const [server, listener, protocol] of [["postfix", "relaxed", "smtp"], ["exim", "relaxed", "smtp"], ["dovecot", "lmtp", "lmtp"]]) {
    for (const way of WAYS) {
      test(`${server}, ${way.chunking ? "BDAT" : "DATA"}, overlap ${way.overlap}: messages of all sorts arrive octet by octet`, async ({ connect }) => {
        const client = await connect(options(server, listener, "none", { protocol, ...way }));
        const { chunking } = client.capabilities;
        const bodies = ["", "Hello\r\n", ".\r\n..\r\n.dot\r\n", "Gr\u00fc\u00dfe\r\n", "a line\r\n".repeat(9000), ".\r\n".repeat(20000), "Hello again\r\n", "end.\r\n.\r\n"];
        const sent = bodies.map((body) => {
          const marker = newMarker();
          return { server, marker, content: newMessage(marker, body) };
        });
        const results = await Promise.allSettled(sent.map(({ content }, index) => client.send({ from: "a@lab.test", to: ["b@lab.test", "nosuch@lab.test"], message: index % 3 ? content : streamOf(content, 997) })));
        equal(results.map(({ value, reason }) => (value ?? reason).recipients.map(({ status, code }) => [status, code])), bodies.map(() => [["accepted", 250], ["refused", 550]]), "outcomes");
        ok(chunking, `${server} offers CHUNKING`);
        await client.quit();
        return sent;
      });
    }
  }

  for (const overlap of [1, 5]) {
    test(`smtp-sink without PIPELINING, overlap ${overlap}: messages arrive, each after the one before`, async ({ connect }) => {
      const client = await connect(options("smtp-sink", "noPipelining", "none", { overlap }));
      equal(client.capabilities.pipelining, false, "PIPELINING");
      const sent = ["", ".\r\n..\r\n", "a line\r\n".repeat(9000), "end\r\n"].map((body) => {
        const marker = newMarker();
        return { server: "smtp-sink", listener: "noPipelining", marker, content: newMessage(marker, body) };
      });
      const results = await Promise.all(sent.map(({ content }) => client.send({ from: "a@lab.test", to: ["b@lab.test", "c@lab.test"], message: content })));
      equal(results.map(({ accepted }) => accepted), [2, 2, 2, 2], "accepted");
      await client.quit();
      return sent;
    });
  }

  for (const server of ["postfix", "exim"]) {
    test(`${server}: delivery status notifications are asked for, and what is not offered is left out or refused`, async ({ connect }) => {
      const marker = newMarker();
      const content = newMessage(marker);
      const client = await connect(options(server, "relaxed", "starttls"));
      const to = ["b@lab.test", { address: "multi@lab.test", notify: ["failure", "delay"], originalRecipient: "m\u00fclti@lab.test" }];
      const request = { from: "a@lab.test", to, message: content, dsn: { return: "headers", envelopeId: marker, notify: "never", originalRecipient: "old=b@lab.test" } };
      await rejects(client.send({ ...request, priority: 3 }), { kind: "unsupported", reason: "parameter-not-offered", field: "priority", detail: "MT-PRIORITY" }, "priority");
      const { recipients } = await client.send({ ...request, priority: 3, optional: "priority" });
      equal(recipients.map(({ status }) => status), ["accepted", "refused"], "outcomes");
      await client.quit();
      return [{ server, marker, content }];
    });
  }

  test("exim: each recipient may refuse the message for itself (PRDR)", async ({ connect }) => {
    const marker = newMarker();
    const content = newMessage(marker);
    const client = await connect(options("exim", "relaxed", "none"));
    const { recipients, accepted, queueId, text } = await client.send({ from: "a@lab.test", to: ["b@lab.test", "prdrno@lab.test"], message: content, perRecipientReplies: true });
    ok(queueId && text.includes(`id=${queueId}`), `the queue identifier in ${text}`);
    equal([accepted, recipients.map(({ status }) => status)], [1, ["accepted", "refused"]], "outcomes");
    await client.quit();
    return [{ server: "exim", marker, content }];
  });

  for (const [tls, listener] of CHANNELS) {
    test(`exim, ${tls}: nothing waits for the greeting (PIPECONNECT)`, async ({ connect, sendMail }) => {
      const known = await connect(options("exim", listener, tls));
      const expected = JSON.parse(JSON.stringify(known.capabilities));
      await known.quit();
      ok(expected.pipeConnect, "exim offers PIPECONNECT");
      const marker = newMarker();
      const content = newMessage(marker);
      const wire = [];
      const trace = ({ direction, bytes }) => wire.push(`${direction} ${new TextDecoder().decode(bytes).split(/\s/)[0]}`);
      const connections = [];
      const onEvent = ({ type }) => type === "Connected" && connections.push(type);
      const result = await sendMail({ ...options("exim", `far-${listener}`, tls), expected, early: true, trace, onEvent, from: "a@lab.test", to: "b@lab.test", message: content });
      equal([result.accepted, connections.length], [1, 1], "accepted, connections");
      const hurried = wire.slice(tls === "starttls" ? wire.indexOf("sent STARTTLS") + 2 : 0);
      equal(hurried.slice(0, 2), ["sent EHLO", "sent MAIL"], wire.join(", "));
      return [{ server: "exim", marker, content }];
    });

    test(`exim, ${tls}: an envelope behind EHLO and login`, async ({ connect, sendMail }) => {
      const known = await connect(options("exim", listener, tls));
      const expected = known.capabilities;
      await known.quit();
      const marker = newMarker();
      const content = newMessage(marker);
      const auth = credentials("PLAIN");
      for (const more of [{ early: true }, { expected }, { expected, early: true }]) {
        const result = await sendMail({ ...options("exim", listener, tls, { auth, allowPlaintextAuth: true }), ...more, from: "a@lab.test", to: "b@lab.test", message: content });
        equal(result.accepted, 1, JSON.stringify(more));
      }
    });

    test(`postfix, ${tls}: a server that offers less than was expected is connected to again`, async ({ connect, sendMail }) => {
      const known = await connect(options("postfix", listener, tls));
      const expected = { ...known.capabilities, pipeConnect: true };
      await known.quit();
      const marker = newMarker();
      const content = newMessage(marker);
      const connections = [];
      const onEvent = ({ type }) => type === "Connected" && connections.push(type);
      const result = await sendMail({ ...options("postfix", listener, tls, { auth: credentials("PLAIN"), allowPlaintextAuth: true }), expected, early: true, onEvent, from: "a@lab.test", to: "b@lab.test", message: content });
      // One is enough where the answer to EHLO was there before the login.
      equal([result.accepted, connections.length < 3], [1, true], "accepted, connections");
      return [{ server: "postfix", marker, content }];
    });
  }

  test("postfix: a relay says for whom it speaks (XCLIENT)", async ({ connect }) => {
    const marker = newMarker();
    const content = newMessage(marker);
    const client = await connect(options("postfix", "xclient", "none"));
    equal(client.capabilities.xclient, true, "offered");
    await client.xclient({ name: null, addr: "192.0.2.7", helo: "relay.lab.test" });
    equal(client.capabilities.pipelining, true, "EHLO was said again");
    await client.send({ from: "a@lab.test", to: "b@lab.test", message: content });
    await client.quit();
    return [{ server: "postfix", marker, content }];
  });

  test("servers are asked about mailboxes, and for help", async ({ connect }) => {
    const client = await connect(options("postfix", "relaxed", "none"));
    matches(await client.vrfy("b@lab.test"), { code: /^25[02]$/ }, "VRFY");
    await rejects(client.expn("b@lab.test"), { kind: "refused", code: /^50[02]$/, step: "EXPN" }, "EXPN");
    await client.quit();
    const other = await connect(options("exim", "relaxed", "none"));
    equal((await other.help()).code, 214, "HELP");
    await other.quit();
  });

  // --- messages ---

  test("a message over the server's SIZE is refused before a byte is sent", async ({ connect }) => {
    const client = await connect(options("postfix", "relaxed", "none"));
    const message = `${"x".repeat(78)}\r\n`.repeat(config.sizeLimit / 80 + 1);
    await rejects(client.send({ from: "a@lab.test", to: "b@lab.test", message }), { kind: "input", reason: "message-too-large" }, "send");
    await client.noop();
    await client.quit();
  });

  test("5 MB stream through 128 KiB", async ({ connect }) => {
    const client = await connect(options("smtp-server", "unlimited", "starttls"));
    const piece = new TextEncoder().encode(`${".".repeat(76)}\r\n`.repeat(512));
    const message = piecesOf(Math.ceil((5 * 2 ** 20) / piece.length), piece);
    const result = await client.send({ from: "a@lab.test", to: "b@lab.test", message });
    equal(result.accepted, 1, "accepted");
    ok(client.memorySize <= 131072, `memory of the engine is ${client.memorySize}`);
    await client.quit();
  });

  test("a source that fails sends nothing", async ({ connect }) => {
    const client = await connect(options("postfix", "relaxed", "none"));
    async function* broken() {
      yield "Subject: never\r\n\r\n";
      throw new Error("disk on fire");
    }
    const sent = client.send({ from: "a@lab.test", to: "b@lab.test", message: broken() });
    const error = await rejects(sent, { kind: "input", reason: "message-source", inDoubt: false }, "send");
    equal([error.recipients[0].status, error.cause.message], ["not-sent", "disk on fire"], "outcome and cause");
    equal(client.closed, true, "closed");
  });

  test("the policy stops a message before a byte of it is sent", async ({ connect, boundedPolicy }) => {
    const client = await connect(options("postfix", "relaxed", "none", { policy: boundedPolicy({ maxRecipients: 1, maxBytes: 1000 }) }));
    await rejects(client.send({ from: "a@lab.test", to: ["b@lab.test", "c@lab.test"], message: "x\r\n" }), { kind: "policy" }, "recipients");
    await rejects(client.send({ from: "a@lab.test", to: "b@lab.test", message: "x\r\n".repeat(400) }), { kind: "policy" }, "size");
    await client.noop();
    const streamed = client.send({ from: "a@lab.test", to: "b@lab.test", message: streamOf("x\r\n".repeat(400)) });
    const error = await rejects(streamed, { kind: "policy", inDoubt: false }, "stream");
    equal(error.recipients[0].status, "not-sent", "outcome of the stream");
  });

  test("sendMail does it all in one call, and audits it", async ({ sendMail }) => {
    const marker = newMarker();
    const content = newMessage(marker);
    const events = [];
    const connection = options("postfix", "strict", "starttls", { auth: { user: alice.user, pass: alice.pass }, onEvent: ({ type }) => events.push(type) });
    const result = await sendMail({ ...connection, from: "a@lab.test", to: ["b@lab.test", "bad@lab.test"], message: content });
    equal(result.accepted, 1, "accepted");
    const expected = ["Connected", "GreetingReceived", "EhloCompleted", "TlsUpgraded", "EhloCompleted", "AuthCompleted", "MailFromAccepted"];
    equal(events, [...expected, "RecipientAccepted", "RecipientRejected", "MessageAccepted", "QuitCompleted"], "events");
    return [{ server: "postfix", marker, content }];
  });

  test("the shortcuts connect with TLS", async ({ connectSmtps, connectSmtpStarttls }) => {
    const more = canTrust ? { ca: config.ca } : {};
    for (const [open, listener] of [[connectSmtps, "implicit"], [connectSmtpStarttls, "relaxed"]]) {
      const client = await open("localhost", servers.postfix.listeners[listener].port, EHLO_NAME, more);
      equal(client.secure, true, listener);
      await client[Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]();
      equal(client.closed, true, `${listener} closed`);
    }
  });

  // --- what goes wrong ---

  const certificates = ["wrongName", "expired", "untrusted"].flatMap((name) => [[name, "implicit"], [`${name}Starttls`, "starttls"]]);
  for (const [listener, tls] of certificates) {
    test(`a certificate that is ${listener} ends the session before a greeting or credentials`, async ({ connect }) => {
      const events = [];
      const onEvent = ({ type }) => events.push(type);
      // Not by the name that other tests use: a TLS session that this server let the runtime resume
      // would need no certificate.
      const connecting = connect(options("postfix", listener, tls, { hostname: "127.0.0.1", auth: { user: alice.user, pass: alice.pass }, onEvent }));
      const error = await rejects(connecting, { kind: "transport", retryable: false }, "connect");
      ok(["tls-failed", "certificate-invalid", "certificate-name"].includes(error.reason), `reason ${error.reason}`);
      equal([events.at(-1), events.includes("AuthCompleted")], ["SessionAborted", false], "events");
    });
  }

  test("TLS 1.1 is refused", async ({ connect }) => {
    await rejects(connect(options("postfix", "tls11", "implicit")), { kind: "transport", retryable: false }, "connect");
  });

  test("another name than the certificate's is refused", async ({ connect }) => {
    await rejects(connect(options("postfix", "implicit", "implicit", { serverName: "other.lab.test" })), { kind: "transport", retryable: false }, "connect");
  });

  test("STARTTLS that is not offered is an error, never clear text", async ({ connect }) => {
    const connecting = connect(options("postfix", "legacy", "starttls", { auth: { user: alice.user, pass: alice.pass } }));
    await rejects(connecting, { kind: "unsupported", reason: "starttls-missing", step: "STARTTLS" }, "connect");
  });

  test("implicit TLS to a port without it is told", async ({ connect }) => {
    const error = await rejects(connect(options("postfix", "relaxed", "implicit")), { retryable: false }, "connect");
    ok(/TLS mode/.test(error.message), error.message);
  });

  test("a port with TLS spoken to in clear is told", async ({ connect }) => {
    const error = await rejects(connect(options("postfix", "implicit", "none", { timeouts: { greeting: 300 } })), { kind: "transport", reason: "timeout", step: "greeting" }, "connect");
    ok(/tls: "implicit"/.test(error.message), error.message);
  });

  test("a port where nobody listens", async ({ connect }) => {
    const error = await rejects(connect({ hostname: "127.0.0.1", port: config.closedPort, tls: "none" }), { kind: "transport", step: "connect", retryable: true, inDoubt: false }, "connect");
    ok(["connection-refused", "connect-failed"].includes(error.reason), error.reason);
  });

  test("a name that does not exist", async ({ connect }) => {
    await rejects(connect({ hostname: "no-such-host.invalid", tls: "none" }), { kind: "transport", step: "connect" }, "connect");
  });

  for (const tls of ["none", "starttls", "implicit"]) {
    test(`a server that never answers, ${tls}`, async ({ connect }) => {
      const began = Date.now();
      const timeouts = { greeting: 250, tls: 250 };
      await rejects(connect({ hostname: "127.0.0.1", port: config.silentPort, tls, timeouts }), { kind: "transport", reason: "timeout" }, "connect");
      ok(Date.now() - began < 3000, `took ${Date.now() - began} ms`);
    });
  }

  test("AbortSignal ends a connection attempt", async ({ connect }) => {
    const began = Date.now();
    const connecting = connect({ hostname: "127.0.0.1", port: config.silentPort, tls: "none", signal: AbortSignal.timeout(200) });
    await rejects(connecting, { kind: "transport", reason: "cancelled" }, "connect");
    ok(Date.now() - began < 3000, `took ${Date.now() - began} ms`);
  });

  test("close ends a session with a message under way", async ({ connect }) => {
    const client = await connect(options("postfix", "relaxed", "none"));
    async function* endless() {
      for (;;) {
        yield "a line\r\n";
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    const sending = rejects(client.send({ from: "a@lab.test", to: "b@lab.test", message: endless() }), { reason: "cancelled", inDoubt: false }, "send");
    await new Promise((resolve) => setTimeout(resolve, 100));
    await client.close();
    equal((await sending).recipients[0].status, "not-sent", "outcome");
    await rejects(client.noop(), { reason: "cancelled" }, "noop afterwards");
  });

  test("unknown options and wrong values name the option", async ({ connect }) => {
    for (const [wrong, field] of [
      [{ tsl: "none" }, "tsl"],
      [{ tls: "maybe" }, "tls"],
      [{ port: 70000 }, "port"],
      [{ ehloName: "two words" }, "ehloName"],
      [{ timeouts: { dat: 1 } }, "timeouts.dat"],
      [{ auth: { user: "u", pass: "p", mechanism: "NTLM" } }, "auth.mechanism"],
      [{ auth: { user: "u" } }, "auth"],
    ]) {
      await rejects(connect({ hostname: "localhost", ...wrong }), { kind: "input", field }, field);
    }
  });

  return tests;
}
