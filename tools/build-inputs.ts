// What dist/ is made of, and whether it is stale. By content, not by time: a checkout or a clone
// touches files without changing them. Imports only node: modules, because every start runs it.

import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const clone = path.resolve(import.meta.dirname, "..");

/** Parts of dist/ that are built on their own. */
export const BuildPart = {
  /** The server, the command and the library: src/ without the pages, through tsc. */
  Library: "library",
  /** The pages, through vite, in dist/web. */
  Web: "web",
  /** The SDKs as the server hands them out, in dist/sdk. */
  Sdk: "sdk",
} as const;
export type BuildPart = (typeof BuildPart)[keyof typeof BuildPart];

interface PartDefinition {
  readonly inputs: readonly string[];
  /** Files whose absence means that the part must be built, whatever the stamp says. */
  readonly outputs: readonly string[];
}

/** Where the hashes of the last build stand. */
const STAMP = "dist/.build";

const ALWAYS = ["package.json", "package-lock.json", "tools/build*.ts"];

const PARTS: Readonly<Record<BuildPart, PartDefinition>> = {
  library: {
    inputs: [
      ...ALWAYS,
      "tsconfig.json",
      "tsconfig.build.json",
      "src/!(web)/**/*.ts",
      "src/!(web)/**/*.py",
      "src/*.ts",
    ],
    outputs: [
      "dist/index.js",
      "dist/client/index.js",
      "dist/cli/bin.js",
      "dist/demo/agents/worker.py",
    ],
  },
  web: {
    inputs: [...ALWAYS, "src/web/**/*"],
    outputs: ["dist/web/index.html"],
  },
  sdk: {
    inputs: [...ALWAYS, "src/client/**/*.ts", "sdk/python/*.py"],
    outputs: ["dist/sdk/agent-cellphone.js", "dist/sdk/agent_cellphone.py"],
  },
};

/** A hash over names and contents of all that goes into a part; tests do not. */
export function inputHash(part: BuildPart, root = clone): string {
  const files = globSync([...PARTS[part].inputs], { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash("sha256");
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`${path.relative(root, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** The parts that must be built anew. */
export function staleParts(root = clone): BuildPart[] {
  const stamp = readStamp(root);
  return Object.values(BuildPart).filter((part) => {
    const complete = PARTS[part].outputs.every((file) => existsSync(path.join(root, file)));
    return !complete || stamp[part] !== inputHash(part, root);
  });
}

/** Keeps the hashes of parts just built; the other parts' stay. */
export function writeStamp(hashes: Readonly<Record<string, string>>, root = clone): void {
  const stamp = { ...readStamp(root), ...hashes };
  writeFileSync(path.join(root, STAMP), `${JSON.stringify(stamp)}\n`);
}

function readStamp(root: string): Readonly<Record<string, unknown>> {
  try {
    const stamp: unknown = JSON.parse(readFileSync(path.join(root, STAMP), "utf8"));
    return typeof stamp === "object" && stamp !== null ? { ...stamp } : {};
  } catch {
    return {};
  }
}
