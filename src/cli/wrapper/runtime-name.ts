// What a program runs on, as people say it: "python 3.11", "node 24.21", else the program's name.

import { execFile } from "node:child_process";
import { basename } from "node:path";

/** How to ask an interpreter for its version; the answer may come on either stream. */
const INTERPRETERS: readonly (readonly [RegExp, string, readonly string[]])[] = [
  [/^python[\d.]*$/, "python", ["--version"]],
  [/^node$/, "node", ["--version"]],
  [/^deno$/, "deno", ["--version"]],
  [/^bun$/, "bun", ["--version"]],
  [/^ruby[\d.]*$/, "ruby", ["--version"]],
];

/** Names the runtime of a program; asks known interpreters, for at most two seconds. */
export async function runtimeName(path: string): Promise<string> {
  const program = basename(path);
  const known = INTERPRETERS.find(([pattern]) => pattern.test(program));
  if (known === undefined) return program;
  const [, name, args] = known;
  const { promise, resolve } = Promise.withResolvers<string>();
  execFile(path, [...args], { timeout: 2000 }, (error, stdout, stderr) => {
    const version = /\d+\.\d+/.exec(`${stdout} ${stderr}`)?.[0];
    resolve(error === null && version !== undefined ? `${name} ${version}` : name);
  });
  return promise;
}
