// The suite as a Worker: runs the test named in the body of a request and answers with its result.

import * as api from "wasm-smtp";
import { suite } from "./suite.mjs";

export default {
  async fetch(request, env) {
    const name = await request.text();
    try {
      return Response.json({ messages: await suite(JSON.parse(env.CONFIG)).find((test) => test.name === name).run(api) });
    } catch (error) {
      return Response.json({ error: error.stack ?? String(error) });
    }
  },
};
