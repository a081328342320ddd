// Names that people and programs choose: agents, metrics, message types, namespaces.

/** Letters, digits and `_ . : -`, starting with a letter or digit; 1 to 128 characters. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;

/** Why `name` cannot be used as a name, or undefined when it can. */
export function nameProblem(name: unknown): string | undefined {
  if (typeof name !== "string") return "is not text";
  if (name.length === 0) return "is empty";
  if (name.length > 128) return `has ${name.length} characters, more than 128`;
  if (!NAME_PATTERN.test(name)) {
    return "may hold letters, digits and _ . : - only, and starts with a letter or digit";
  }
  return undefined;
}

/** Up to `most` of `candidates` nearest to `wanted` by edit distance, nearest first. */
export function nearMatches(wanted: string, candidates: Iterable<string>, most = 3): string[] {
  const cutoff = Math.max(2, Math.floor(wanted.length / 3));
  const lower = wanted.toLowerCase();
  const scored: { name: string; distance: number }[] = [];
  for (const name of candidates) {
    // The distance is at least this; without it, a key of megabytes would be compared.
    if (Math.abs(name.length - wanted.length) > cutoff) continue;
    const distance = editDistance(lower, name.toLowerCase());
    if (distance <= cutoff) scored.push({ name, distance });
  }
  scored.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return scored.slice(0, most).map((entry) => entry.name);
}

/** Levenshtein distance (insert, delete, substitute), in one row of memory. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const deletion = (previous[column] ?? 0) + 1;
      const insertion = (current[column - 1] ?? 0) + 1;
      current.push(Math.min(substitution, deletion, insertion));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
