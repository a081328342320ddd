// Reads V8's sampling heap profile (HeapProfiler.SamplingHeapProfile of the Chrome DevTools
// Protocol, https://chromedevtools.github.io/devtools-protocol/v8/HeapProfiler/): memory that was
// allocated while it ran and is still in use.

import { z } from "zod";

import type { CallNode, CallTree } from "./call-tree.ts";
import { callFrameSchema, checkDepth, frameOf, invalid, schemaError } from "./cpu-profile.ts";
import { profilerLimits } from "./limits.ts";

const id = z.number().int().nonnegative();

/** Children are checked one by one: a schema that calls itself would follow any depth. */
const heapNodeSchema = z.object({
  callFrame: callFrameSchema,
  selfSize: z.number().nonnegative(),
  id,
  children: z.array(z.unknown()).max(profilerLimits.profileNodes.value),
});

const heapProfileSchema = z.object({
  head: z.unknown(),
  samples: z
    .array(z.object({ size: z.number().nonnegative(), nodeId: id }))
    .max(profilerLimits.profileSamples.value)
    .optional(),
});

/**
 * Reads a sampling heap profile. V8 scales bytes up to what was really allocated; objects are
 * scaled with them, by the size of those that were sampled.
 * @throws ProfilerError `profiler.data_invalid`.
 */
export function readHeapProfile(json: unknown): CallTree {
  const parsed = heapProfileSchema.safeParse(json);
  if (!parsed.success) throw schemaError("a sampling heap profile", parsed.error);
  const { head, samples = [] } = parsed.data;
  const nodes: CallNode[] = [];
  const indexOf = new Map<number, number>();
  const open: { readonly value: unknown; readonly parent: number; readonly depth: number }[] = [
    { value: head, parent: -1, depth: 0 },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const node = heapNodeSchema.safeParse(next.value);
    if (!node.success) throw schemaError("node of a sampling heap profile", node.error);
    const { callFrame, selfSize, children } = node.data;
    checkDepth(next.depth);
    if (nodes.length >= profilerLimits.profileNodes.value) {
      throw invalid(`it has more than ${profilerLimits.profileNodes.value} nodes`);
    }
    if (indexOf.has(node.data.id)) throw invalid(`two of its nodes have the id ${node.data.id}`);
    indexOf.set(node.data.id, nodes.length);
    const parent = nodes.length;
    nodes.push({ ...frameOf(callFrame), parent: next.parent, count: 0, amount: selfSize });
    for (const child of children) open.push({ value: child, parent, depth: next.depth + 1 });
  }
  countObjects(nodes, indexOf, samples);
  return { kind: "heap", nodes, samples: samples.length, durationUs: 0, idleUs: 0 };
}

function countObjects(
  nodes: readonly CallNode[],
  indexOf: ReadonlyMap<number, number>,
  samples: readonly { readonly size: number; readonly nodeId: number }[],
): void {
  const sampledBytes = new Float64Array(nodes.length);
  for (const { size, nodeId } of samples) {
    const index = indexOf.get(nodeId);
    // V8 drops nodes whose objects have all been collected, before their samples.
    const node = index === undefined ? undefined : nodes[index];
    if (index === undefined || node === undefined) continue;
    node.count += 1;
    sampledBytes[index] = (sampledBytes[index] ?? 0) + size;
  }
  for (const [index, node] of nodes.entries()) {
    const bytes = sampledBytes[index] ?? 0;
    if (bytes > 0) node.count = Math.max(1, Math.round((node.count * node.amount) / bytes));
  }
}
