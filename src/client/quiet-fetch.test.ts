import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";

import { detectRuntime } from "./runtime.ts";

test("Runtime.quietFetch() sends and reads like fetch, and ends with its signal", async (t) => {
  const server = createServer((request, response) => {
    if (request.url === "/never") return;
    const answer = async (): Promise<void> => {
      const body = await text(request);
      response.writeHead(418, { "x-method": request.method ?? "" });
      response.end(`${String(request.headers["x-own"])}: ${body}`);
    };
    void answer();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const url = `http://127.0.0.1:${address.port}`;
  const { quietFetch } = await detectRuntime();
  const cancel = new AbortController();
  const plain = { method: "POST", headers: { "x-own": "1" }, signal: cancel.signal };
  const answer = await quietFetch(url, { ...plain, body: "größer" });
  assert.deepEqual([answer.ok, answer.status], [false, 418]);
  assert.equal(answer.headers.get("x-method"), "POST");
  assert.equal(await answer.text(), "1: größer");
  const waiting = quietFetch(`${url}/never`, plain);
  cancel.abort();
  await assert.rejects(waiting, { name: "AbortError" });
});

test("Runtime.quietFetch() does not keep a process alive that has nothing else to do", async (t) => {
  const asked = Promise.withResolvers<void>();
  const server = createServer(() => asked.resolve());
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const runtime = JSON.stringify(new URL("runtime.ts", import.meta.url).href);
  const program = `
    const { detectRuntime } = await import(${runtime});
    const { quietFetch } = await detectRuntime();
    const signal = new AbortController().signal;
    quietFetch("http://127.0.0.1:${address.port}", { method: "GET", headers: {}, signal });
    process.stdin.once("data", () => process.stdin.destroy());
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["pipe", "inherit", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  await asked.promise;
  child.stdin.end("go");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
});
