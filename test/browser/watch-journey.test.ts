// What the pages are for when something goes wrong: an alert is taken on by a person, a service
// that fails is found and limited, a profile is taken, an agent is shut out and let in again.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { agent, asAdmin, enrolmentUrl } from "../support/fleet.ts";
import { openStage, screenshot } from "../support/stage.ts";
import { startUpstream } from "../support/upstream.ts";
import type { Upstream } from "../support/upstream.ts";

const CONFIG = {
  "communication.heartbeatInterval": 0.5,
  "dashboard.refreshInterval": 0.25,
  "dashboard.causeDelay": 0,
  "dashboard.ruleFor": 0,
  // A busy test machine is not what these journeys are about.
  "dashboard.cpuWarning": 100,
  "dashboard.cpuCritical": 100,
  "dashboard.memoryWarning": 100,
  "dashboard.memoryCritical": 100,
  "gateway.port": 0,
  "gateway.workers": 1,
};

/** Lets a service answer with a status, except when its health is asked for. */
function failWith(service: Upstream, status: number): void {
  service.answer = (request, response) => {
    response.writeHead(request.url === "/health" ? 200 : status).end("{}");
  };
}

test("A person takes an alert on with a note, gives it back, and resolves it", async (t) => {
  const stage = await openStage(t, { config: CONFIG });
  if (stage === undefined) return;
  const { page, server } = stage;
  await agent(t, await enrolmentUrl(server), "indexer-1");
  await page.getByRole("link", { name: "Alerts" }).click();
  await page.getByTestId("empty-state").waitFor();
  const message = "index is 4 h old";
  const alert = { level: "error", message, source: "agent:indexer-1", agentId: "indexer-1" };
  await asAdmin(server, "POST", "/api/v1/alerts", alert);
  const row = page.getByTestId("alert").filter({ hasText: message });
  await row.waitFor();
  await page.getByRole("link", { name: /Alerts, 1 alert nobody has taken on/ }).waitFor();
  await row.hover();
  await row.getByRole("button", { name: "Acknowledge" }).click();
  const dialog = page.getByRole("dialog", { name: "Acknowledge" });
  await dialog.getByLabel("Note").fill("rebuilding it");
  await dialog.getByLabel("Owner").fill("mira");
  await dialog.getByRole("button", { name: "Acknowledge" }).click();
  await row.filter({ hasText: "mira · rebuilding it" }).waitFor();
  await page.getByRole("link", { name: "Alerts", exact: true }).waitFor();
  await row.getByRole("link", { name: message }).click();
  const details = page.getByTestId("alert-details");
  await details.getByText("Acknowledged by mira").waitFor();
  await screenshot(page, "alert-acknowledged-dark");
  await details.getByRole("button", { name: "Give back" }).click();
  await details.getByRole("button", { name: "Acknowledge" }).waitFor();
  await details.getByRole("button", { name: "Resolve" }).click();
  const resolve = page.getByRole("dialog", { name: "Resolve" });
  await resolve.getByLabel("Note").fill("index is new");
  await resolve.getByRole("button", { name: "Resolve" }).click();
  await details.getByText("Resolved", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Resolved" }).click();
  await page.getByTestId("alert").filter({ hasText: message }).waitFor();
});

test("A service is added, fails, says so everywhere, and gets a limit", async (t) => {
  const stage = await openStage(t, { config: CONFIG });
  if (stage === undefined) return;
  const { page, server } = stage;
  const service = await startUpstream(t);
  const fetcher = await agent(t, await enrolmentUrl(server), "fetcher-1");
  await page.getByRole("link", { name: "Services" }).click();
  await page.getByTestId("empty-state").waitFor();
  await screenshot(page, "services-empty-dark");
  await page.getByRole("button", { name: "Add service" }).click();
  const dialog = page.getByRole("dialog", { name: "Add service" });
  await dialog.getByLabel("Id", { exact: true }).fill("search");
  await dialog.getByLabel("Base URLs").fill(service.url);
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByTestId("service-words").filter({ hasText: "Healthy" }).waitFor();
  for (let made = 0; made < 3; made += 1) await fetcher.fetch("/v1/search/documents?q=a");
  failWith(service, 503);
  for (let made = 0; made < 12; made += 1) {
    // Once its only endpoint is out, the gateway refuses by itself.
    await fetcher.fetch("/v1/search/documents?q=b").catch(() => undefined);
  }
  await page.getByTestId("call").filter({ hasText: "503" }).first().waitFor();
  await page
    .getByTestId("alerts-panel")
    .getByText(/with errors|is unhealthy/)
    .waitFor();
  await screenshot(page, "service-failing-dark");
  await page.getByRole("link", { name: "Overview" }).click();
  const cause = page.locator('[data-testid="cause"][data-cause-kind="service_failing"]');
  await cause.waitFor();
  await screenshot(page, "overview-service-failing-dark");
  await cause.getByRole("link", { name: "Open" }).click();
  await page.getByTestId("service-words").waitFor();
  await page.getByRole("button", { name: "Set the limit of all calls" }).click();
  const limit = page.getByRole("dialog", { name: "Limit of search" });
  await limit.getByLabel("Calls a minute").fill("60");
  await limit.getByLabel("At once").fill("5");
  await limit.getByRole("button", { name: "Save" }).click();
  await page.getByText("60/min, 5 at once").first().waitFor();
  const { rateLimit } = await asAdmin(server, "GET", "/api/v1/services/search");
  assert.deepEqual(rateLimit, { requestsPerMinute: 60, burst: 5 });
});

test("Calls are found by filter, followed live, and lead to their trace", async (t) => {
  const stage = await openStage(t, { config: CONFIG });
  if (stage === undefined) return;
  const { page, server } = stage;
  const service = await startUpstream(t);
  const registration = { id: "search", baseUrl: service.url };
  await asAdmin(server, "POST", "/api/v1/services", registration);
  const url = await enrolmentUrl(server);
  const coder = await agent(t, url, "coder-1");
  const planner = await agent(t, url, "planner-1");
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  coder.on("task_assignment", async () => {
    await coder.span("plan", { kind: "model" }, () => coder.fetch("/v1/search/plan?token=abc"));
    failWith(service, 500);
    await coder.fetch("/v1/search/broken");
    await finished;
  });
  await planner.send("coder-1", "task_assignment", {}, { task: { title: "index repo" } });
  await page.getByRole("link", { name: "Calls" }).click();
  const calls = page.getByTestId("call");
  await calls.filter({ hasText: "/v1/search/broken" }).waitFor();
  await page.getByRole("button", { name: "failed" }).click();
  await page.waitForURL((url) => url.searchParams.get("failed") === "1");
  await calls.filter({ hasText: "/v1/search/plan" }).waitFor({ state: "detached" });
  await calls.first().hover();
  await coder.fetch("/v1/search/later");
  await page.getByRole("button", { name: "1 new, show" }).click();
  await calls.filter({ hasText: "/v1/search/later" }).waitFor();
  await calls.filter({ hasText: "/v1/search/broken" }).getByRole("button").click();
  const details = page.getByTestId("call-details");
  await details.getByText("500").waitFor();
  await screenshot(page, "calls-failed-dark");
  await details.getByRole("link", { name: "Open trace" }).click();
  const spans = page.getByTestId("span");
  await spans.filter({ hasText: "index repo" }).waitFor();
  await spans.filter({ hasText: "plan" }).first().waitFor();
  await spans.first().focus();
  await page.keyboard.press("ArrowDown");
  await page.getByTestId("span-details").getByRole("button", { name: "Zoom" }).waitFor();
  await screenshot(page, "trace-dark");
  await page.goto(new URL("/agents/coder-1", server.url).href);
  await page.getByTestId("waterfall").getByTestId("span").first().waitFor();
  await page.getByTestId("calls-panel").getByText("/v1/search/broken").waitFor();
  await screenshot(page, "agent-task-dark");
  finish();
});

const BUSY_AGENT = fileURLToPath(new URL("../support/busy-agent.ts", import.meta.url));
/** A profile takes its five seconds, and a busy machine its time. */
const PROFILE_TIMEOUT_MS = 60_000;

test("A CPU profile is taken from the page, and its flame graph names the busy code", async (t) => {
  const stage = await openStage(t, { config: CONFIG });
  if (stage === undefined) return;
  const { page, server } = stage;
  const env = { ...process.env, CELLPHONE_URL: await enrolmentUrl(server) };
  const program = spawn(process.execPath, [BUSY_AGENT], {
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => program.kill("SIGKILL"));
  await once(program.stdout, "data");
  await page.goto(new URL("/agents/cruncher-1", server.url).href);
  await page.getByRole("button", { name: "Profile", exact: true }).click();
  await page.getByTestId("empty-state").waitFor();
  await page.getByLabel("for").selectOption("5");
  await page.getByRole("button", { name: "Take CPU profile" }).click();
  await page.getByTestId("profile").waitFor();
  await page.getByTestId("flame-graph").waitFor({ timeout: PROFILE_TIMEOUT_MS });
  const box = page.getByTestId("flame-box").filter({ hasText: "burnTimeForTheProfile" }).first();
  await box.waitFor();
  await page.getByLabel("Find a function or file").fill("burnTime");
  await page.getByText(/in what matches/).waitFor();
  await screenshot(page, "profile-dark");
  await box.click();
  await page.getByRole("button", { name: "Whole profile" }).click();
  const coming = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download .cpuprofile" }).click();
  assert.match((await coming).suggestedFilename(), /\.cpuprofile$/);
});

test("An agent is put in quarantine with a reason, and released", async (t) => {
  const stage = await openStage(t, { config: CONFIG });
  if (stage === undefined) return;
  const { page, server } = stage;
  await agent(t, await enrolmentUrl(server), "spender-1");
  await page.goto(new URL("/agents/spender-1", server.url).href);
  await page.getByRole("button", { name: "Quarantine" }).click();
  const dialog = page.getByRole("dialog", { name: "Quarantine spender-1" });
  await dialog.getByLabel("Reason").fill("spends too much");
  await dialog.getByRole("button", { name: "Quarantine" }).click();
  const words = page.getByTestId("agent-words");
  await words.filter({ hasText: /Quarantined .*spends too much/ }).waitFor();
  await screenshot(page, "agent-quarantined-dark");
  await page.getByRole("link", { name: "Overview" }).click();
  const tile = page.locator('[data-testid="tile"][data-agent="spender-1"]');
  await page.locator('[data-testid="tile"][data-state="quarantined"]').waitFor();
  const cause = page.locator('[data-testid="cause"][data-cause-kind="quarantined"]');
  await cause.getByRole("button", { name: "Release" }).click();
  await cause.waitFor({ state: "detached" });
  assert.notEqual(await tile.getAttribute("data-state"), "quarantined");
  const view = await asAdmin(server, "GET", "/api/v1/agents/spender-1");
  assert.equal(view.quarantined, null);
});
