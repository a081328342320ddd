// Installs what the tests need from Debian, and only what is missing: `npm run test:setup`.

import { spawnSync } from "node:child_process";

import { debianPackages, findProgram } from "../test/support/debian.ts";

/** Debian packages whose program is not on this machine. */
export function missingPackages(): string[] {
  const names = Object.entries(debianPackages)
    .filter(([name]) => findProgram(name) === undefined)
    .map(([, definition]) => definition.package);
  return [...new Set(names)];
}

/** Installs what is missing; true when everything is there afterwards. */
export function installMissingPackages(): boolean {
  const missing = missingPackages();
  if (missing.length === 0) return true;
  if (findProgram("apt-get") === undefined) {
    console.error(
      `The tests also need ${missing.join(", ")}. This is no Debian (there is no apt-get): ` +
        "install them your system's way. Without them, the tests that need them are skipped.",
    );
    return false;
  }
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && findProgram("sudo") === undefined) {
    console.error(
      `The tests also need ${missing.join(", ")}, and you are neither root nor is there sudo. ` +
        `Ask an administrator for: apt-get install ${missing.join(" ")}`,
    );
    return false;
  }
  console.error(`installing ${missing.join(", ")} with apt-get …`);
  const prefix = isRoot ? [] : ["sudo"];
  const apt = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"];
  const steps = [
    [...apt, "update"],
    [...apt, "install", "--yes", "--no-install-recommends", ...missing],
  ];
  for (const [program = "", ...args] of steps) {
    const { status } = spawnSync(program, args, { stdio: ["inherit", "ignore", "inherit"] });
    if (status === 0) continue;
    console.error(`apt-get failed; run it yourself: apt-get install ${missing.join(" ")}`);
    return false;
  }
  return missingPackages().length === 0;
}

if (import.meta.main) {
  const complete = installMissingPackages();
  if (complete) console.log("everything that the tests need from Debian is there");
  process.exitCode = complete ? 0 : 1;
}
