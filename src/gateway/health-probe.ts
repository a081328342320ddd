// One real HTTP request to see whether an endpoint is well, on a connection of its own, so that a
// service that no longer accepts any is found out.

import { Agent, request } from "undici";

import { formatDuration } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { gatewayLimits } from "./limits.ts";
import { describeUpstreamError } from "./upstream-error.ts";

/** What a health check found. */
export interface ProbeResult {
  readonly ok: boolean;
  /** In words: "answered 200", "connection refused", "no answer in 5 s". */
  readonly reason: string;
  /** Until the answer began; null when there was none. */
  readonly durationMs: number | null;
}

/** Which answers count as well. */
export type ProbeMeaning =
  /** 200 to 399, as Kubernetes' probes count them. */
  | "status"
  /** Any answer at all: for endpoints that have no health check of their own. */
  | "any";

/** Asks endpoints whether they are well. */
export class HealthProbe {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  // Without keep-alive: an old connection would say nothing of new ones.
  readonly #agent: Agent;

  /** @param timeoutMs how long an endpoint may take to answer. */
  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#agent = new Agent({ pipelining: 0, connect: { timeout: 0 }, maxHeaderSize: 65_536 });
  }

  /**
   * Never throws: what goes wrong is the finding.
   * @param signal ends it early, as not well.
   */
  async ask(url: string, meaning: ProbeMeaning, signal?: AbortSignal): Promise<ProbeResult> {
    const deadline = new AbortController();
    const startMs = this.#clock.monotonic();
    using _timer = this.#clock.after(this.#timeoutMs, () => deadline.abort());
    const signals = signal === undefined ? [deadline.signal] : [deadline.signal, signal];
    try {
      const answer = await request(url, {
        dispatcher: this.#agent,
        signal: AbortSignal.any(signals),
        // The deadline above is the only one, whatever clock it follows.
        headersTimeout: 0,
        bodyTimeout: 0,
        headers: { "user-agent": "agent-cellphone-health-check", accept: "*/*" },
      });
      const durationMs = this.#clock.monotonic() - startMs;
      // Answered is answered: a body without end only costs the connection.
      await answer.body.dump({ limit: gatewayLimits.checkBodyBytes.value }).catch(() => undefined);
      const { statusCode } = answer;
      const ok = meaning === "any" || (statusCode >= 200 && statusCode < 400);
      return { ok, reason: `answered ${statusCode}`, durationMs };
    } catch (error) {
      return { ok: false, reason: this.#reason(error, deadline.signal), durationMs: null };
    }
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #reason(error: unknown, deadline: AbortSignal): string {
    if (!deadline.aborted) return describeUpstreamError(error).words;
    const timeoutMs = this.#timeoutMs;
    return `no answer in ${timeoutMs < 1000 ? `${timeoutMs} ms` : formatDuration(timeoutMs)}`;
  }
}
