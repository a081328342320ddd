// A profile as a page draws it: a tree of frames, largest first, with what is too small to be seen
// folded together.

import type { CallTree } from "./call-tree.ts";
import { totalAmounts } from "./call-tree.ts";
import { profilerLimits } from "./limits.ts";
import type { FlameNode } from "./model.ts";

/** A profile for drawing. */
export interface FlameTree {
  readonly root: FlameNode;
  readonly unit: "microseconds" | "bytes";
  /** Of the root, in `unit`. */
  readonly total: number;
  /** Microseconds in which nothing ran; not part of the tree. */
  readonly idle: number;
}

interface GrowingNode extends FlameNode {
  readonly children: GrowingNode[];
}

/** Frames that were folded together. */
const OTHER = "(other)";

/**
 * The tree of a profile.
 * @param most frames in it; of two siblings the smaller is folded first.
 */
export function flameTree(
  profile: CallTree,
  most: number = profilerLimits.flameNodes.value,
): FlameTree {
  const { nodes, kind, idleUs } = profile;
  const totals = totalAmounts(nodes);
  const kept = largest(totals, most);
  const made: (GrowingNode | undefined)[] = [];
  const folded = new Map<GrowingNode, number>();
  for (const [index, { name, file, line, parent, amount }] of nodes.entries()) {
    const caller = parent < 0 ? undefined : made[parent];
    const total = totals[index] ?? 0;
    if (!kept.has(index)) {
      if (caller !== undefined) folded.set(caller, (folded.get(caller) ?? 0) + total);
      continue;
    }
    const node: GrowingNode = { name, file, line, self: amount, total, children: [] };
    made[index] = node;
    caller?.children.push(node);
  }
  for (const [node, total] of folded) {
    if (total === 0) continue;
    node.children.push({ name: OTHER, file: null, line: null, self: total, total, children: [] });
  }
  for (const node of made) node?.children.sort((a, b) => b.total - a.total);
  const root = made[0] ?? {
    name: "(root)",
    file: null,
    line: null,
    self: 0,
    total: 0,
    children: [],
  };
  const unit = kind === "cpu" ? "microseconds" : "bytes";
  return { root, unit, total: root.total, idle: idleUs };
}

/**
 * The frames to keep: those with the largest totals. A caller's total is never smaller than what it
 * calls and sorting keeps the order of equals, so that what is kept is one tree. Half of the room is for folded ones.
 */
function largest(totals: Float64Array, most: number): Set<number> {
  const indexes = Array.from(totals.keys());
  if (indexes.length <= most) return new Set(indexes);
  indexes.sort((a, b) => (totals[b] ?? 0) - (totals[a] ?? 0));
  return new Set(indexes.slice(0, Math.max(1, Math.floor(most / 2))));
}
