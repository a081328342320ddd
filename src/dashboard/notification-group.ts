// What there is to tell about one rule: the alerts that fire, and those that ended since the
// receiver was told last. Told is what was delivered, never what was only tried: an alert told
// twice is a nuisance, one told never is a silence.

import type { Alert } from "./alert.ts";
import { LEVEL_RANK } from "./finding.ts";
import { dashboardLimits } from "./limits.ts";

interface Firing {
  /** As it is now. */
  readonly alert: Alert;
  /** Raised, or raised again, and not delivered since. */
  readonly isNews: boolean;
  /** The receiver may know that it fires, so it must hear of the end. */
  readonly mayBeKnown: boolean;
  /** Monotonic; null: not delivered yet. */
  readonly toldAtMs: number | null;
}

/** The alerts of a rule as a notification tells them. */
export class NotificationGroup {
  /** By id. */
  readonly #firing = new Map<string, Firing>();
  /** By key, because a receiver joins fire and end by it. */
  readonly #ended = new Map<string, Alert>();
  #version = 0;

  /** Changes with whatever is worth another notification. */
  get version(): number {
    return this.#version;
  }

  /** Nothing fires, and all that ended was told. */
  get isEmpty(): boolean {
    return this.#firing.size === 0 && this.#ended.size === 0;
  }

  /** True when somebody should be told now; what a person has taken on is no news. */
  get isDue(): boolean {
    if (this.#ended.size > 0) return true;
    for (const { alert, isNews } of this.#firing.values()) {
      if (isNews && alert.acknowledged === null) return true;
    }
    return false;
  }

  /** Whether an alert that fires is told of here. */
  has(id: string): boolean {
    return this.#firing.has(id);
  }

  /** An alert of before a restart. @param toldAtMs monotonic; null: it was never delivered. */
  restore(alert: Alert, toldAtMs: number | null): void {
    if (this.#firing.has(alert.id)) return; // raised meanwhile
    this.#firing.set(alert.id, { alert, isNews: toldAtMs === null, mayBeKnown: true, toldAtMs });
    this.#version += 1;
  }

  /** An alert that fires, or got worse. */
  raise(alert: Alert): void {
    const before = this.#firing.get(alert.id);
    // The key that ended fires anew: its end is no longer true, but its fire was told.
    const endedBefore = this.#ended.delete(alert.key);
    this.#firing.set(alert.id, {
      alert,
      isNews: true,
      mayBeKnown: before?.mayBeKnown === true || endedBefore,
      toldAtMs: before?.toldAtMs ?? null,
    });
    this.#version += 1;
  }

  /** Other words, another count: told with the next notification. */
  update(alert: Alert): void {
    const before = this.#firing.get(alert.id);
    if (before !== undefined) this.#firing.set(alert.id, { ...before, alert });
  }

  /** An alert that is over; what nobody can have heard of is dropped. */
  resolve(alert: Alert): void {
    const before = this.#firing.get(alert.id);
    this.#firing.delete(alert.id);
    this.#version += 1;
    if (before?.mayBeKnown !== true && alert.notifiedAtMs === null) return;
    this.#ended.delete(alert.key); // what ended last stands last
    this.#ended.set(alert.key, { ...alert, context: {} }); // contexts are large, and not sent
    if (this.#ended.size <= dashboardLimits.notificationEnded.value) return;
    for (const key of this.#ended.keys()) {
      this.#ended.delete(key);
      return;
    }
  }

  /** Makes news of what was told before an instant and nobody has taken on. */
  repeat(beforeMs: number): void {
    for (const [id, firing] of this.#firing) {
      if (firing.isNews || firing.alert.acknowledged !== null) continue;
      if (firing.toldAtMs !== null && firing.toldAtMs > beforeMs) continue;
      this.#firing.set(id, { ...firing, isNews: true });
      this.#version += 1;
    }
  }

  /**
   * All there is to tell, in the order of its weight: news, what ended, what is known to fire; the
   * worst first. What is known stands last, or a notification that is full of it would never come
   * to the rest.
   */
  alerts(): readonly Alert[] {
    const firing = [...this.#firing.values()].sort(
      (a, b) => LEVEL_RANK[b.alert.level] - LEVEL_RANK[a.alert.level],
    );
    const news = firing.filter(({ isNews }) => isNews);
    const known = firing.filter(({ isNews }) => !isNews);
    return [
      ...news.map(({ alert }) => alert),
      ...this.#ended.values(),
      ...known.map(({ alert }) => alert),
    ];
  }

  /** A notification of these goes out: from here on they may be known. */
  trying(alerts: readonly Alert[]): void {
    for (const { id } of alerts) {
      const firing = this.#firing.get(id);
      if (firing !== undefined) this.#firing.set(id, { ...firing, mayBeKnown: true });
    }
  }

  /**
   * A notification of these, as they were then, was delivered.
   * @param atMs monotonic.
   * @returns ids of those that fire and are told; not those that got worse meanwhile.
   */
  delivered(alerts: readonly Alert[], atMs: number): readonly string[] {
    const told: string[] = [];
    for (const { id, key, raised, state } of alerts) {
      if (state === "resolved") {
        if (this.#ended.get(key)?.id === id) this.#ended.delete(key);
        continue;
      }
      const firing = this.#firing.get(id);
      if (firing?.alert.raised !== raised) continue;
      this.#firing.set(id, { ...firing, isNews: false, toldAtMs: atMs });
      told.push(id);
    }
    return told;
  }
}
