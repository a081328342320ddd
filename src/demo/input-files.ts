// The files that the demo's agents hash and count: words drawn at random, different each time.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const WORDS =
  "agent message inbox lease claim retry deadline metric series sample sketch alert owner plan " +
  "review worker queue route service token trace answer question number state since reason";
const FILES = 24;
const WORDS_PER_FILE = 6000;

/** A folder of text files that is removed when disposed. */
export async function makeInputFiles(): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "cellphone-demo-"));
  const words = WORDS.split(" ");
  for (let index = 0; index < FILES; index++) {
    const text = Array.from({ length: WORDS_PER_FILE }, () => pick(words)).join(" ");
    await writeFile(join(folder, `chapter-${String(index + 1).padStart(2, "0")}.txt`), text);
  }
  return {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function pick(words: readonly string[]): string {
  return words[Math.floor(Math.random() * words.length)] ?? "";
}
