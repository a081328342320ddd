// The first hour with the pages: sign in, the first agent joins, agents wait on each other, a
// person pauses one and takes it back. In a real browser against a real server with real agents.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import type { Page } from "playwright-core";

import type { Phone } from "../../src/client/index.ts";
import { agent, enrolmentUrl } from "../support/fleet.ts";
import { startServer } from "../support/server.ts";
import { openStage, screenshot } from "../support/stage.ts";
import type { Stage } from "../support/stage.ts";

const CONFIG = {
  "communication.heartbeatInterval": 0.5,
  "communication.deadlockAfter": 1,
  "communication.stuckAfter": 2,
  "dashboard.refreshInterval": 0.5,
};

async function join(t: TestContext, stage: Stage, name: string, kind: string): Promise<Phone> {
  return agent(t, await enrolmentUrl(stage.server), name, { kind });
}

test("A sign-in link works once, and says what helps when it no longer does", async (t) => {
  const stage = await openStage(t, { config: CONFIG });
  if (stage === undefined) return;
  const { server, page } = stage;
  const link = server.switchboard.loginUrl();
  await page.context().clearCookies();
  await page.goto(link);
  await page.waitForURL((url) => url.pathname === "/" && url.hash === "");
  await page.context().clearCookies();
  await page.goto("about:blank");
  await page.goto(link);
  await page.getByRole("alert").waitFor();
  assert.match((await page.textContent("main")) ?? "", /cellphone login/);
  await screenshot(page, "sign-in-refused");
});

test("The empty page offers three languages and turns into the overview by itself", async (t) => {
  const stage = await openStage(t, { config: CONFIG });
  if (stage === undefined) return;
  const { page } = stage;
  await page.getByRole("heading", { name: "Connect your first agent" }).waitFor();
  for (const language of ["Python", "TypeScript", "curl"]) {
    await page.getByRole("tab", { name: language }).click();
    await screenshot(page, `connect-${language.toLowerCase()}`);
  }
  await join(t, stage, "worker-1", "worker");
  await page.getByTestId("headline").filter({ hasText: "Your agent is fine" }).waitFor();
  await page.getByTestId("tile").filter({ hasText: "worker-1" }).waitFor();
  await screenshot(page, "overview-first-agent");
});

test("An address with an unknown namespace says so", async (t) => {
  const stage = await openStage(t, { config: CONFIG });
  if (stage === undefined) return;
  const { page, server } = stage;
  await page.goto(new URL("/?ns=blank", server.url).href);
  await page.getByRole("heading", { name: "No namespace blank" }).waitFor();
  assert.equal(await page.getByTestId("banner").count(), 0);
});

test("A deadlock is named in the headline; pausing its agents can be undone", async (t) => {
  const stage = await openStage(t, { config: CONFIG });
  if (stage === undefined) return;
  const { page } = stage;
  const planner = await join(t, stage, "planner", "planner");
  const reviewer = await join(t, stage, "reviewer", "reviewer");
  await join(t, stage, "worker-1", "worker");
  const { signal } = new AbortController();
  planner.on("review-wanted", () => planner.request("reviewer", "review", {}, { signal }));
  reviewer.on("review", () => reviewer.request("planner", "question", {}, { signal }));
  await planner.send("planner", "review-wanted", {});
  await page
    .getByTestId("headline")
    .filter({ hasText: /(planner and reviewer|reviewer and planner) wait on each other/ })
    .waitFor();
  await screenshot(page, "overview-deadlock-dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.reload();
  await page.getByTestId("cause").waitFor();
  await screenshot(page, "overview-deadlock-light");
  await pauseAndUndo(page);
  await page.locator('[data-testid="tile"][data-agent="planner"]').click();
  await page.getByTestId("agent-words").waitFor();
  await screenshot(page, "agent-deadlock-light");
  await page.getByRole("link", { name: "Conversations" }).first().click();
  await page.getByTestId("message").first().waitFor();
  await screenshot(page, "conversation-light");
});

/** Pauses what the deadlock's row offers to pause, sees the row go, and takes it back. */
async function pauseAndUndo(page: Page): Promise<void> {
  const deadlock = page.locator('[data-testid="cause"][data-cause-kind="deadlock"]');
  await deadlock.getByRole("button", { name: "Pause" }).click();
  const toast = page.getByTestId("toast").filter({ hasText: /paused/i });
  await toast.waitFor();
  await deadlock.waitFor({ state: "detached" });
  await screenshot(page, "overview-paused");
  await toast.getByRole("button", { name: "Undo" }).click();
  await deadlock.waitFor();
}

test("Pages say what they could not read, instead of that there is nothing", async (t) => {
  const stage = await openStage(t, { config: CONFIG });
  if (stage === undefined) return;
  const { page, server } = stage;
  await join(t, stage, "worker-1", "worker");
  await page.getByTestId("tile").click();
  await page.getByTestId("agent-words").waitFor();
  await server.stop();
  await page.getByTestId("banner").waitFor();
  for (const [tab, nothing] of [
    ["Log", /None came yet/],
    ["Metrics", /It recorded none/],
  ] as const) {
    await page.getByRole("tab", { name: tab }).click();
    await page.getByTestId("read-problem").getByRole("button", { name: "Try again" }).waitFor();
    assert.equal(await page.getByText(nothing).count(), 0);
  }
  await screenshot(page, "read-problem");
  const { dataFolder, port } = server;
  await startServer(t, { dataFolder, port, config: CONFIG });
  await page.getByTestId("read-problem").waitFor({ state: "detached" });
});
