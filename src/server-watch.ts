// Why the watcher of the whole server should not hear that all is well. A server that answers but
// does not judge, stores nothing, or left a namespace out raises no alerts about it.

import { systemClock } from "./core/index.ts";
import type { ComponentLog } from "./core/index.ts";
import { DeadMan } from "./dashboard/index.ts";
import type { ReadinessCheck } from "./server/index.ts";

/** A namespace of the server. */
export interface NamespaceState {
  readonly name: string;
  /** Loaded, and its last refresh ended well and lately; undefined: it does not run. */
  readonly isWell: boolean | undefined;
}

/** What a watcher of the whole server is told by. */
export interface ServerWatchOptions {
  /** Empty: nobody watches. */
  readonly deadManUrl: string;
  /** Seconds. */
  readonly deadManInterval: number;
}

/** One ping for the whole server: a namespace of many must not say that all is well. */
export function watchServer(
  { deadManUrl: url, deadManInterval }: ServerWatchOptions,
  server: {
    readonly readiness: () => Promise<Readonly<Record<string, ReadinessCheck>>>;
    readonly states: () => Promise<readonly NamespaceState[]>;
  },
  log: ComponentLog,
): AsyncDisposable {
  const problem = async (): Promise<string | null> =>
    serverProblem(await server.readiness(), await server.states());
  const intervalMs = deadManInterval * 1000;
  const deadMan =
    url === "" ? undefined : new DeadMan({ url, intervalMs, problem, clock: systemClock, log });
  deadMan?.start();
  return { [Symbol.asyncDispose]: async () => deadMan?.stop() };
}

/** @returns the first reason in words; null when all is well. */
export function serverProblem(
  checks: Readonly<Record<string, ReadinessCheck>>,
  namespaces: readonly NamespaceState[],
): string | null {
  for (const [name, { ok, detail }] of Object.entries(checks)) {
    if (!ok) return `${name} is not ready${detail === undefined ? "" : `: ${detail}`}`;
  }
  for (const { name, isWell } of namespaces) {
    if (isWell === undefined) return `namespace "${name}" does not run`;
    if (!isWell) return `the dashboard of namespace "${name}" does not refresh`;
  }
  return null;
}
