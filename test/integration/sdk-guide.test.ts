// The examples of docs/agents.md that call services and time their steps, run as they stand there.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
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

/** The first block in this language after a heading of the guide. */
function blockUnder(heading: string, fence: string): string {
  const [, after = ""] = GUIDE.split(`## ${heading}\n`);
  const code = new RegExp(`^\`\`\`${fence}\\n([\\s\\S]*?)^\`\`\`$`, "m").exec(after)?.[1];
  assert.ok(code !== undefined, `a block "${fence}" under "${heading}"`);
  return code.replace("agent-cellphone/client", path.join(ROOT, "src/client/index.ts"));
}

async function service(
  t: TestContext,
  server: TestServer,
  id: string,
  answer: RequestListener,
): Promise<void> {
  const upstream = createServer(answer);
  await once(upstream.listen(0, "127.0.0.1"), "listening");
  t.after(() => upstream.close());
  t.after(() => upstream.closeAllConnections());
  const address = upstream.address();
  assert.ok(typeof address === "object" && address !== null);
  const baseUrl = `http://127.0.0.1:${address.port}`;
  await asAdmin(server, "POST", "/api/v1/services", { id, baseUrl });
}

/** Writes an agent's program to a folder where it finds its SDK. */
function programFile(t: TestContext, name: string, code: string): string {
  const folder = temporaryFolder(t);
  const python = path.join(ROOT, "sdk/python/agent_cellphone.py");
  copyFileSync(python, path.join(folder, "agent_cellphone.py"));
  const file = path.join(folder, name);
  writeFileSync(file, code);
  return file;
}

for (const [fence, file, agentId] of [
  ["ts", "agent.mts", "researcher-1"],
  ["python span", "agent.py", "researcher-2"],
] as const) {
  test(`docs/agents.md: the agent in \`${fence}\` that times its steps does its work`, async (t) => {
    const interpreter = fence === "ts" ? process.execPath : requireDebian(t, "python3");
    if (interpreter === undefined) return;
    const server = await startServer(t);
    await service(t, server, "search", (_, response) => {
      response.setHeader("content-type", "application/json").end('"hit"');
    });
    const url = await enrolmentUrl(server);
    const code = blockUnder("Steps, and where the time goes", fence);
    const child = spawn(interpreter, [programFile(t, file, code)], {
      env: { ...process.env, CELLPHONE_URL: url },
      stdio: ["ignore", "ignore", "inherit"],
    });
    t.after(() => child.kill("SIGKILL"));
    await until("the agent", async () => {
      return (await asAdmin(server, "GET", `/api/v1/agents?text=${agentId}`)).agents.length > 0;
    });
    const asker = await agent(t, url, "asker");
    const reply = await asker.request(agentId, "task_assignment", { question: "a and b" });
    assert.deepEqual(reply.payload, { found: ["hit", "hit"] });
    const spans = await until("its steps", async () => {
      const found = await asAdmin(server, "GET", `/api/v1/spans?agentId=${agentId}`);
      return found.spans.length === 3 && found.spans;
    });
    const told = spans.map((span: { kind: string; name: string }) => `${span.kind} ${span.name}`);
    assert.deepEqual(told.toSorted(), ["model plan", "tool search a", "tool search b"]);
    assert.equal(new Set(spans.map((span: { traceId: string }) => span.traceId)).size, 1);
    child.kill("SIGTERM");
    assert.equal((await once(child, "exit"))[0], 0);
  });
}

test("docs/agents.md: the call of a streaming service prints what comes", async (t) => {
  const server = await startServer(t);
  await service(t, server, "llm", (_, response) => {
    response.write("one ");
    setTimeout(() => response.end("word"), 30);
  });
  const file = programFile(t, "agent.mts", blockUnder("Services through the gateway", "ts"));
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, CELLPHONE_URL: await enrolmentUrl(server) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  assert.equal(out.replaceAll("\n", ""), "one word");
  assert.equal(code, 0);
});
