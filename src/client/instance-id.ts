// An instance's id says where its process runs, so that whoever finds its name taken can see whether
// that process still lives: `<host>:<pid>:<16 random hex digits>`. Both SDKs write and read it.

import { randomHex } from "./trace.ts";

/** A process by machine and number. */
export interface ProcessAddress {
  readonly host: string;
  readonly pid: number;
}

/** A new id for this process; unique per start. */
export function instanceId(process: {
  readonly host: string | undefined;
  readonly pid: number | undefined;
}): string {
  const { host, pid } = process;
  const unique = randomHex(8);
  return host === undefined || pid === undefined ? unique : `${host.slice(0, 64)}:${pid}:${unique}`;
}

/** The process an id names; undefined when it names none. */
export function parseInstanceId(id: unknown): ProcessAddress | undefined {
  const match = typeof id === "string" ? /^(.+):(\d+):[0-9a-f]{16}$/.exec(id) : null;
  return match === null ? undefined : { host: match[1] ?? "", pid: Number(match[2]) };
}
