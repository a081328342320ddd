// `./cellphone` and `npm start` in a clone: builds what is stale, then is the command itself, in
// this very process, so that Ctrl-C, exit codes and terminals behave as they do when installed.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { staleParts } from "./build-inputs.ts";

if (staleParts().length > 0) {
  // In a process of its own: the compilers' memory must not stay with the server.
  const build = path.join(import.meta.dirname, "build.ts");
  const { status, signal } = spawnSync(process.execPath, [build], { stdio: "inherit" });
  if (signal !== null) process.kill(process.pid, signal);
  if (status !== 0) process.exit(status ?? 1);
}

const command = path.resolve(import.meta.dirname, "../dist/cli/bin.js");
process.argv[1] = command;
await import(pathToFileURL(command).href);
