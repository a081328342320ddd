// Long lists are worked on in slices, so that whatever else the event loop has to do gets its
// turn between two of them.

/**
 * Maps items, handing over to the event loop after every `sliceSize` of them.
 *
 * @example
 * const doubled = await mapInSlices([1, 2, 3], (value) => value * 2, 1000);
 * console.assert(doubled[2] === 6);
 */
export async function mapInSlices<Item, Result>(
  items: Iterable<Item>,
  map: (item: Item) => Result,
  sliceSize: number,
): Promise<Result[]> {
  const results: Result[] = [];
  let left = sliceSize;
  for (const item of items) {
    if (left === 0) {
      await nextTurn();
      left = sliceSize;
    }
    left -= 1;
    results.push(map(item));
  }
  return results;
}

/** Resolves when the event loop has looked at everything else that waits. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
