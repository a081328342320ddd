// Room for so many alerts, part of which is kept for what matters: info and warning share one part,
// so that error and critical always find some, and one source takes no more than its share of what
// is as bad.

import type { AlertLevel } from "./alert.ts";
import { dashboardLimits } from "./limits.ts";

/** What takes room. */
export interface RoomUser {
  readonly level: AlertLevel;
  /** Null where no share is kept to: rules find one alert per subject, not one per word. */
  readonly source: string | null;
}

interface Place {
  readonly sums: readonly string[];
  readonly size: number;
}

const ALL = "all";
const MINOR = "minor";

/** A bounded room, in alerts or in bytes. */
export class AlertRoom {
  readonly #most: number;
  /** By key of an alert. */
  readonly #places = new Map<string, Place>();
  /** Room taken: by all, by minor ones, and by each source's minor and other ones. */
  readonly #taken = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  hasFor(user: RoomUser, size = 1): boolean {
    return sumsOf(user).every((sum) => this.#of(sum) + size <= this.#mostOf(sum));
  }

  /** Takes room for an alert, in place of what it had; more than there is when it must. */
  set(key: string, user: RoomUser, size = 1): void {
    this.delete(key);
    const sums = sumsOf(user);
    this.#places.set(key, { sums, size });
    for (const sum of sums) this.#taken.set(sum, this.#of(sum) + size);
  }

  delete(key: string): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    this.#places.delete(key);
    for (const sum of place.sums) {
      const left = this.#of(sum) - place.size;
      if (left === 0) this.#taken.delete(sum);
      else this.#taken.set(sum, left);
    }
  }

  #of(sum: string): number {
    return this.#taken.get(sum) ?? 0;
  }

  #mostOf(sum: string): number {
    const { alertMinorShare, alertSourceShare } = dashboardLimits;
    if (sum === ALL) return this.#most;
    const share = sum === MINOR ? alertMinorShare : alertSourceShare;
    return Math.max(1, Math.floor((this.#most * share.value) / 100));
  }
}

function sumsOf({ level, source }: RoomUser): readonly string[] {
  const isMinor = level === "info" || level === "warning";
  return [
    ALL,
    ...(isMinor ? [MINOR] : []),
    ...(source === null ? [] : [`${isMinor ? "minor" : "major"}:${source}`]),
  ];
}
