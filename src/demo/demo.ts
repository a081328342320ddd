// The demo: a small fleet does real work in a namespace of its own, six things go wrong on
// cue, the server notices, and everything recovers. It fails unless all work was done correctly
// and every cue was noticed.

import { setTimeout as sleep } from "node:timers/promises";

import { Crew } from "./crew.ts";
import type { CrewOptions } from "./crew.ts";
import { cues } from "./cues.ts";
import type { Cue, CueStage } from "./cues.ts";
import { FleetWatch } from "./fleet-watch.ts";
import { makeInputFiles } from "./input-files.ts";
import type { DemoControl, DemoLine, DemoView } from "./ports.ts";
import { ServiceYard } from "./service-yard.ts";

/** The namespace the demo lives in; emptied at its start, kept at its end. */
export const DEMO_NAMESPACE = "demo";

/** How to run the demo. */
export interface DemoOptions {
  /** Speaks to the server in {@link DEMO_NAMESPACE}. */
  readonly control: DemoControl;
  readonly view: DemoView;
  /** Length in minutes; at least 0.3. */
  readonly minutes: number;
  readonly cellphone: CrewOptions["cellphone"];
  readonly pythonSdk: string;
  /** Told what agents print on standard error. */
  readonly onOutput: (name: string, text: string) => void;
  readonly signal: AbortSignal;
}

/** How the demo went. */
export interface DemoOutcome {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly jobs: {
    readonly assigned: number;
    readonly correct: number;
    readonly wrong: number;
    readonly failed: number;
  };
  readonly cues: readonly {
    readonly name: string;
    /** Seconds until the server noticed; null when it did not. */
    readonly noticedAfterSeconds: number | null;
    readonly recovered: boolean;
  }[];
  /** True when all work was done correctly and every cue was noticed and recovered from. */
  readonly passed: boolean;
}

const NOTICE_TIMEOUT_MS = 30_000;
const RECOVERY_TIMEOUT_MS = 45_000;
const START_TIMEOUT_MS = 60_000;

/** Runs the demo to its end. @throws when the fleet cannot be started. */
export async function runDemo(options: DemoOptions): Promise<DemoOutcome> {
  await using input = await makeInputFiles();
  const startedAtMs = Date.now();
  const totalSeconds = options.minutes * 60;
  const reviewTimeoutMs = Math.min(15_000, Math.max(5000, totalSeconds * 150));
  const enrolmentUrl = await prepareNamespace(options.control);
  await using yard = new ServiceYard(input.folder, options.onOutput);
  await yard.open(options.control);
  const crew = new Crew({
    enrolmentUrl,
    inputFolder: input.folder,
    jobIntervalMs: 250,
    jobPaceMs: 300,
    reviewTimeoutMs,
    cellphone: options.cellphone,
    pythonSdk: options.pythonSdk,
    onOutput: options.onOutput,
  });
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, options.signal]);
  const watch = new FleetWatch();
  const following = watch.follow(options.control, signal);
  following.catch(() => stop.abort());
  const play = new Play(options, watch, crew, yard, signal, startedAtMs);
  try {
    crew.start();
    await play.waitForFleet();
    const outcomes = await play.cues();
    await play.restOfTime(totalSeconds);
    const jobs = await play.finish();
    await yard.retire(options.control);
    const passed =
      jobs.assigned > 0 &&
      jobs.correct === jobs.assigned &&
      outcomes.every((cue) => cue.noticedAfterSeconds !== null && cue.recovered);
    return { startedAtMs, endedAtMs: Date.now(), jobs, cues: outcomes, passed };
  } finally {
    stop.abort();
    await crew.stop();
    await following.catch(() => undefined);
  }
}

/** Empties the namespace, gives it intervals short enough to watch, and makes an enrolment. */
async function prepareNamespace(control: DemoControl): Promise<string> {
  const { namespaces } = await control.call<{ namespaces: readonly { name: string }[] }>(
    "GET",
    "/api/v1/namespaces",
  );
  const path = `/api/v1/namespaces/${DEMO_NAMESPACE}`;
  if (namespaces.some(({ name }) => name === DEMO_NAMESPACE)) await control.call("DELETE", path);
  const config = {
    communication: { heartbeatInterval: 1, stuckAfter: 3, deadlockAfter: 1.5 },
    gateway: { healthCheckInterval: 1, slowCall: 1, activityWindow: 10 },
    tracker: { snapshotInterval: 5 },
    profiler: { snapshotInterval: 5 },
    dashboard: {
      refreshInterval: 1,
      causeDelay: 0.5,
      ruleFor: 1,
      ruleKeepFiringFor: 1,
      serviceSlow: 1,
      serviceMinimumCalls: 3,
      // The story is about the fleet: waiting for a review is slow on purpose, and a busy machine
      // is not part of it.
      responseTimeWarning: 60,
      cpuWarning: 100,
      cpuCritical: 100,
    },
  };
  await control.call("PUT", path, { body: { config } });
  const enrolment = await control.call<{ url: string }>("POST", "/api/v1/enrolments", {
    body: { expiresIn: "2h", note: "demo" },
  });
  return enrolment.url;
}

/** One performance: the story's steps over a running crew. */
class Play {
  readonly #options: DemoOptions;
  readonly #watch: FleetWatch;
  readonly #crew: Crew;
  readonly #yard: ServiceYard;
  readonly #signal: AbortSignal;
  readonly #startedAtMs: number;

  constructor(
    options: DemoOptions,
    watch: FleetWatch,
    crew: Crew,
    yard: ServiceYard,
    signal: AbortSignal,
    startedAtMs: number,
  ) {
    this.#options = options;
    this.#watch = watch;
    this.#crew = crew;
    this.#yard = yard;
    this.#signal = signal;
    this.#startedAtMs = startedAtMs;
  }

  async waitForFleet(): Promise<void> {
    const isUp = (name: string): boolean => {
      const state = this.#watch.tile(name)?.state;
      return state !== undefined && state !== "down";
    };
    const all = await this.#watch.until(
      () => Crew.names.every(isUp) || this.#crew.ended() !== undefined,
      START_TIMEOUT_MS,
      this.#signal,
    );
    if (all === undefined || !Crew.names.every(isUp)) {
      const missing = Crew.names.filter((name) => !isUp(name)).join(", ");
      throw new Error(`These agents did not come up: ${missing}. ${this.#crew.ended() ?? ""}`);
    }
    this.#say("started", `${Crew.names.length} agents: ${Crew.names.join(", ")}`);
  }

  async cues(): Promise<DemoOutcome["cues"]> {
    const outcomes: DemoOutcome["cues"][number][] = [];
    const gapSeconds = (this.#options.minutes * 60) / (cues.length + 2);
    for (const [index, cue] of cues.entries()) {
      await this.restOfTime(gapSeconds * (index + 0.6));
      if (this.#signal.aborted) break;
      outcomes.push(await this.#playCue(cue));
    }
    return outcomes;
  }

  /** Waits until so many seconds of the demo have passed, showing progress. */
  async restOfTime(untilSeconds: number): Promise<void> {
    while (this.#seconds() < untilSeconds && !this.#signal.aborted) {
      await this.#showProgress();
      const restMs = (untilSeconds - this.#seconds()) * 1000;
      await sleep(Math.max(0, Math.min(1000, restMs)), undefined, { signal: this.#signal }).catch(
        () => undefined,
      );
    }
  }

  /** Lets the coordinator finish what is open, and takes its counts. */
  async finish(): Promise<DemoOutcome["jobs"]> {
    const jobs = await this.#ask<DemoOutcome["jobs"]>("demo.finish", 60_000);
    const text =
      `${jobs.assigned} jobs assigned, ${jobs.correct} correct, ` +
      `${jobs.wrong} wrong, ${jobs.failed} failed`;
    this.#say("done", text, { ...jobs });
    return jobs;
  }

  async #playCue(cue: Cue): Promise<DemoOutcome["cues"][number]> {
    const stage: CueStage = {
      control: this.#options.control,
      signal: (agentId, signal) => this.#crew.signal(agentId, signal),
      order: (service, mode) => this.#yard.order(service, mode),
    };
    this.#say("cue", cue.text);
    const beganAt = performance.now();
    await cue.begin(stage);
    const words = await this.#watch.until(
      (watch) => cue.noticed(watch),
      NOTICE_TIMEOUT_MS,
      this.#signal,
    );
    const afterSeconds = (performance.now() - beganAt) / 1000;
    if (words === undefined) this.#say("missed", `the server did not notice: ${cue.text}`);
    else {
      const seconds = afterSeconds.toFixed(1);
      this.#say("noticed", words, { afterSeconds: Number(seconds) });
    }
    this.#say("acted", cue.action);
    await cue.recover(stage);
    const recovered = await this.#watch.until(
      (watch) => cue.recovered(watch),
      RECOVERY_TIMEOUT_MS,
      this.#signal,
    );
    if (recovered === true) this.#say("recovered", cue.outcome);
    else this.#say("missed", `no recovery within ${RECOVERY_TIMEOUT_MS / 1000} s: ${cue.text}`);
    return {
      name: cue.name,
      noticedAfterSeconds: words === undefined ? null : afterSeconds,
      recovered: recovered === true,
    };
  }

  async #showProgress(): Promise<void> {
    const counts = await this.#ask<{ assigned: number; correct: number }>("demo.progress", 5000);
    this.#options.view.progress({
      atSeconds: this.#seconds(),
      totalSeconds: this.#options.minutes * 60,
      assigned: counts.assigned,
      correct: counts.correct,
    });
  }

  /** Asks the coordinator and waits for its answer. */
  async #ask<Answer>(type: string, waitMs: number): Promise<Answer> {
    const { control } = this.#options;
    const conversationId = "demo-director";
    const sent = await control.call<{ messageId: string }>("POST", "/api/v1/messages", {
      body: { recipientId: "coordinator", type, payload: null, expectsReply: true, conversationId },
    });
    const path = `/api/v1/messages/${sent.messageId}/reply?waitMs=${Math.min(waitMs, 30_000)}`;
    for (let waitedMs = 0; waitedMs < waitMs; waitedMs += 30_000) {
      const answer = await control.call<{ payload: Answer } | undefined>("GET", path, {
        timeoutMs: 45_000,
      });
      if (answer !== undefined) return answer.payload;
    }
    throw new Error(`The coordinator did not answer "${type}" within ${waitMs / 1000} s.`);
  }

  #seconds(): number {
    return (Date.now() - this.#startedAtMs) / 1000;
  }

  #say(kind: DemoLine["kind"], text: string, details?: DemoLine["details"]): void {
    const line = { kind, text, atSeconds: this.#seconds() };
    this.#options.view.line(details === undefined ? line : { ...line, details });
  }
}
