// What people install is the packed tarball, not the clone.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { repositoryRoot, runCommand } from "../../tools/repository.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Packs the built clone and installs it into an empty project; returns the project's folder. */
async function installPackedTarball(t: TestContext): Promise<string> {
  const folder = temporaryFolder(t);
  const pack = ["npm", "pack", "--ignore-scripts", "--json", "--pack-destination", folder] as const;
  const packed = await runCommand([...pack]);
  assert.equal(packed.exitCode, 0, packed.output);
  const tarball = /agent-cellphone-[\w.-]+\.tgz/.exec(packed.output)?.[0];
  assert.ok(tarball, packed.output);
  const project = path.join(folder, "project");
  mkdirSync(project);
  writeFileSync(path.join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  const install = [
    "npm",
    "install",
    "--no-audit",
    "--no-fund",
    path.join(folder, tarball),
  ] as const;
  const installed = await runCommand([...install], { cwd: project });
  assert.equal(installed.exitCode, 0, installed.output);
  return project;
}

/** Starts the installed command; resolves with its address once it says that it is ready. */
async function startServer(t: TestContext, project: string): Promise<string> {
  const args = ["start", "--port", "0", "--data", path.join(project, "data")];
  const command = path.join(project, "node_modules/.bin/cellphone");
  const server = spawn(command, args, { cwd: project, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const found = new Promise<string>((resolve, reject) => {
    for (const stream of [server.stdout, server.stderr]) {
      createInterface(stream).on("line", (line) => {
        output += `${line}\n`;
        const address = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(line)?.[0];
        if (address !== undefined) resolve(address);
      });
    }
    server.once("exit", () => reject(new Error(`the server ended:\n${output}`)));
    server.once("error", reject);
  });
  t.after(async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill("SIGTERM");
    await ended;
    assert.equal(server.exitCode, 0, `the server did not drain on SIGTERM:\n${output}`);
  });
  return found;
}

async function runInProject(project: string, program: string): Promise<string> {
  const result = await runCommand([process.execPath, "--input-type=module", "-e", program], {
    cwd: project,
  });
  assert.equal(result.exitCode, 0, result.output);
  return result.output;
}

test("the packed tarball installs into an empty project, imports and starts", async (t) => {
  const project = await installPackedTarball(t);

  await t.test("holds what is needed and no tests", async () => {
    const root = path.join(project, "node_modules/agent-cellphone");
    for (const file of ["LICENSE", "README.md", "dist/web/index.html", "dist/cli/bin.js"]) {
      assert.ok(existsSync(path.join(root, file)), `${file} is missing`);
    }
    const { output } = await runCommand(["find", root, "-name", "*.test.*", "-o", "-name", "*.ts"]);
    const sources = output.split("\n").filter((file) => file !== "" && !file.endsWith(".d.ts"));
    assert.deepEqual(sources, []);
  });

  await t.test("agent-cellphone records a metric as a library", async () => {
    const program = [
      'import { PerformanceTracker } from "agent-cellphone";',
      "const tracker = new PerformanceTracker();",
      'tracker.recordMetric("response_time", 0.25, "worker-1");',
      'const summary = await tracker.getMetricSummary("response_time", "worker-1");',
      "console.log(summary.count, summary.latest);",
    ];
    assert.equal((await runInProject(project, program.join("\n"))).trim(), "1 0.25");
  });

  await t.test("the installed command serves /readyz, and the pages and SDKs", async (t) => {
    const address = await startServer(t, project);
    const ready = await fetch(`${address}/readyz`);
    assert.equal(ready.status, 200);
    for (const file of ["/sdk/agent_cellphone.py", "/sdk/agent-cellphone.js"]) {
      const response = await fetch(address + file);
      assert.equal(response.status, 200, file);
      assert.ok((await response.text()).length > 1_000, file);
    }
    const program = [
      'import * as client from "agent-cellphone/client";',
      `import * as served from ${JSON.stringify(path.join(repositoryRoot, "dist/sdk/agent-cellphone.js"))};`,
      "console.log(JSON.stringify([Object.keys(client).sort(), Object.keys(served).sort()]));",
    ];
    const [client, served]: unknown[] = JSON.parse(await runInProject(project, program.join("\n")));
    assert.deepEqual(served, client);
  });

  await t.test("types resolve for a TypeScript project", async () => {
    const program =
      'import { PerformanceTracker } from "agent-cellphone";\nnew PerformanceTracker();';
    writeFileSync(path.join(project, "main.ts"), program);
    const tsc = path.join(repositoryRoot, "node_modules/.bin/tsc");
    const flags = ["--noEmit", "--strict", "--module", "nodenext", "--skipLibCheck", "main.ts"];
    const { exitCode, output } = await runCommand([tsc, ...flags], { cwd: project });
    assert.equal(exitCode, 0, output);
  });
});
