// What the demo needs from whoever runs it: a way to speak to the server, and a way to show.

/** Speaks to the control plane in the demo's namespace. */
export interface DemoControl {
  call<Answer>(
    method: string,
    path: string,
    call?: { readonly body?: unknown; readonly timeoutMs?: number },
  ): Promise<Answer>;
  /** Server-sent events until the signal aborts. */
  events(
    path: string,
    call: { readonly signal: AbortSignal },
  ): AsyncIterable<{ readonly event: string; readonly data: unknown }>;
}

/** One line of the demo's story. */
export interface DemoLine {
  readonly kind: "started" | "cue" | "noticed" | "acted" | "recovered" | "missed" | "done";
  readonly text: string;
  /** Seconds since the demo began. */
  readonly atSeconds: number;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Where the demo stands, for a line that is drawn over and over. */
export interface DemoProgress {
  readonly atSeconds: number;
  readonly totalSeconds: number;
  readonly assigned: number;
  readonly correct: number;
}

/** Shows what happens. */
export interface DemoView {
  line(line: DemoLine): void;
  progress(progress: DemoProgress): void;
}
