// A service of the demo: streams a plan word by word as server-sent events, the way language
// models answer, and says at the end how many words it read and wrote. It thinks in a table.

import { setTimeout as sleep } from "node:timers/promises";

import { readJson, sendJson, serve } from "./serve.ts";

const WORD_MS = 12;
const PLANS: Readonly<Record<string, string>> = {
  "hash-files": "read every file once and digest its bytes in order",
  sort: "compare as numbers never as text and keep every one",
  "count-words": "split at white space count and keep the ten most frequent",
};

serve(async (request, _url, response) => {
  const body = await readJson(request);
  const prompt =
    typeof body === "object" && body !== null && "prompt" in body ? String(body.prompt) : "";
  const plan = PLANS[prompt];
  if (plan === undefined) return sendJson(response, 422, { error: `no plan for "${prompt}"` });
  response.writeHead(200, { "content-type": "text/event-stream" });
  const words = plan.split(" ");
  for (const word of words) {
    response.write(`data: ${JSON.stringify({ word })}\n\n`);
    await sleep(WORD_MS);
  }
  const usage = { inputWords: prompt.split(" ").length, outputWords: words.length };
  response.end(`event: done\ndata: ${JSON.stringify(usage)}\n\n`);
});
