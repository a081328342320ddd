// A service of the demo: remembers how many jobs each agent has noted. It takes notes only with
// its own key, which no agent has: the gateway puts it in place of theirs. Arguments: the key.

import { readJson, sendJson, serve } from "./serve.ts";

const MOST_AGENTS = 1000;
const key = process.argv[2];
const notes = new Map<string, number>();

serve(async (request, _url, response) => {
  if (key === undefined || request.headers["x-notes-key"] !== key) {
    return sendJson(response, 401, { error: "notes are taken with the notes' own key" });
  }
  if (request.method === "GET") return sendJson(response, 200, Object.fromEntries(notes));
  const body = await readJson(request);
  if (typeof body !== "object" || body === null || !("agent" in body)) {
    return sendJson(response, 422, { error: 'a note says whose it is: {"agent":"..."}' });
  }
  const agent = String(body.agent);
  if (!notes.has(agent) && notes.size >= MOST_AGENTS) {
    return sendJson(response, 507, { error: `notes of ${MOST_AGENTS} agents are kept` });
  }
  notes.set(agent, (notes.get(agent) ?? 0) + 1);
  sendJson(response, 201, { noted: notes.get(agent) });
});
