// The export format of metrics: one JSON document, written piece by piece, so that a month of
// samples never sits in memory.
//
//     { exportedAt, format, version, namespace, range, samples: [newest first], snapshots: [...] }

import { WholeFileError, writeWholeFile } from "../files/index.ts";

import { TrackerError } from "./errors.ts";
import type { PerformanceSnapshot, Sample, TimeRange } from "./model.ts";

/** What every export begins with. */
export interface MetricsExportHeader {
  /** ISO 8601, UTC. */
  readonly exportedAt: string;
  readonly format: "agent-cellphone/metrics";
  readonly version: 1;
  readonly namespace: string;
  readonly range: TimeRange;
}

/** A whole export in memory. */
export interface MetricsExport extends MetricsExportHeader {
  readonly samples: readonly Sample[];
  readonly snapshots: readonly PerformanceSnapshot[];
}

/** What was written to a file. */
export interface WrittenMetricsExport extends MetricsExportHeader {
  readonly path: string;
  readonly bytes: number;
  readonly samples: number;
  readonly snapshots: number;
}

/** Where an export comes from. */
export interface MetricsExportSource {
  readonly header: MetricsExportHeader;
  readonly samples: AsyncIterable<Sample>;
  readonly snapshots: readonly PerformanceSnapshot[];
}

const CHUNK_CHARACTERS = 65_536;

/** The export as pieces of JSON text, about 64 kB each. */
export async function* exportText(
  source: MetricsExportSource,
  counts: { samples: number } = { samples: 0 },
): AsyncGenerator<string> {
  // The header's object is reopened: its closing brace gives way to the two lists.
  let chunk = `${JSON.stringify(source.header).slice(0, -1)},\n"samples":[`;
  for await (const sample of source.samples) {
    chunk += `${counts.samples++ === 0 ? "\n" : ",\n"}${JSON.stringify(sample)}`;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = "";
  }
  chunk += '\n],\n"snapshots":[';
  for (const [index, snapshot] of source.snapshots.entries()) {
    chunk += `${index === 0 ? "\n" : ",\n"}${JSON.stringify(snapshot)}`;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = "";
  }
  yield `${chunk}\n]}\n`;
}

/**
 * Writes an export to `path`, whole or not at all.
 * @throws TrackerError `tracker.export_failed`.
 */
export async function writeExport(
  source: MetricsExportSource,
  path: string,
): Promise<WrittenMetricsExport> {
  const counts = { samples: 0 };
  try {
    const bytes = await writeWholeFile(path, exportText(source, counts));
    const snapshots = source.snapshots.length;
    return { ...source.header, path, bytes, samples: counts.samples, snapshots };
  } catch (cause) {
    if (!(cause instanceof WholeFileError)) throw cause;
    throw new TrackerError("tracker.export_failed", cause.message, { cause });
  }
}
