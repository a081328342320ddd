// A profile as folded stacks, one line each: `caller;callee 1234`. What flamegraph.pl, inferno and
// speedscope read (https://github.com/brendangregg/FlameGraph). Values are microseconds or bytes.

import type { CallTree } from "./call-tree.ts";
import { frameLabel } from "./call-tree.ts";

/** Encodes a profile as folded stacks, largest first. */
export function encodeFolded({ nodes }: CallTree): string {
  const stacks: string[] = [];
  const amounts = new Map<string, number>();
  for (const [index, node] of nodes.entries()) {
    const parent = stacks[node.parent] ?? "";
    // The separator and line ends have no escape in this format.
    const label = frameLabel(node)
      .replaceAll(";", ":")
      .replaceAll(/[\r\n]+/g, " ");
    const stack = index === 0 ? "" : parent === "" ? label : `${parent};${label}`;
    stacks.push(stack);
    const amount = Math.round(node.amount);
    if (amount > 0) {
      const shown = stack === "" ? frameLabel(node) : stack;
      amounts.set(shown, (amounts.get(shown) ?? 0) + amount);
    }
  }
  const lines = [...amounts].sort((a, b) => b[1] - a[1]);
  return lines.map(([stack, amount]) => `${stack} ${amount}\n`).join("");
}
