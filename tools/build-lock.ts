// Two builds at once would delete each other's files: `npm start` beside `npm test`.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const WAIT_AT_MOST_MS = 300_000;

/**
 * Waits for another build to end, then holds the lock until disposed.
 * @throws Error when the other build lasts longer than five minutes.
 */
export async function acquireBuildLock(file: string): Promise<Disposable> {
  mkdirSync(path.dirname(file), { recursive: true });
  const giveUpAtMs = performance.now() + WAIT_AT_MOST_MS;
  while (!tryAcquire(file)) {
    if (performance.now() > giveUpAtMs) {
      throw new Error(`another build has held ${file} for five minutes; delete it if none runs`);
    }
    await delay(100);
  }
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
}

function tryAcquire(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    if (!holderRuns(file)) rmSync(file, { force: true });
    return false;
  }
}

function holderRuns(file: string): boolean {
  try {
    const holder = Number(readFileSync(file, "utf8"));
    // An empty file is a lock being written this instant.
    if (holder > 0) process.kill(holder, 0);
    return true;
  } catch {
    return false;
  }
}
