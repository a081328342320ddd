// How this command is called from here, for the lines that tell people what to type next.

import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** This program as typed in a directory, and the demo's command beside it. */
export function ownCommand(directory: string): { readonly command: string; readonly demo: string } {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const script = join(root, "cellphone");
  // Only a clone has the script; the published package has the command itself.
  if (!existsSync(script)) return { command: "cellphone", demo: "cellphone demo" };
  const path = relative(directory, script);
  if (path === "cellphone") return { command: "./cellphone", demo: "npm run demo" };
  const command = path.startsWith("..") ? script : path;
  return { command, demo: `${command} demo` };
}
