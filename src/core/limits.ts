// Every queue, buffer and cache has a limit; every component lists its limits in this form, so
// that one generated page shows them all.

/** One limit: a number, its unit, why it is what it is, and what happens when it is reached. */
export interface LimitDefinition {
  readonly value: number;
  /** Unit of `value`: `bytes`, `items`, `ms`, ... */
  readonly unit: string;
  readonly reason: string;
  readonly atLimit: string;
}

/** Limits by name, as each component's `limits.ts` exports them. */
export type LimitTable = Readonly<Record<string, LimitDefinition>>;
