// What it means for an instant to lie in a range of time.

import type { TimeRange } from "./model.ts";

/** Whether an instant is in the range: from inclusive, to exclusive, absent ends open. */
export function isWithin(instantMs: number, { fromMs, toMs }: TimeRange): boolean {
  return (fromMs === undefined || instantMs >= fromMs) && (toMs === undefined || instantMs < toMs);
}
