// The export format of profiling: one JSON document, written piece by piece, so that days of
// spans never sit in memory.
//
//     { exportedAt, format, version, namespace, summary, metrics, system, spans: [newest first] }

import { WholeFileError, writeWholeFile } from "../files/index.ts";

import { ProfilerError } from "./errors.ts";
import { profilerLimits } from "./limits.ts";
import type { ProfilingMetric, ProfilingSummary, SpanRecord } from "./model.ts";
import type { ProfileStore } from "./store.ts";
import type { ProbeReading } from "./system-probe.ts";

/** What every export begins with. */
export interface ProfilingExportHeader {
  /** ISO 8601, UTC. */
  readonly exportedAt: string;
  readonly format: "agent-cellphone/profiling";
  readonly version: 1;
  readonly namespace: string;
  readonly summary: ProfilingSummary;
  /** Custom metrics in memory, in order of recording. */
  readonly metrics: readonly ProfilingMetric[];
  /** Host, network and process at the time of the export. */
  readonly system: ProbeReading;
}

/** A whole export in memory. */
export interface ProfilingExport extends ProfilingExportHeader {
  readonly spans: readonly SpanRecord[];
}

/** What was written to a file. */
export interface WrittenProfilingExport extends ProfilingExportHeader {
  readonly path: string;
  readonly bytes: number;
  readonly spans: number;
}

/** Where an export comes from. */
export interface ProfilingExportSource {
  readonly header: ProfilingExportHeader;
  readonly spans: AsyncIterable<SpanRecord> | Iterable<SpanRecord>;
}

const CHUNK_CHARACTERS = 65_536;

/** The export as pieces of JSON text, about 64 kB each. */
export async function* exportText(
  { header, spans }: ProfilingExportSource,
  counts: { spans: number } = { spans: 0 },
): AsyncGenerator<string> {
  // The header's object is reopened: its closing brace gives way to the list.
  let chunk = `${JSON.stringify(header).slice(0, -1)},\n"spans":[`;
  for await (const span of spans) {
    chunk += `${counts.spans++ === 0 ? "\n" : ",\n"}${JSON.stringify(span)}`;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = "";
  }
  yield `${chunk}\n]}\n`;
}

/**
 * Writes an export to `path`, whole or not at all.
 * @throws ProfilerError `profiler.export_failed`.
 */
export async function writeExport(
  source: ProfilingExportSource,
  path: string,
): Promise<WrittenProfilingExport> {
  const counts = { spans: 0 };
  try {
    const bytes = await writeWholeFile(path, exportText(source, counts));
    return { ...source.header, path, bytes, spans: counts.spans };
  } catch (cause) {
    if (!(cause instanceof WholeFileError)) throw cause;
    throw new ProfilerError("profiler.export_failed", cause.message, { cause });
  }
}

/** Every stored span, newest first, read page by page. */
export async function* storedSpans(
  store: ProfileStore,
  namespace: string,
  pageSize: number = profilerLimits.queryLimit.value,
): AsyncGenerator<SpanRecord> {
  let after: string | undefined;
  do {
    const page = await store.spanPage(namespace, { limit: pageSize }, after);
    yield* page.spans;
    after = page.next ?? undefined;
  } while (after !== undefined);
}
