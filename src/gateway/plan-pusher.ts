// Brings plans to the data planes, one after the other: what changes while a plan is on its way
// goes with the next one, so that many changes at once cost few plans, and none is overtaken.

import type { NamespacePlan } from "./data-plane.ts";

/** Pushes the newest plan. */
export class PlanPusher {
  readonly #compile: (revision: number) => NamespacePlan;
  readonly #apply: (plan: NamespacePlan) => Promise<void>;
  #revision = 0;
  #hasFailed = false;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /**
   * @param compile makes the plan as of now.
   * @param apply resolves when the plan is in force.
   */
  constructor(
    compile: (revision: number) => NamespacePlan,
    apply: (plan: NamespacePlan) => Promise<void>,
  ) {
    this.#compile = compile;
    this.#apply = apply;
  }

  /** Resolves when everything that is so now is in force. */
  push(): Promise<void> {
    if (this.#running === undefined) return this.#begin();
    // The one on its way was made before: the next one will know.
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#begin();
      });
    return this.#next;
  }

  /**
   * Resolves when the newest plan asked for is in force.
   * @throws what applying it threw; a plan that failed before is tried again.
   */
  inForce(): Promise<void> {
    if (this.#hasFailed && this.#running === undefined) return this.push();
    return this.#next ?? this.#running ?? Promise.resolve();
  }

  /** Resolves when no plan is on its way any more; never throws. */
  async settled(): Promise<void> {
    await (this.#next ?? this.#running)?.catch(() => undefined);
  }

  #begin(): Promise<void> {
    this.#revision += 1;
    const run = this.#bring(this.#compile(this.#revision)).finally(() => {
      this.#running = undefined;
    });
    this.#running = run;
    return run;
  }

  async #bring(plan: NamespacePlan): Promise<void> {
    this.#hasFailed = true;
    await this.#apply(plan);
    this.#hasFailed = false;
  }
}
