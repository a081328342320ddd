// Rows never move under the pointer: while the table is being pointed at, it keeps its order and
// only counts how many rows would move.

/** An order to show, and how many rows wait to move. */
export interface HeldOrder {
  readonly ids: readonly string[];
  readonly changed: number;
}

/** Keeps the shown order while held; new rows join at the end, gone ones leave. */
export function holdOrder(
  shown: readonly string[],
  wanted: readonly string[],
  held: boolean,
): HeldOrder {
  if (!held || shown.length === 0) return { ids: wanted, changed: 0 };
  const present = new Set(wanted);
  const known = new Set(shown);
  const ids = [...shown.filter((id) => present.has(id)), ...wanted.filter((id) => !known.has(id))];
  const changed = ids.filter((id, index) => wanted[index] !== id).length;
  return { ids, changed };
}
