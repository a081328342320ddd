// A sampled profile as one tree of calls, whatever it was read from: what the conversions to
// pprof, folded stacks and flame graphs work on. Pure.

import type { ProfileKind } from "./model.ts";

/** One frame in one place of the tree. */
export interface CallNode {
  readonly name: string;
  readonly file: string | null;
  /** From 1. */
  readonly line: number | null;
  /** Index of the caller; -1 for the root. Callers stand before what they call. */
  readonly parent: number;
  /** Samples or objects of the frame itself; see {@link CallTree.counts}. */
  count: number;
  /** Microseconds (CPU) or bytes (heap) of the frame itself. */
  amount: number;
}

/** A profile, read and checked. */
export interface CallTree {
  readonly kind: ProfileKind;
  /** The root first, every other node after its caller. */
  readonly nodes: readonly CallNode[];
  /** What the nodes' counts are of: objects only where the profile tells them. */
  readonly counts: "samples" | "objects";
  /** Samples taken (CPU) or sampled allocations still in use (heap). */
  readonly samples: number;
  /** Microseconds between beginning and end; 0 for heap profiles. */
  readonly durationUs: number;
  /** Microseconds in which nothing ran; counted in no node. */
  readonly idleUs: number;
}

/** Amount of each node with everything it called, in the order of the nodes. */
export function totalAmounts(nodes: readonly CallNode[]): Float64Array {
  const totals = Float64Array.from(nodes, (node) => node.amount);
  for (let index = nodes.length - 1; index > 0; index--) {
    const parent = nodes[index]?.parent ?? -1;
    if (parent >= 0) totals[parent] = (totals[parent] ?? 0) + (totals[index] ?? 0);
  }
  return totals;
}

/** `name (file:line)`, as people read a frame. */
export function frameLabel({ name, file, line }: CallNode): string {
  if (file === null) return name;
  return line === null ? `${name} (${file})` : `${name} (${file}:${line})`;
}
