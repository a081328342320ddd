// The two ways in which a store on the calling thread writes: all at once, or in steps.

import type { Steps } from "./communication-maintenance.ts";
import type { Counters } from "./counters.ts";
import type { Database } from "./database.ts";

/** Runs `body` and stores the counters it raised, in one transaction. */
export function writeWith(database: Database, counters: Counters, body: () => void): void {
  try {
    database.transaction(() => {
      body();
      counters.flush();
    });
  } catch (error) {
    counters.discard();
    throw error;
  }
}

/** Runs all steps, each in a transaction of its own. */
export function runSteps<Result>(database: Database, steps: Steps<Result>): Result {
  for (;;) {
    const step = database.transaction(() => steps.next());
    if (step.done === true) return step.value;
  }
}
