// The pages of the demo, plain HTML. Whatever comes from outside goes through escapeHtml.

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export const escapeHtml = (value) => String(value).replace(/[&<>"']/g, (character) => ENTITIES[character]);

const STYLE = `
  :root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d9dee6; --paper: #fff; --ground: #f3f5f8; --accent: #0b6bcb; --good: #1a7f4b; --bad: #b3261e }
  @media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --soft: #9aa6b5; --line: #303a48; --paper: #171d26; --ground: #0f141b; --accent: #5aa9f5; --good: #5fcf97; --bad: #ff8a80 } }
  * { box-sizing: border-box }
  body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
  main { max-width: 46rem; margin: 0 auto; padding: 2.5rem 1rem 4rem }
  h1 { font-size: 1.7rem; margin: 0 0 .25rem } h2 { font-size: 1.05rem; margin: 0 0 .75rem }
  p { margin: 0 0 1rem } .soft { color: var(--soft) }
  section { background: var(--paper); border: 1px solid var(--line); border-radius: .6rem; padding: 1.25rem; margin-top: 1.25rem }
  label { display: block; margin-bottom: .9rem; font-weight: 600 } .row { display: grid; gap: 0 1rem; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)) }
  input, textarea { display: block; width: 100%; margin-top: .3rem; padding: .55rem .65rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .4rem }
  input:focus, textarea:focus { outline: 2px solid var(--accent); outline-offset: -1px }
  button { font: inherit; font-weight: 600; color: #fff; background: #0b6bcb; border: 0; border-radius: .4rem; padding: .6rem 1.4rem; cursor: pointer }
  table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-top: 1px solid var(--line) } th { white-space: nowrap; color: var(--soft); font-weight: 500 }
  pre { overflow-x: auto; margin: 0; padding: .8rem; border: 1px solid var(--line); border-radius: .4rem; font: 13px/1.45 ui-monospace, monospace }
  pre + pre { margin-top: .8rem } .good { color: var(--good) } .bad { color: var(--bad) }`;

function page(title, content) {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}
</style>
<main>
<h1>${escapeHtml(title)}</h1>
${content}
</main>
</html>
`;
  return html;
}

export function respond(title, content, status = 200) {
  return new Response(page(title, content), {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    },
  });
}

export function formPage({ to, server, problem, values = {}, received = [] }, status) {
  const value = (name) => escapeHtml(values[name] ?? "");
  const mails = received.map((mail) => `<pre>${escapeHtml(mail)}</pre>`).join("\n");
  return respond(
    "Write to us",
    `<p class="soft">A Worker sends this form by SMTP over TLS to ${escapeHtml(server)}, for ${escapeHtml(to)}.</p>
<section>
${problem ? `<p class="bad" role="alert">${escapeHtml(problem)}</p>` : ""}
<form method="post" action="/">
<div class="row">
<label>Your name <input name="name" required maxlength="100" autocomplete="name" value="${value("name")}"></label>
<label>Your address <input name="email" type="email" required maxlength="254" autocomplete="email" value="${value("email")}"></label>
</div>
<label>Subject <input name="subject" required maxlength="200" value="${value("subject")}"></label>
<label>Message <textarea name="text" required rows="7" maxlength="20000">${value("text")}</textarea></label>
<button>Send</button>
</form>
</section>
${received.length ? `<section><h2>Received by the server</h2>\n${mails}\n</section>` : ""}`,
    status,
  );
}

export function resultPage({ title, good, facts }, status) {
  const rows = facts.map(([name, text]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(text)}</td></tr>`).join("\n");
  return respond(
    title,
    `<section>
<p class="${good ? "good" : "bad"}">${good ? "The server has taken the message." : "The message was not sent."}</p>
<table>
${rows}
</table>
</section>
<p style="margin-top: 1.25rem"><a href="/">Back to the form</a></p>`,
    status,
  );
}
