// Reads V8's sampling heap profile (HeapProfiler.SamplingHeapProfile of the Chrome DevTools
// Protocol, https://chromedevtools.github.io/devtools-protocol/v8/HeapProfiler/): memory that was
// allocated while it ran and is still in use.
//
// V8 scales the bytes of each sample up to what was really allocated, and does not say to how many
// objects: a million small ones are a thousand samples. Other writers count all objects; theirs add
// a `count` to each sample, and only then objects can be told.

import { z } from "zod";

import type { CallNode, CallTree } from "./call-tree.ts";
import {
  callFrameSchema,
  checkDepth,
  frameOf,
  invalid,
  listOf,
  schemaError,
} from "./cpu-profile.ts";
import { profilerLimits } from "./limits.ts";

const nodesMax = profilerLimits.profileNodes.value;

/** Children are checked one by one: a schema that calls itself would follow any depth. */
const heapNodeSchema = z.object({
  callFrame: callFrameSchema,
  selfSize: z.number().nonnegative(),
  id: z.number().int().nonnegative(),
  children: listOf("nodes", nodesMax, (value): value is unknown => value !== undefined),
});

const heapProfileSchema = z.object({
  head: z.unknown(),
  samples: listOf("samples", profilerLimits.profileSamples.value, isHeapSample).default([]),
});

interface HeapSample {
  readonly nodeId: number;
  /** Objects that the sample stands for. */
  readonly count?: number;
}

/**
 * Reads a sampling heap profile: bytes still in use, with objects where every sample counts them.
 * @throws ProfilerError `profiler.data_invalid`.
 */
export function readHeapProfile(json: unknown): CallTree {
  const parsed = heapProfileSchema.safeParse(json);
  if (!parsed.success) throw schemaError("a sampling heap profile", parsed.error);
  const { head, samples } = parsed.data;
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
    if (nodes.length + open.length + children.length >= nodesMax) {
      throw invalid(`it has more than ${nodesMax} nodes`);
    }
    if (indexOf.has(node.data.id)) throw invalid(`two of its nodes have the id ${node.data.id}`);
    indexOf.set(node.data.id, nodes.length);
    const parent = nodes.length;
    nodes.push({ ...frameOf(callFrame), parent: next.parent, count: 0, amount: selfSize });
    for (const child of children) open.push({ value: child, parent, depth: next.depth + 1 });
  }
  const isCounted = samples.length > 0 && samples.every(({ count }) => count !== undefined);
  const counts = isCounted ? "objects" : "samples";
  for (const { nodeId, count = 1 } of samples) {
    const node = nodes[indexOf.get(nodeId) ?? -1];
    // V8 drops nodes whose objects have all been collected, before their samples.
    if (node !== undefined) node.count += isCounted ? count : 1;
  }
  return { kind: "heap", nodes, counts, samples: samples.length, durationUs: 0, idleUs: 0 };
}

function isHeapSample(value: unknown): value is HeapSample {
  if (typeof value !== "object" || value === null || !("nodeId" in value)) return false;
  const { nodeId } = value;
  if (!Number.isSafeInteger(nodeId)) return false;
  const count = "count" in value ? value.count : undefined;
  return count === undefined || (Number.isSafeInteger(count) && Number(count) >= 0);
}
