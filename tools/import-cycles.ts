// Cycles of value imports: whoever loads first sees the other half-made. Imports of types vanish
// at run time and do not count.

import path from "node:path";

import type { ImportEdge } from "./import-walls.ts";
import type { Violation } from "./repository.ts";

/** One violation per cycle, at the import that closes it. */
export function findCycles(edges: readonly ImportEdge[]): Violation[] {
  const graph = new Map<string, { readonly target: string; readonly line: number }[]>();
  for (const { file, line, specifier, typeOnly } of edges) {
    if (typeOnly || !specifier.startsWith(".")) continue;
    const target = path.posix.join(path.posix.dirname(file), specifier);
    const outgoing = graph.get(file) ?? [];
    outgoing.push({ target, line });
    graph.set(file, outgoing);
  }
  const violations: Violation[] = [];
  const finished = new Set<string>();
  const trail: string[] = [];
  const visit = (file: string): void => {
    trail.push(file);
    for (const { target, line } of graph.get(file) ?? []) {
      const start = trail.indexOf(target);
      if (start !== -1) {
        const circle = [...trail.slice(start), target].join(" -> ");
        const fix = "move what both need into a third file";
        violations.push({ file, line, rule: `import cycle: ${circle}`, fix });
      } else if (!finished.has(target)) visit(target);
    }
    trail.pop();
    finished.add(file);
  };
  for (const file of graph.keys()) if (!finished.has(file)) visit(file);
  return violations;
}
