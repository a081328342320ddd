// What is done with a profile's bytes: check them when they come, turn them into what is asked for.
// A port, so that a server may do it on another thread; here, in this process.

import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";

import type { CallTree } from "./call-tree.ts";
import { readCpuProfile } from "./cpu-profile.ts";
import { ProfilerError } from "./errors.ts";
import { flameTree } from "./flame-tree.ts";
import type { FlameTree } from "./flame-tree.ts";
import { encodeFolded } from "./folded-stacks.ts";
import { readHeapProfile } from "./heap-profile.ts";
import { profilerLimits } from "./limits.ts";
import type { ProfileKind } from "./model.ts";
import { encodePprof } from "./pprof-export.ts";
import type { PprofTimes } from "./pprof-export.ts";

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** How a profile's data is written. */
export const ProfileFormat = {
  /** JSON of V8's inspector: Chrome's DevTools, VS Code and speedscope open it. */
  CpuProfile: "cpuprofile",
  /** Gzipped protocol buffer: `go tool pprof`, Pyroscope and others open it. */
  Pprof: "pprof",
  /** Lines of text for flame graphs. */
  Folded: "folded",
} as const;
export type ProfileFormat = (typeof ProfileFormat)[keyof typeof ProfileFormat];

/** A profile that was checked. */
export interface CheckedProfile {
  /** What is stored: gzipped JSON. */
  readonly data: Uint8Array;
  readonly samples: number;
}

/** The work on profiles' bytes. */
export interface ProfileConversion {
  /**
   * Checks what was delivered: JSON, gzipped or not.
   * @throws ProfilerError `profiler.data_invalid`, `profiler.data_too_large`.
   */
  check(kind: ProfileKind, delivered: Uint8Array): Promise<CheckedProfile>;
  /** @param stored as {@link check} gave it. */
  convert(
    kind: ProfileKind,
    stored: Uint8Array,
    format: ProfileFormat,
    times: PprofTimes,
  ): Promise<Uint8Array>;
  tree(kind: ProfileKind, stored: Uint8Array): Promise<FlameTree>;
}

/** Conversion on the thread that asks. */
export const inlineConversion: ProfileConversion = {
  async check(kind, delivered) {
    const json = await inflate(delivered);
    const { samples } = readProfile(kind, json);
    const isCompressed = json !== delivered;
    return { data: isCompressed ? delivered : await compress(json), samples };
  },
  async convert(kind, stored, format, times) {
    const json = await inflate(stored);
    if (format === "cpuprofile") return json;
    const tree = readProfile(kind, json);
    return format === "pprof" ? encodePprof(tree, times) : Buffer.from(encodeFolded(tree));
  },
  async tree(kind, stored) {
    return flameTree(readProfile(kind, await inflate(stored)));
  },
};

/**
 * Reads a profile's JSON.
 * @throws ProfilerError `profiler.data_invalid`.
 */
export function readProfile(kind: ProfileKind, json: Uint8Array): CallTree {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `The profile cannot be used: it is no JSON (${reason.slice(0, 200)})`;
    throw new ProfilerError("profiler.data_invalid", message, { cause: error });
  }
  return kind === "cpu" ? readCpuProfile(value) : readHeapProfile(value);
}

/** Bytes that are gzipped, by their first two, inflated up to the limit; others as they are. */
async function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  const most = profilerLimits.profileUploadBytes.value;
  if (bytes.length > most) throw tooLarge();
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await decompress(bytes, { maxOutputLength: most });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE") {
      throw tooLarge(error);
    }
    const message = "The profile cannot be used: its gzip data is damaged";
    throw new ProfilerError("profiler.data_invalid", message, { cause: error });
  }
}

function tooLarge(cause?: unknown): ProfilerError {
  const megabytes = profilerLimits.profileUploadBytes.value / 1_048_576;
  const message = `The profile is larger than ${megabytes} MiB`;
  return new ProfilerError("profiler.data_too_large", message, { cause });
}
