// What the feed says about notifications: that nothing gets through, once per failure and not once
// per attempt, and that it does again.

import { formatDuration } from "../core/index.ts";
import type { Clock } from "../core/index.ts";

import type { Feed } from "./feed.ts";
import { dashboardLimits } from "./limits.ts";

interface Failure {
  readonly sinceMs: number;
  wasSaid: boolean;
}

/** Lines of the feed about deliveries to one receiver. */
export class DeliveryNews {
  readonly #feed: Feed;
  readonly #clock: Clock;
  /** By rule; null: whatever the rule. */
  readonly #failures = new Map<string | null, Failure>();

  constructor(feed: Feed, clock: Clock) {
    this.#feed = feed;
    this.#clock = clock;
  }

  /** A notification was not delivered, and is tried again. @param rule null: no rule's can be. */
  failed(rule: string | null, detail: string): void {
    const failedMs = this.#clock.monotonic() - this.#failure(rule).sinceMs;
    if (failedMs < dashboardLimits.notificationSilenceMs.value) return;
    const lasted = formatDuration(failedMs);
    this.#say(rule, `No notification${about(rule)} was delivered for ${lasted}: ${detail}.`);
  }

  /** A notification was given up; what still fires goes into another one, later. */
  givenUp(rule: string, detail: string): void {
    this.#say(rule, `A notification${about(rule)} was given up: ${detail}.`);
  }

  /** A notification of this rule was delivered. */
  delivered(rule: string): void {
    for (const subject of [null, rule]) {
      const failure = this.#failures.get(subject);
      if (!this.#failures.delete(subject) || failure?.wasSaid !== true) continue;
      const lasted = formatDuration(this.#clock.monotonic() - failure.sinceMs);
      const text = `Notifications${about(subject)} are delivered again, after ${lasted}.`;
      this.#feed.add({ kind: "server", level: "info", agentId: null, text });
    }
  }

  #failure(rule: string | null): Failure {
    const known = this.#failures.get(rule);
    if (known !== undefined) return known;
    const failure: Failure = { sinceMs: this.#clock.monotonic(), wasSaid: false };
    this.#failures.set(rule, failure);
    return failure;
  }

  #say(rule: string | null, text: string): void {
    const failure = this.#failure(rule);
    if (failure.wasSaid) return;
    failure.wasSaid = true;
    this.#feed.add({ kind: "server", level: "error", agentId: null, text });
  }
}

function about(rule: string | null): string {
  return rule === null ? "" : ` about ${rule}`;
}
