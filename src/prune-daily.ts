// Keys and audit rows have an end that comes whether anybody looks or not.

import { systemClock } from "./core/index.ts";
import type { ComponentLog } from "./core/index.ts";
import type { IdentityService } from "./security/index.ts";

const DAY_MS = 86_400_000;

/** Forgets keys that no longer work and audit rows past their retention, now and every day. */
export function pruneDaily(identities: IdentityService, log: ComponentLog): Disposable {
  let timer: Disposable | undefined;
  const prune = (): void => {
    timer = systemClock.after(DAY_MS, prune);
    identities.prune().catch((error: unknown) => log.warn("switchboard.prune_failed", { error }));
  };
  prune();
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}
