// Programs that tests run but npm does not bring. Where one is missing the test is skipped with
// the way to get it; with CI=true that is a failure, so that nothing is skipped unnoticed.

import { accessSync, constants } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";

/** Programs by the name tests ask for, and the package that brings each. */
export const debianPackages = {
  chromium: { package: "chromium" },
  "nats-server": { package: "nats-server" },
  strace: { package: "strace" },
  python3: { package: "python3" },
  openssl: { package: "openssl" },
  curl: { package: "curl" },
} as const;

/** The path of an executable on the PATH (or in the sbin folders), or undefined. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/sbin", "/sbin"];
  return folders
    .filter((folder) => folder !== "")
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The path of a program, or undefined after marking the test as skipped: return then.
 * @throws Error with CI=true when it is missing.
 * @example
 * const chromium = requireDebian(t, "chromium");
 * if (chromium === undefined) return;
 */
export function requireDebian(
  t: TestContext,
  name: keyof typeof debianPackages,
): string | undefined {
  const found = findProgram(name);
  if (found !== undefined) return found;
  const reason = `needs ${name}: npm run test:setup (installs ${debianPackages[name].package})`;
  if (process.env["CI"] === "true") throw new Error(reason);
  t.skip(reason);
  return undefined;
}
