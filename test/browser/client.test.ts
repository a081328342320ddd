// The client in a browser: the one file the server hands out, without Node's extras.

import assert from "node:assert/strict";
import { test } from "node:test";

import { build } from "../../tools/build.ts";
import { launchBrowser } from "../support/browser.ts";
import { agent, asAdmin, enrolmentUrl } from "../support/fleet.ts";
import { startServer } from "../support/server.ts";

/** Runs in the page; everything it needs is handed in. */
async function beAnAgent({ url }: { readonly url: string }): Promise<unknown> {
  const file = "/sdk/agent-cellphone.js";
  const { connect } = await import(file);
  const phone = await connect({ url, name: "page-1", capabilities: ["show"] });
  phone.on("echo", (message: { readonly payload: unknown }) => ({ seen: message.payload }));
  phone.record("clicks", 3);
  const reply = await phone.request("helper", "direct", "from the page");
  await phone.work("draw", {}, (work: { progress(done: number): void }) => work.progress(0.5));
  await phone.request("helper", "ready");
  await phone.close();
  return { agentId: phone.agentId, reply: reply.payload };
}

test("the client takes a page onto the line", async (t) => {
  const browser = await launchBrowser(t);
  if (browser === undefined) return;
  await build();
  const server = await startServer(t);
  const url = await enrolmentUrl(server);
  const helper = await agent(t, url, "helper", { concurrency: 2 });
  helper.on<string>("direct", (message) => `heard: ${message.payload}`);
  let echoed: unknown;
  helper.on("ready", async () => {
    echoed = (await helper.request("page-1", "echo", { n: 1 })).payload;
  });
  const page = await browser.newPage();
  await page.goto(server.switchboard.loginUrl());
  await page.waitForURL((address) => address.pathname === "/");
  const outcome = await page.evaluate(beAnAgent, { url });
  assert.deepEqual(outcome, { agentId: "page-1", reply: "heard: from the page" });
  assert.deepEqual(echoed, { seen: { n: 1 } });
  const view = await asAdmin(server, "GET", "/api/v1/agents/page-1");
  assert.deepEqual([view.instance.runtime, view.presence.reason], ["browser", "it left"]);
  const summary = "/api/v1/metrics/summary?metric=clicks&agentId=page-1";
  assert.equal((await asAdmin(server, "GET", summary)).metrics.clicks.sum, 3);
});
