// The last lines a program printed, on their way to the server: bounded, because a program may
// print faster than anybody reads, and the server may be away.

import { StringDecoder } from "node:string_decoder";

/** One line as the server takes it. */
export interface LogLine {
  readonly atMs: number;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** Lines kept while they wait; the newest matter, so the oldest go first. */
const PENDING_LINES_MAX = 500;
/** Characters of one line; a longer one is a data dump that nobody reads in a log. */
const LINE_LENGTH_MAX = 2000;

/** Collects lines from two streams and hands them out in batches. */
export class LogTail {
  readonly #now: () => number;
  readonly #decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };
  readonly #partial = { stdout: "", stderr: "" };
  #lines: LogLine[] = [];
  #dropped = 0;

  constructor(now: () => number = () => Date.now()) {
    this.#now = now;
  }

  /** True when there is something to take. */
  get pending(): boolean {
    return this.#lines.length > 0;
  }

  /** Adds bytes as they came; a line is complete at its newline or at {@link end}. */
  add(stream: LogLine["stream"], chunk: Uint8Array): void {
    const text = this.#partial[stream] + this.#decoders[stream].write(Buffer.from(chunk));
    const lines = text.split(/\r?\n/);
    this.#partial[stream] = (lines.pop() ?? "").slice(0, LINE_LENGTH_MAX + 1);
    for (const line of lines) this.#push(stream, line);
  }

  /** Completes lines that ended without a newline. */
  end(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      const rest = this.#partial[stream] + this.#decoders[stream].end();
      this.#partial[stream] = "";
      if (rest !== "") this.#push(stream, rest);
    }
  }

  /** Takes up to `most` lines, oldest first, led by a word about lines that had to go. */
  take(most: number): LogLine[] {
    const lines = this.#lines.splice(0, most);
    const [first] = lines;
    if (this.#dropped === 0 || first === undefined) return lines;
    const text = `… ${this.#dropped} lines left out`;
    this.#dropped = 0;
    return [{ atMs: first.atMs, stream: "stderr", text }, ...lines];
  }

  /** Puts lines back that could not be sent. */
  putBack(lines: readonly LogLine[]): void {
    this.#lines = [...lines, ...this.#lines];
    this.#trim();
  }

  #push(stream: LogLine["stream"], line: string): void {
    const text = line.length > LINE_LENGTH_MAX ? `${line.slice(0, LINE_LENGTH_MAX)}…` : line;
    this.#lines.push({ atMs: this.#now(), stream, text });
    this.#trim();
  }

  #trim(): void {
    const excess = this.#lines.length - PENDING_LINES_MAX;
    if (excess <= 0) return;
    this.#lines.splice(0, excess);
    this.#dropped += excess;
  }
}
