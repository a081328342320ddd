// Follows one key from the first sight of it to its end: it must hold before it fires, must be
// gone before it resolves, and must be worse, or about others, for as long before it fires anew.
// Times are monotonic milliseconds.

import type { AlertLevel } from "./alert.ts";
import { LEVEL_RANK } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** Where one key stands. */
export class AlertTrack {
  readonly key: string;
  /** As it was seen last. */
  finding: Finding;
  readonly #seenAtMs: number;
  #goneAtMs: number | null = null;
  #othersSinceMs: number | null = null;
  #other: { readonly level: AlertLevel; readonly sinceMs: number } | null = null;

  constructor(finding: Finding, nowMs: number) {
    this.key = finding.key;
    this.finding = finding;
    this.#seenAtMs = nowMs;
  }

  /** @returns true when it had been gone. */
  see(finding: Finding, firingAs: AlertLevel | undefined, nowMs: number): boolean {
    const cameBack = this.#goneAtMs !== null && nowMs >= this.#goneAtMs;
    this.#goneAtMs = null;
    this.finding = finding;
    if (firingAs === undefined || finding.level === firingAs) this.#other = null;
    else if (this.#other?.level !== finding.level) {
      this.#other = { level: finding.level, sinceMs: nowMs };
    }
    return cameBack;
  }

  /** @param graceMs how much longer it may stay away, because what would show it is not back. */
  miss(nowMs: number, graceMs: number): void {
    this.#goneAtMs ??= nowMs + graceMs;
    this.#othersSinceMs = null;
  }

  hasHeld(nowMs: number): boolean {
    return this.#goneAtMs === null && nowMs - this.#seenAtMs >= this.finding.forMs;
  }

  isOver(nowMs: number, keepMs: number): boolean {
    return this.#goneAtMs !== null && nowMs - this.#goneAtMs >= keepMs;
  }

  /** Whether it is about others than it was raised for, and has been for its time. */
  isAboutOthers(areOthers: boolean, nowMs: number): boolean {
    if (!areOthers) this.#othersSinceMs = null;
    else this.#othersSinceMs ??= nowMs;
    return this.#othersSinceMs !== null && nowMs - this.#othersSinceMs >= this.finding.forMs;
  }

  /** The level it should fire as, once another one than `firingAs` has held. */
  settledLevel(firingAs: AlertLevel, nowMs: number): AlertLevel {
    if (this.#other === null) return firingAs;
    const { level, sinceMs } = this.#other;
    const worse = LEVEL_RANK[level] > LEVEL_RANK[firingAs];
    const holdMs = worse ? this.finding.forMs : this.finding.keepFiringForMs;
    if (nowMs - sinceMs < holdMs) return firingAs;
    this.#other = null;
    return level;
  }
}
