// What a machine can tell about the pages' accessibility, in both themes and on a telephone: names,
// roles, contrast, focus. Run on a fleet with a deadlock, because trouble is when pages must serve.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import axe from "axe-core";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

import { build } from "../../tools/build.ts";
import { launchBrowser } from "../support/browser.ts";
import { agent, asAdmin, enrolmentUrl, until } from "../support/fleet.ts";
import { startServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { startUpstream } from "../support/upstream.ts";

const TIMEOUT_MS = 20_000;
const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const PAGES = [
  ["/", "headline"],
  ["/agents", "agent-table"],
  ["/agents/planner", "agent-words"],
  ["/agents/planner?tab=metrics", "agent-words"],
  ["/agents/planner?tab=calls", "call"],
  ["/agents/planner?tab=profiles", "flame-box"],
  ["/services", "service"],
  ["/services/search", "call"],
  ["/calls", "call"],
  ["/calls?call={call}", "call-details"],
  ["/trace/{trace}", "span"],
  ["/alerts", "alert"],
  ["/alerts/{alert}", "alert-details"],
  ["/metrics", "metric-summary"],
  ["/history", "kpi-table"],
  ["/conversations", "message"],
  ["/connect", undefined],
] as const;

const LOOKS = [
  ["dark", 1440],
  ["light", 1440],
  ["dark", 390],
] as const;

/** A fleet, and the ids of what has a page of its own. */
interface OpenFleet {
  readonly server: TestServer;
  readonly ids: Readonly<Record<"call" | "trace" | "alert", string>>;
}

/**
 * Planner and reviewer wait on each other, worker-1 is idle; planner has called a service that
 * fails, somebody raised an alert, and a profile was taken.
 */
async function openFleet(t: TestContext): Promise<OpenFleet> {
  const server = await startServer(t, {
    config: {
      "communication.heartbeatInterval": 0.5,
      "communication.deadlockAfter": 1,
      "gateway.port": 0,
      "gateway.workers": 1,
    },
  });
  const service = await startUpstream(t);
  await asAdmin(server, "POST", "/api/v1/services", { id: "search", baseUrl: service.url });
  const url = await enrolmentUrl(server);
  const planner = await agent(t, url, "planner", { kind: "planner" });
  const reviewer = await agent(t, url, "reviewer", { kind: "reviewer" });
  await agent(t, url, "worker-1", { kind: "worker" });
  const { signal } = new AbortController();
  planner.on("review-wanted", () => planner.request("reviewer", "review", {}, { signal }));
  reviewer.on("review", () => reviewer.request("planner", "question", {}, { signal }));
  planner.record("response_time", 0.4);
  await planner.span("look up", { kind: "tool" }, () => planner.fetch("/v1/search/documents"));
  service.answer = (_request, response) => response.writeHead(500).end();
  await planner.fetch("/v1/search/broken");
  await planner.send("planner", "review-wanted", {});
  const body = { level: "error", message: "index is 4 h old", agentId: "planner" };
  const alert = await asAdmin(server, "POST", "/api/v1/alerts", body);
  const asked = await asAdmin(server, "POST", "/api/v1/agents/planner/profiles", { seconds: 1 });
  await until("the profile is done", async () => {
    return (await asAdmin(server, "GET", `/api/v1/profiles/${asked.id}`)).state === "done";
  });
  const { call, trace } = await until("both calls in the history", async () => {
    const { calls } = await asAdmin(server, "GET", "/api/v1/calls");
    return calls.length === 2 && { call: calls[0].id, trace: calls[1].traceId };
  });
  return { server, ids: { call, trace, alert: alert.id } };
}

/** A page's address with the ids of this fleet. */
function addressOf(path: string, ids: OpenFleet["ids"]): string {
  return path
    .replace("{call}", ids.call)
    .replace("{trace}", ids.trace)
    .replace("{alert}", ids.alert);
}

/** Every violation that keeps someone out, as "where: rule: element". */
async function seriousViolations(page: Page, where: string): Promise<readonly string[]> {
  // As text, because the content security policy lets no foreign script in.
  await page.evaluate(`if (!("axe" in globalThis)) { ${axe.source} }`);
  const runOnly = JSON.stringify(STANDARDS);
  const results = await page.evaluate<AxeResults>(`axe.run(document, { runOnly: ${runOnly} })`);
  assert.ok(results.passes.length > 10, "axe looked at the page");
  return results.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${where}: ${id}: ${node.html} ${node.failureSummary ?? ""}`),
    );
}

test("No page keeps anyone out, as far as a machine can tell", async (t) => {
  const browser = await launchBrowser(t);
  if (browser === undefined) return;
  await build();
  const { server, ids } = await openFleet(t);
  const found: string[] = [];
  for (const [colorScheme, width] of LOOKS) {
    const viewport = { width, height: 900 };
    const context = await browser.newContext({ colorScheme, viewport, reducedMotion: "reduce" });
    const page = await context.newPage();
    page.setDefaultTimeout(TIMEOUT_MS);
    const signIn = server.switchboard.loginUrl();
    await page.goto(new URL("/in", signIn).href);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    found.push(...(await seriousViolations(page, `/in, ${colorScheme}, ${width}`)));
    await page.goto("about:blank");
    await page.goto(signIn);
    await page.getByTestId("cause").first().waitFor();
    for (const [path, mark] of PAGES) {
      await page.goto(new URL(addressOf(path, ids), signIn).href);
      const list = page.locator(".conversation-item").first();
      if (path === "/conversations" && width < 720) await list.click();
      await (mark === undefined ? page.getByRole("tab") : page.getByTestId(mark)).first().waitFor();
      const where = `${path}, ${colorScheme}, ${width}`;
      found.push(...(await seriousViolations(page, where)));
      const spill = await page.evaluate<number>(
        "document.documentElement.scrollWidth - innerWidth",
      );
      if (spill > 0) found.push(`${where}: ${spill} px wider than the window`);
    }
    await context.close();
  }
  assert.deepEqual(found, []);
});
