// Brings plans to the data planes, one after the other: what changes while a plan is on its way
// goes with the next one, so that many changes at once cost few plans, and none is overtaken.

import type { Clock } from "../core/index.ts";

import type { NamespacePlan } from "./data-plane.ts";
import { GatewayError } from "./errors.ts";

/** Pushes the newest plan. */
export class PlanPusher {
  readonly #clock: Clock;
  readonly #compile: (revision: number) => NamespacePlan;
  readonly #apply: (plan: NamespacePlan) => Promise<void>;
  #revision = 0;
  #hasFailed = false;
  #isStopped = false;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /**
   * @param compile makes the plan as of now.
   * @param apply resolves when the plan is in force.
   */
  constructor(
    clock: Clock,
    compile: (revision: number) => NamespacePlan,
    apply: (plan: NamespacePlan) => Promise<void>,
  ) {
    this.#clock = clock;
    this.#compile = compile;
    this.#apply = apply;
  }

  /**
   * Resolves when everything that is so now is in force.
   * @throws GatewayError `gateway.closed` once it was stopped; what applying the plan threw.
   */
  push(): Promise<void> {
    if (this.#isStopped) {
      return Promise.reject(new GatewayError("gateway.closed", "The gateway is stopping"));
    }
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

  /** Takes no more; resolves when no plan is on its way, whose namespace may then be removed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.settled();
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
    // By the clock, so that whoever pushes to the same planes next numbers on from here.
    const nowMicroseconds = Math.floor(this.#clock.monotonic() * 1000);
    this.#revision = Math.max(this.#revision + 1, nowMicroseconds);
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
