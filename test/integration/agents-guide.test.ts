// docs/agents.md and examples/ are what newcomers copy: every agent in them is run, on a real
// server, and must do its work.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { requireDebian } from "../support/debian.ts";
import { agent, asAdmin, enrolmentUrl, until } from "../support/fleet.ts";
import { startServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const GUIDE = readFileSync(path.join(ROOT, "docs/agents.md"), "utf8");

/** The code of the guide's first block with these words after its fence. */
function guideBlock(words: string): string {
  const fence = new RegExp(`^\`\`\`${words}\\n([\\s\\S]*?)^\`\`\`$`, "m");
  const code = fence.exec(GUIDE)?.[1];
  assert.ok(code !== undefined, `docs/agents.md has a block "${words}"`);
  // In a project the package is installed; here it is the source.
  return code.replace("agent-cellphone/client", path.join(ROOT, "src/client/index.ts"));
}

/** Runs an agent's program until the test ends; `stop()` asks it to leave. */
function program(t: TestContext, command: readonly string[], server: TestServer, url: string) {
  const [executable = "", ...args] = command;
  const child = spawn(executable, args, {
    env: {
      ...process.env,
      CELLPHONE_URL: url,
      CELLPHONE_NAME: "counter-1",
      PYTHONPATH: path.join(ROOT, "sdk/python"),
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const exited = once(child, "exit");
  return {
    registered: () =>
      until("the agent", async () => {
        const { agents } = await asAdmin(server, "GET", "/api/v1/agents?text=counter-1");
        return agents.length > 0;
      }),
    async stop(): Promise<unknown> {
      child.kill("SIGTERM");
      return (await exited)[0];
    },
  };
}

async function countsWords(t: TestContext, command: readonly string[]): Promise<void> {
  const server = await startServer(t);
  const url = await enrolmentUrl(server);
  const counter = program(t, command, server, url);
  await counter.registered();
  const asker = await agent(t, url, "asker");
  const reply = await asker.request("counter-1", "task_assignment", { text: "one two three" });
  assert.deepEqual(reply.payload, { words: 3 });
  assert.equal(await counter.stop(), 0);
  const { presence } = await asAdmin(server, "GET", "/api/v1/agents/counter-1");
  assert.equal(presence.state, "down");
}

for (const words of ["python", "python async"]) {
  test(`docs/agents.md: the agent in \`${words}\` does its work`, async (t) => {
    const python = requireDebian(t, "python3");
    if (python === undefined) return;
    const folder = temporaryFolder(t);
    const file = path.join(folder, `agent ${words}.py`);
    copyFileSync(
      path.join(ROOT, "sdk/python/agent_cellphone.py"),
      path.join(folder, "agent_cellphone.py"),
    );
    writeFileSync(file, guideBlock(words));
    await countsWords(t, [python, file]);
  });
}

test("docs/agents.md: the agent in TypeScript does its work", async (t) => {
  const file = path.join(temporaryFolder(t), "agent.mts");
  writeFileSync(file, guideBlock("ts"));
  await countsWords(t, [process.execPath, file]);
});

test("docs/agents.md: each call in curl is accepted", async (t) => {
  if (requireDebian(t, "curl") === undefined) return;
  const server = await startServer(t);
  const url = new URL(await enrolmentUrl(server));
  // What a person copies out of one answer into the next call, a script must take out by itself.
  const script = guideBlock("sh curl")
    .replace(
      /^curl .*enrol"[\s\S]*?'\{.*\}'$/m,
      (call) =>
        `ANSWER=$(${call})\necho "$ANSWER"\nKEY=$(echo "$ANSWER" | sed 's/.*"key":"\\([^"]*\\)".*/\\1/')`,
    )
    .replace(
      /^post .*claim.*$/m,
      (call) =>
        `ANSWER=$(${call})\necho "$ANSWER"\nTOKEN=$(echo "$ANSWER" | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')`,
    );
  const child = spawn("sh", ["-eu", "-c", script], {
    env: { ...process.env, SERVER: server.url, ENROLMENT: url.username },
  });
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  assert.equal(code, 0, out + errors);
  const { tasks } = await asAdmin(server, "GET", "/api/v1/tasks?agentId=counter-1");
  assert.deepEqual([tasks[0].state, tasks[0].result], ["completed", { words: 2 }]);
  const { metrics } = await asAdmin(
    server,
    "GET",
    "/api/v1/metrics/summary?metric=words_counted&agentId=counter-1",
  );
  assert.equal(metrics.words_counted.count, 1);
  assert.equal((await asAdmin(server, "GET", "/api/v1/agents/counter-1")).presence.state, "down");
});

test("docs/agents.md: an unknown recipient is answered with near matches", async (t) => {
  const server = await startServer(t);
  const url = await enrolmentUrl(server);
  await agent(t, url, "countr-2");
  const file = path.join(temporaryFolder(t), "agent.mts");
  const [, last = ""] = GUIDE.split("**When the server is away.**");
  const code = /^```ts\n([\s\S]*?)^```$/m.exec(last)?.[1] ?? "";
  writeFileSync(
    file,
    code.replace("agent-cellphone/client", path.join(ROOT, "src/client/index.ts")),
  );
  const child = spawn(process.execPath, [file], { env: { ...process.env, CELLPHONE_URL: url } });
  const [errors, [exitCode]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  assert.equal(exitCode, 0, errors);
  assert.match(errors, /countr-1/);
});

for (const example of ["echo-agent.ts", "echo_agent.py", "curl-agent.sh"]) {
  test(`examples/${example} answers`, async (t) => {
    const interpreter = {
      ".ts": process.execPath,
      ".py": requireDebian(t, "python3"),
      ".sh": requireDebian(t, "curl") === undefined ? undefined : "sh",
    }[path.extname(example)];
    if (interpreter === undefined) return;
    const server = await startServer(t);
    const url = await enrolmentUrl(server);
    const echo = program(t, [interpreter, path.join(ROOT, "examples", example)], server, url);
    await echo.registered();
    const asker = await agent(t, url, "asker");
    const reply = await asker.request<{ echo: unknown }>("counter-1", "direct", { n: 1 });
    assert.deepEqual(reply.payload.echo, example.endsWith(".sh") ? true : { n: 1 });
    if (!example.endsWith(".sh")) assert.equal(await echo.stop(), 0);
  });
}
