// People copy commands out of README.md and docs/: each of them must be there to be run.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";

import { run } from "./index.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

/** The words after `./cellphone`, up to what a person fills in, by where they stand. */
function namedCommands(): Map<string, string> {
  const named = new Map<string, string>();
  for (const file of ["README.md", ...globSync("docs/*.md", { cwd: ROOT })]) {
    const text = readFileSync(path.join(ROOT, file), "utf8");
    for (const [, words = ""] of text.matchAll(/(?:\.\/|[`"])cellphone ((?:[a-z-]+ ?)+)/g)) {
      const command = words.split(" ").filter((word) => word !== "" && !word.startsWith("-"));
      if (command.length > 0) named.set(command.slice(0, 2).join(" "), file);
    }
  }
  const [, section = ""] = readFileSync(path.join(ROOT, "README.md"), "utf8").split(
    "## The command line\n",
  );
  for (const [, cell = ""] of section.matchAll(/^\| (`.*?)\|/gm)) {
    for (const [, words = ""] of cell.matchAll(/`([a-z-]+(?: [a-z]+)?)/g)) {
      named.set(words, "README.md, in its table,");
    }
  }
  return named;
}

/** What a command says of itself; its name stands in the first line. */
async function helpOf(words: readonly string[]): Promise<{ code: number; out: string }> {
  let out = "";
  const code = await run(["node", "cellphone", ...words, "--help"], {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (out += text) },
    stdin: Readable.from([]),
    env: {},
    directory: ROOT,
  });
  return { code, out };
}

test("Every command that README.md and docs/ name is there", async () => {
  const named = namedCommands();
  assert.ok(named.size > 20, `${named.size} commands are named`);
  for (const [words, file] of named) {
    const [command = "", second = ""] = words.split(" ");
    const { code, out } = await helpOf([command]);
    assert.match(out, new RegExp(`^Usage: cellphone ${command}\\b`), `${file} names ${words}`);
    assert.equal(code, 0);
    const hasSubcommands = out.includes("\nCommands:\n");
    if (!hasSubcommands || second === "") continue;
    assert.match(out, new RegExp(`^ {2}${second}\\b`, "m"), `${file} names ${words}`);
  }
});
