// A server, and a browser signed in to it: what the journeys through the pages start from.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";

import type { Page } from "playwright-core";

import { build } from "../../tools/build.ts";
import { launchBrowser } from "./browser.ts";
import { startServer } from "./server.ts";
import type { TestServer } from "./server.ts";

const SCREENSHOTS = path.resolve(import.meta.dirname, "../screenshots");
const TIMEOUT_MS = 20_000;

/** Where a journey takes place. */
export interface Stage {
  readonly server: TestServer;
  readonly page: Page;
}

/** What differs from one journey to the next. */
export interface StageOptions {
  /** Options of the server by dotted key. */
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * Starts both; undefined (and the test skipped) when there is no browser. The test fails when the
 * page throws.
 */
export async function openStage(t: TestContext, options: StageOptions): Promise<Stage | undefined> {
  const browser = await launchBrowser(t);
  if (browser === undefined) return undefined;
  await build();
  const server = await startServer(t, { config: options.config });
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
    colorScheme: "dark",
    reducedMotion: "reduce",
  });
  page.setDefaultTimeout(TIMEOUT_MS);
  page.on("pageerror", (error) => t.diagnostic(`the page threw: ${error.message}`));
  const thrown: Error[] = [];
  page.on("pageerror", (error) => thrown.push(error));
  t.after(() => assert.deepEqual(thrown, [], "the page threw"));
  await page.goto(server.switchboard.loginUrl());
  await page.waitForURL((url) => url.pathname === "/");
  return { server, page };
}

/** Keeps a picture of the page for people to look at. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) });
}
