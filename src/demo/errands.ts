// What a worker asks of the fleet's services for every job, through the gateway. A service that
// is out of order costs the job its comfort, never its result: an errand that fails is told on
// the trace and the job goes on.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";

import type { Phone } from "../client/index.ts";
import type { JobKind } from "./jobs.ts";
import { PRICE_PER_WORD_USD } from "./tariff.ts";

/** Runs an errand under a span of its own; resolves with undefined when it fails. */
function errand<Result>(
  phone: Phone,
  name: string,
  kind: "model" | "tool",
  run: () => Promise<Result>,
): Promise<Result | undefined> {
  return phone.span(name, { kind }, async (span) => {
    try {
      return await run();
    } catch (error) {
      span.fail(error);
      return undefined;
    }
  });
}

/** Has the model plan the job, word by word as it streams, and records what that cost. */
export async function think(phone: Phone, kind: JobKind): Promise<void> {
  await errand(phone, "plan the job", "model", async () => {
    const answer = await phone.fetch("/v1/model/chat", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ prompt: kind }),
    });
    const words = (await wholeText(answer)).split("\n").filter((line) => line.includes('"word"'));
    phone.record("cost_usd", words.length * PRICE_PER_WORD_USD);
  });
}

/** Looks a word up in the search service. */
export async function lookUp(phone: Phone, word: string): Promise<void> {
  await errand(phone, "look it up", "tool", async () => {
    await wholeText(await phone.fetch(`/v1/search/find?q=${encodeURIComponent(word)}`));
  });
}

/** Leaves a note of a job that is done. */
export async function note(phone: Phone): Promise<void> {
  await errand(phone, "leave a note", "tool", async () => {
    const answer = await phone.fetch("/v1/notes", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ agent: phone.agentId }),
    });
    await wholeText(answer);
  });
}

/** Reads an input file through the file service; from the disk when that is out of order. */
export async function readInput(phone: Phone, path: string): Promise<Uint8Array> {
  const served = await errand(phone, `read ${basename(path)}`, "tool", async () => {
    const answer = await phone.fetch(`/v1/files/${encodeURIComponent(basename(path))}`);
    if (!answer.ok) throw new Error(`the file service answered ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  });
  return served ?? readFile(path);
}

async function wholeText(answer: Response): Promise<string> {
  const text = await answer.text();
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  return text;
}
