import assert from "node:assert/strict";
import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { temporaryFolder } from "../test/support/temporary-folder.ts";
import { BuildPart, inputHash, staleParts, writeStamp } from "./build-inputs.ts";

interface SampleClone {
  readonly root: string;
  readonly write: (file: string, text: string) => void;
  /** Stamps every part as built from what is there now. */
  readonly build: () => void;
}

function sampleClone(t: TestContext): SampleClone {
  const root = temporaryFolder(t);
  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  for (const file of ["src/index.ts", "src/core/clock.ts", "src/client/index.ts"]) write(file, "1");
  for (const file of ["src/web/main.tsx", "src/web/styles/base.css"]) write(file, "1");
  for (const file of ["package.json", "sdk/python/agent_cellphone.py"]) write(file, "{}");
  const sdk = ["dist/sdk/agent-cellphone.js", "dist/sdk/agent_cellphone.py"];
  const library = ["dist/index.js", "dist/client/index.js", "dist/cli/bin.js"];
  const others = ["dist/demo/agents/worker.py", "dist/web/index.html"];
  for (const file of [...library, ...sdk, ...others]) write(file, "built");
  const build = (): void => {
    const parts = Object.values(BuildPart);
    writeStamp(Object.fromEntries(parts.map((part) => [part, inputHash(part, root)])), root);
  };
  return { root, write, build };
}

test("staleParts() is everything before the first build, nothing after it", (t) => {
  const { root, build } = sampleClone(t);
  assert.deepEqual(staleParts(root), ["library", "web", "sdk"]);
  build();
  assert.deepEqual(staleParts(root), []);
});

test("staleParts() names the parts that a changed, new or deleted file belongs to", (t) => {
  const { root, write, build } = sampleClone(t);
  const changes: [() => void, string[]][] = [
    [() => write("src/core/clock.ts", "2"), ["library"]],
    [() => write("src/storage/sqlite/new.ts", "2"), ["library"]],
    [() => rmSync(path.join(root, "src/storage/sqlite/new.ts")), ["library"]],
    [() => write("src/demo/agents/worker.py", "2"), ["library"]],
    [() => write("src/web/styles/base.css", "2"), ["web"]],
    [() => write("src/client/index.ts", "2"), ["library", "sdk"]],
    [() => write("sdk/python/agent_cellphone.py", "2"), ["sdk"]],
    [() => write("package.json", "2"), ["library", "web", "sdk"]],
  ];
  for (const [change, expected] of changes) {
    build();
    change();
    assert.deepEqual(staleParts(root), expected, change.toString());
  }
});

test("staleParts() minds neither times nor tests nor documents", (t) => {
  const { root, write, build } = sampleClone(t);
  build();
  utimesSync(path.join(root, "src/core/clock.ts"), 1, 1);
  write("src/core/clock.test.ts", "2");
  write("src/web/views/fleet.test.tsx", "2");
  write("README.md", "2");
  assert.deepEqual(staleParts(root), []);
});

test("staleParts() names a part whose output is gone, or whose stamp cannot be read", (t) => {
  const { root, write, build } = sampleClone(t);
  build();
  rmSync(path.join(root, "dist/web"), { recursive: true });
  assert.deepEqual(staleParts(root), ["web"]);
  write("dist/.build", "{ broken");
  assert.deepEqual(staleParts(root), ["library", "web", "sdk"]);
});
