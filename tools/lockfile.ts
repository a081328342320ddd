// `npm ci` refuses a lock that lacks a package, even one for another platform; npm leaves such a
// package out in silence when the registry does not have it at that version. And a lock that
// records download addresses ties everyone to one registry.

import { readSource, reportViolations } from "./repository.ts";
import type { Violation } from "./repository.ts";

interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** What would make `npm ci` fail elsewhere. */
export function findLockProblems(text: string): Violation[] {
  const { packages }: Lock = JSON.parse(text);
  const names = new Set(Object.keys(packages).map((at) => at.replace(/^.*node_modules\//, "")));
  const violations: Violation[] = [];
  const add = (rule: string, fix: string): void =>
    void violations.push({ file: "package-lock.json", rule, fix });
  for (const [at, locked] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(locked.optionalDependencies ?? {})) {
      if (names.has(name)) continue;
      add(`${at} needs ${name} ${version}, which is not locked`, "lock a version that has it");
    }
    if (/^https?:/.test(locked.resolved ?? "")) {
      add(`${at} records a download address`, "npm install, with this clone's .npmrc");
    }
  }
  return violations;
}

if (import.meta.main) {
  reportViolations("lock file", findLockProblems(readSource("package-lock.json")));
}
