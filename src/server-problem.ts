// Why the watcher of the whole server should not hear that all is well. A server that answers but
// does not judge, stores nothing, or left a namespace out raises no alerts about it.

import type { ReadinessCheck } from "./server/index.ts";

/** A namespace of the server. */
export interface NamespaceState {
  readonly name: string;
  /** Loaded, and its last refresh ended well and lately; undefined: it does not run. */
  readonly isWell: boolean | undefined;
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
