// A real Chromium for the browser tests: Debian's, driven by playwright-core.

import type { TestContext } from "node:test";

import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";

import { requireDebian } from "./debian.ts";

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts a browser that is closed after the test; undefined (and the test skipped) when there is
 * no Chromium: return then.
 */
export async function launchBrowser(t: TestContext): Promise<Browser | undefined> {
  const executablePath = requireDebian(t, "chromium");
  if (executablePath === undefined) return undefined;
  const browser = await chromium.launch({ executablePath, args: ARGUMENTS });
  t.after(() => browser.close());
  return browser;
}
