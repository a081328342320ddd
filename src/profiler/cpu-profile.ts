// Reads V8's .cpuprofile (Profiler.Profile of the Chrome DevTools Protocol,
// https://chromedevtools.github.io/devtools-protocol/v8/Profiler/#type-Profile). What comes from
// an agent may be anything: every field is checked, and no size is trusted.

import { z } from "zod";

import type { CallNode, CallTree } from "./call-tree.ts";
import { ProfilerError } from "./errors.ts";
import { profilerLimits } from "./limits.ts";

const MAX_TEXT = 4096;
const id = z.number().int().nonnegative();

/** Where a function is; lines and columns count from 0, -1 means unknown. */
export const callFrameSchema = z.object({
  functionName: z.string().max(MAX_TEXT),
  url: z.string().max(MAX_TEXT),
  lineNumber: z.number().int().min(-1),
});

/**
 * A list that is checked by hand, its length first. A schema for each element takes seconds for
 * millions of them, and keeps what is wrong with each: a few kilobytes sent would fill the memory.
 */
export function listOf<Item>(
  what: string,
  most: number,
  isItem: (value: unknown) => value is Item,
): z.ZodType<readonly Item[]> {
  return z.custom<readonly Item[]>(
    (value) => Array.isArray(value) && value.length <= most && value.every(isItem),
    `is no list of at most ${most} ${what}`,
  );
}

const nodesMax = profilerLimits.profileNodes.value;
const samplesMax = profilerLimits.profileSamples.value;

const cpuProfileSchema = z.object({
  nodes: listOf("nodes", nodesMax, isObject),
  startTime: z.number(),
  endTime: z.number(),
  samples: listOf("numbers", samplesMax, isFinite),
  timeDeltas: listOf("numbers", samplesMax, isFinite),
});

type CpuProfile = z.output<typeof cpuProfileSchema>;

const cpuNodeSchema = z.object({
  id,
  callFrame: callFrameSchema,
  children: listOf("ids", nodesMax, isFinite).default([]),
});

type CpuNode = z.output<typeof cpuNodeSchema>;

/** What V8 calls time in which nothing ran: it is no use of the CPU. */
const IDLE = "(idle)";

/**
 * Reads a .cpuprofile. A sample stands for the time until the next one, the last for the rest, as
 * in DevTools and speedscope; the time before the first is nobody's.
 * @throws ProfilerError `profiler.data_invalid`.
 */
export function readCpuProfile(json: unknown): CallTree {
  const parsed = cpuProfileSchema.safeParse(json);
  if (!parsed.success) throw schemaError("a .cpuprofile", parsed.error);
  const profile = parsed.data;
  const { samples, timeDeltas } = profile;
  if (samples.length !== timeDeltas.length) {
    throw invalid(`it has ${samples.length} samples and ${timeDeltas.length} time deltas`);
  }
  const { nodes, indexOf } = callersFirst(checkedNodes(profile.nodes));
  const durationUs = shareOut(profile, (at, elapsedUs) => {
    const sample = samples[at] ?? -1;
    const node = nodes[indexOf.get(sample) ?? -1];
    if (node === undefined) throw invalid(`sample ${at} is of node ${sample}, which is not there`);
    node.count += 1;
    node.amount += elapsedUs;
  });
  let idleUs = 0;
  for (const node of nodes) {
    if (node.name !== IDLE) continue;
    idleUs += node.amount;
    Object.assign(node, { count: 0, amount: 0 });
  }
  return { kind: "cpu", nodes, counts: "samples", samples: samples.length, durationUs, idleUs };
}

/**
 * Gives each sample its microseconds.
 * @returns microseconds from start to end, or to the last sample of a writer whose end is earlier.
 */
function shareOut(
  { startTime, endTime, timeDeltas }: CpuProfile,
  give: (at: number, elapsedUs: number) => void,
): number {
  const endUs = Math.max(0, endTime - startTime);
  const [firstUs = 0] = timeDeltas;
  let readUs = firstUs;
  let atUs = Math.max(0, firstUs);
  for (let at = 0; at < timeDeltas.length; at++) {
    readUs += timeDeltas[at + 1] ?? 0;
    // V8's clock may step back a little between two samples.
    const nextUs = Math.max(atUs, at === timeDeltas.length - 1 ? endUs : readUs);
    give(at, nextUs - atUs);
    atUs = nextUs;
  }
  return Math.max(endUs, atUs);
}

/** One by one, so that the first that is wrong is the last that is looked at. */
function checkedNodes(given: readonly object[]): CpuNode[] {
  let children = 0;
  return given.map((value, at) => {
    const node = cpuNodeSchema.safeParse(value);
    if (!node.success) throw schemaError(`a .cpuprofile at node ${at}`, node.error);
    children += node.data.children.length;
    if (children > nodesMax) throw invalid(`its nodes call more than ${nodesMax} others`);
    return node.data;
  });
}

/** The nodes as a tree, each after its caller; iterative, because depth is not to be trusted. */
function callersFirst(given: readonly CpuNode[]): {
  nodes: CallNode[];
  indexOf: Map<number, number>;
} {
  const byId = new Map(given.map((node) => [node.id, node]));
  if (byId.size !== given.length) throw invalid("two of its nodes have one id");
  const called = new Set(given.flatMap((node) => node.children));
  const roots = given.filter((node) => !called.has(node.id));
  const [root] = roots;
  if (root === undefined || roots.length > 1)
    throw invalid(`it has ${roots.length} roots, not one`);
  const nodes: CallNode[] = [];
  const indexOf = new Map<number, number>();
  const open = [{ id: root.id, parent: -1, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const node = byId.get(next.id);
    if (node === undefined) throw invalid(`node ${next.id} is called but not there`);
    if (indexOf.has(node.id)) throw invalid(`node ${node.id} is called from two places`);
    checkDepth(next.depth);
    indexOf.set(node.id, nodes.length);
    const parent = nodes.length;
    nodes.push({ ...frameOf(node.callFrame), parent: next.parent, count: 0, amount: 0 });
    for (const child of node.children) {
      open.push({ id: child, parent, depth: next.depth + 1 });
    }
  }
  if (nodes.length < given.length) throw invalid("some of its nodes call each other in a circle");
  return { nodes, indexOf };
}

/** A frame as people read it. */
export function frameOf(
  frame: z.output<typeof callFrameSchema>,
): Pick<CallNode, "name" | "file" | "line"> {
  return {
    name: frame.functionName === "" ? "(anonymous)" : frame.functionName,
    file: frame.url === "" ? null : fileOf(frame.url),
    line: frame.url === "" || frame.lineNumber < 0 ? null : frame.lineNumber + 1,
  };
}

/** @throws ProfilerError `profiler.data_invalid`. */
export function checkDepth(depth: number): void {
  const most = profilerLimits.profileDepth.value;
  if (depth > most) throw invalid(`its calls are nested deeper than ${most}`);
}

/** What is wrong with a profile, as an error. */
export function invalid(problem: string): ProfilerError {
  return new ProfilerError("profiler.data_invalid", `The profile cannot be used: ${problem}`);
}

/** The first thing that does not fit, by name. */
export function schemaError(what: string, error: z.ZodError): ProfilerError {
  const [issue] = error.issues;
  const place = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  return invalid(`it is no ${what.replace(/^an? /, "")}${place}: ${issue?.message ?? "unknown"}`);
}

/** JSON has numbers such as 1e999, which are read as Infinity. */
function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function fileOf(url: string): string {
  if (!url.startsWith("file://")) return url;
  try {
    return decodeURI(new URL(url).pathname);
  } catch {
    return url;
  }
}
