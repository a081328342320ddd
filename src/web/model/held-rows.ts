// Rows that arrive at the top of a table wait while it is pointed at: nothing moves away from
// under the pointer, and the reader decides when ("3 new, show").

/** What a table shows, and what waits above it. */
export interface HeldRows<Row> {
  readonly shown: readonly Row[];
  readonly waiting: number;
}

/**
 * Rows to show, newest first: all of them, or, while held, those that were shown when the hold
 * began, in their newest version.
 */
export function holdRows<Row>(
  rows: readonly Row[],
  heldIds: ReadonlySet<string> | undefined,
  idOf: (row: Row) => string,
): HeldRows<Row> {
  if (heldIds === undefined || heldIds.size === 0) return { shown: rows, waiting: 0 };
  const first = rows.findIndex((row) => heldIds.has(idOf(row)));
  const above = first < 0 ? rows.length : first;
  return { shown: rows.slice(above), waiting: above };
}
