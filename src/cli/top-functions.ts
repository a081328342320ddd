// Where a profile's time or memory went: the functions with the most of their own.

import type { FlameNode } from "../profiler/index.ts";

/** One function over all the places it was called from. */
export interface TopFunction {
  readonly name: string;
  readonly file: string | null;
  readonly line: number | null;
  /** Its own share, in the profile's unit. */
  readonly self: number;
  /** With all it called; what it spent in calls to itself is counted once. */
  readonly total: number;
}

/** The functions with the largest share of their own, at most so many. */
export function topFunctions(root: FlameNode, most: number): readonly TopFunction[] {
  const functions = new Map<string, { -readonly [Key in keyof TopFunction]: TopFunction[Key] }>();
  const open = new Map<string, number>();
  // A stack rather than recursion: a profile is as deep as the program's own stack was.
  const steps: { readonly node: FlameNode; readonly leave: boolean }[] = [
    { node: root, leave: false },
  ];
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    const { node, leave } = step;
    const key = `${node.name}\n${node.file}\n${node.line}`;
    const depth = open.get(key) ?? 0;
    if (leave) {
      open.set(key, depth - 1);
      continue;
    }
    const { name, file, line } = node;
    const known = functions.get(key) ?? { name, file, line, self: 0, total: 0 };
    known.self += node.self;
    if (depth === 0) known.total += node.total;
    functions.set(key, known);
    open.set(key, depth + 1);
    steps.push({ node, leave: true });
    for (const child of node.children) steps.push({ node: child, leave: false });
  }
  const own = [...functions.values()].filter(({ self }) => self > 0);
  return own.sort((a, b) => b.self - a.self).slice(0, most);
}
