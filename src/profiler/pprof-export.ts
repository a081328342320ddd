// A profile as pprof reads it: gzipped protocol buffer of
// https://github.com/google/pprof/blob/main/proto/profile.proto. In a sample the first location is
// the leaf; the first string is empty; ids begin at 1.

import { promisify } from "node:util";
import { gzip } from "node:zlib";

import { Profile, StringTable } from "pprof-format";
import type { FunctionInput, LocationInput, SampleInput, ValueTypeInput } from "pprof-format";

import type { CallTree } from "./call-tree.ts";

const compress = promisify(gzip);

/** When the profile was taken, which V8's data does not tell. */
export interface PprofTimes {
  /** Milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
}

/**
 * Encodes a profile for pprof. CPU: samples/count and cpu/nanoseconds; heap: inuse_space/bytes after
 * inuse_objects/count, or samples/count where V8 does not tell objects. The lines are those on which
 * the functions begin.
 */
export async function encodePprof(tree: CallTree, times: PprofTimes): Promise<Uint8Array> {
  const strings = new StringTable();
  const valueType = (type: string, unit: string): ValueTypeInput => ({
    type: strings.dedup(type),
    unit: strings.dedup(unit),
  });
  const isCpu = tree.kind === "cpu";
  const amountType = isCpu ? valueType("cpu", "nanoseconds") : valueType("inuse_space", "bytes");
  const countOf = tree.counts === "objects" ? "inuse_objects" : "samples";
  const sampleType = [valueType(countOf, "count"), amountType];
  const { sample, location, functions } = stacks(tree, strings);
  const profile = new Profile({
    sampleType,
    sample,
    location,
    function: functions,
    stringTable: strings,
    timeNanos: BigInt(Math.round(times.startedAtMs)) * 1_000_000n,
    durationNanos: BigInt(Math.round(tree.durationUs)) * 1000n,
    periodType: amountType,
    period: isCpu ? samplingPeriodNs(tree) : 0,
    defaultSampleType: amountType.type ?? 0,
  });
  return compress(await profile.encodeAsync());
}

/** One sample for each frame that used something, with its callers up to the root. */
function stacks(
  { nodes, kind }: CallTree,
  strings: StringTable,
): { sample: SampleInput[]; location: LocationInput[]; functions: FunctionInput[] } {
  const location: LocationInput[] = [];
  const functions: FunctionInput[] = [];
  const ids = new Map<string, number>();
  const locationOf = nodes.map(({ name, file, line }) => {
    const key = JSON.stringify([name, file, line]);
    let id = ids.get(key);
    if (id !== undefined) return id;
    id = functions.length + 1;
    ids.set(key, id);
    const nameAt = strings.dedup(name);
    const filename = strings.dedup(file ?? "");
    functions.push({ id, name: nameAt, systemName: nameAt, filename, startLine: line ?? 0 });
    location.push({ id, line: [{ functionId: id, line: line ?? 0 }] });
    return id;
  });
  const sample: SampleInput[] = [];
  for (const [index, node] of nodes.entries()) {
    if (node.count === 0 && node.amount === 0) continue;
    const locationId: number[] = [];
    // The root is no frame: pprof has one of its own.
    for (let at = index; at > 0; at = nodes[at]?.parent ?? 0) locationId.push(locationOf[at] ?? 0);
    const amount = kind === "cpu" ? node.amount * 1000 : node.amount;
    sample.push({ locationId, value: [node.count, Math.round(amount)] });
  }
  return { sample, location, functions };
}

function samplingPeriodNs({ durationUs, samples }: CallTree): number {
  return samples === 0 ? 0 : Math.round((durationUs * 1000) / samples);
}
