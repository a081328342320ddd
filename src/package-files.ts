// What the package carries beside its code: the built pages, the SDKs, and its version.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The built pages and SDK files, whether we run from src/ or from dist/. */
export function builtFiles(): { webFolder: string; sdkFiles: Record<string, string> } {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const built = existsSync(join(here, "web", "vite.config.ts")) ? join(here, "../dist") : here;
  return {
    webFolder: join(built, "web"),
    sdkFiles: {
      "agent_cellphone.py": join(here, "../sdk/python/agent_cellphone.py"),
      "agent-cellphone.js": join(built, "sdk/agent-cellphone.js"),
    },
  };
}

/** The version in package.json. */
export function packageVersion(): string {
  const path = new URL("../package.json", import.meta.url);
  const parsed: unknown = JSON.parse(readFileSync(path, "utf8"));
  const found = typeof parsed === "object" && parsed !== null && "version" in parsed;
  return found ? String(parsed.version) : "unknown";
}
