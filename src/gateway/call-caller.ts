// The caller's end of one call: a connection, or code that called routeRequest(). The pipeline
// knows no other difference between the two.

import type { Readable } from "node:stream";

/** Takes an answer, piece by piece. */
export interface AnswerSink {
  /** @param headers names and values in turn. */
  begin(status: number, reason: string, headers: string[]): void;
  /** False when it has enough for now: the call's `drained()` follows. */
  write(chunk: Uint8Array): boolean;
  end(): void;
}

/** Who called, and takes the answer. */
export interface Caller extends AnswerSink {
  readonly method: string;
  /** As on the request line. */
  readonly target: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly address: string;
  readonly protocol: "http" | "https";
  /** Reads a body of a known, small length. */
  collect(done: (body: Buffer) => void): void;
  /** The body as it comes; `onBytes` is told of each piece. */
  stream(onBytes: (count: number) => void): Readable;
  /** An answer ahead of the answer, such as 103. */
  inform(status: number, headers: readonly string[]): void;
  /** Ends an answer that has begun so that nobody takes it for whole. */
  breakOff(): void;
}

/** What a caller tells the call it made. */
export interface CallerEvents {
  /** It takes more of the answer. */
  drained(): void;
  /** It went away before the answer's end. */
  callerGone(): void;
}
