// Whether the parts that a server cannot do without answer, for /readyz and for the dead-man ping.

import { checkDisk } from "./disk-check.ts";
import { DEFAULT_NAMESPACE } from "./core/index.ts";
import type { SecurityStore } from "./security/index.ts";
import type { ReadinessCheck } from "./server/index.ts";
import type { SeriesStore } from "./tracker/index.ts";

/** What is asked. */
export interface ReadinessParts {
  readonly ledger: () => Pick<SecurityStore, "namespaces">;
  readonly series: () => Pick<SeriesStore, "snapshots">;
  readonly folder: {
    readonly path: string;
    readonly ledgerPath: string;
    readonly seriesPath: string;
  };
  readonly isRunning: (namespace: string) => boolean;
  readonly plane: { readonly workers: number };
}

/** Asks each part. */
export async function checkReadiness(
  parts: ReadinessParts,
): Promise<Readonly<Record<string, ReadinessCheck>>> {
  const { path, ledgerPath, seriesPath } = parts.folder;
  const [ledger, series, disk] = await Promise.all([
    answers(() => parts.ledger().namespaces()),
    answers(() => parts.series().snapshots(DEFAULT_NAMESPACE, 1)),
    checkDisk(path, [ledgerPath, seriesPath]),
  ]);
  const namespaces = { ok: parts.isRunning(DEFAULT_NAMESPACE) };
  const gateway =
    parts.plane.workers > 0 ? { ok: true } : { ok: false, detail: "no gateway worker runs" };
  return { ledger, series, disk, namespaces, gateway };
}

async function answers(probe: () => Promise<unknown>): Promise<ReadinessCheck> {
  try {
    await probe();
    return { ok: true };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
