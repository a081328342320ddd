// The last lines an agent's process printed, for the page that asks "what was it doing". Kept in
// memory only: whoever wants all of a log keeps it where the process runs.

import { serverLimits } from "./limits.ts";

/** One line of output. */
export interface LogLine {
  readonly atMs: number;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

interface Tail {
  lines: LogLine[];
  bytes: number;
}

/**
 * A bounded tail of lines per agent; the oldest lines go first.
 *
 * @example
 * const logs = new AgentLogs();
 * logs.append("worker-1", [{ atMs: 0, stream: "stdout", text: "ready" }]);
 * console.assert(logs.lines("worker-1", 10)[0]?.text === "ready");
 */
export class AgentLogs {
  readonly #tails = new Map<string, Tail>();
  readonly #linesMax: number;
  readonly #bytesMax: number;
  readonly #agentsMax: number;

  constructor(
    limits: { readonly lines?: number; readonly bytes?: number; readonly agents?: number } = {},
  ) {
    this.#linesMax = limits.lines ?? serverLimits.agentLogLines.value;
    this.#bytesMax = limits.bytes ?? serverLimits.agentLogBytes.value;
    this.#agentsMax = limits.agents ?? serverLimits.agentLogAgents.value;
  }

  /** Adds lines in order; a line longer than the whole buffer keeps its end. */
  append(agentId: string, lines: readonly LogLine[]): void {
    const tail = this.#tails.get(agentId) ?? { lines: [], bytes: 0 };
    this.#tails.delete(agentId); // put back last: the map's order is by last use
    this.#tails.set(agentId, tail);
    for (const line of lines) {
      const kept = this.#shorten(line);
      tail.lines.push(kept);
      tail.bytes += byteCount(kept);
    }
    this.#trim(tail);
    if (this.#tails.size > this.#agentsMax) {
      const [quietest] = this.#tails.keys();
      if (quietest !== undefined) this.#tails.delete(quietest);
    }
  }

  /** The newest `limit` lines, oldest of them first. */
  lines(agentId: string, limit: number): readonly LogLine[] {
    return this.#tails.get(agentId)?.lines.slice(-limit) ?? [];
  }

  /** Drops an agent's lines. */
  forget(agentId: string): void {
    this.#tails.delete(agentId);
  }

  #shorten(line: LogLine): LogLine {
    if (byteCount(line) <= this.#bytesMax) return line;
    const bytes = Buffer.from(line.text);
    let start = bytes.length - this.#bytesMax;
    // A UTF-8 character's later bytes are 10xxxxxx; begin at a whole one.
    while (((bytes[start] ?? 0) & 0b1100_0000) === 0b1000_0000) start += 1;
    return { ...line, text: bytes.subarray(start).toString("utf8") };
  }

  #trim(tail: Tail): void {
    let drop = Math.max(0, tail.lines.length - this.#linesMax);
    let bytes = tail.bytes;
    for (const line of tail.lines.slice(0, drop)) bytes -= byteCount(line);
    while (bytes > this.#bytesMax && drop < tail.lines.length) {
      const oldest = tail.lines[drop];
      if (oldest !== undefined) bytes -= byteCount(oldest);
      drop += 1;
    }
    if (drop > 0) tail.lines = tail.lines.slice(drop);
    tail.bytes = bytes;
  }
}

function byteCount(line: LogLine): number {
  return Buffer.byteLength(line.text);
}
