// The version of this package, read from its package.json: one place to change it.

import { readFileSync } from "node:fs";

/** The package's version, such as `0.1.0`. */
export function version(): string {
  const path = new URL("../../package.json", import.meta.url);
  const parsed: unknown = JSON.parse(readFileSync(path, "utf8"));
  const found = typeof parsed === "object" && parsed !== null && "version" in parsed;
  return found && typeof parsed.version === "string" ? parsed.version : "0.0.0";
}
