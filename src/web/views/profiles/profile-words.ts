// Profiles as people read them.

import { formatBytes, formatSeconds } from "../../model/format.ts";
import type { ProfileRecord } from "../../model/wire.ts";

/** A value of a profile in its unit: microseconds of CPU, or bytes in use. */
export function profileValue(value: number, unit: string): string {
  return unit === "bytes" ? formatBytes(value) : formatSeconds(value / 1e6);
}

/** "server.js:41", without the folders that every file shares; empty for the engine's own. */
export function functionPlace(node: {
  readonly file: string | null;
  readonly line: number | null;
}): string {
  if (node.file === null || node.file === "") return "";
  const file = node.file.replace(/^file:\/\//u, "");
  return node.line === null ? file : `${file}:${node.line}`;
}

/** "CPU, 10 s", "heap, 30 s". */
export function profileTitle(profile: Pick<ProfileRecord, "kind" | "seconds">): string {
  return `${profile.kind === "cpu" ? "CPU" : "heap"}, ${profile.seconds} s`;
}

/** Whether it may still come. */
export function isPending(profile: Pick<ProfileRecord, "state">): boolean {
  return profile.state === "requested" || profile.state === "running";
}
