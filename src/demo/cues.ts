// The six things that go wrong in the demo. Each says how it is brought about, how the server
// shows that it noticed, what is done about it, and when it is over.

import type { DemoControl } from "./ports.ts";
import type { FleetWatch } from "./fleet-watch.ts";
import { NOTES_LIMIT } from "./service-yard.ts";
import type { ServiceName } from "./service-yard.ts";
import type { ServiceMode } from "./services/serve.ts";

/** What a cue may touch. */
export interface CueStage {
  readonly control: DemoControl;
  /** Sends a signal to an agent's own process, as the kernel or an operator would. */
  signal(agentId: string, signal: NodeJS.Signals): void;
  /** Makes a service behave otherwise. */
  order(service: ServiceName, mode: ServiceMode): void;
}

/** One thing that goes wrong on purpose. */
export interface Cue {
  readonly name: string;
  /** What is about to happen, in words. */
  readonly text: string;
  begin(stage: CueStage): Promise<void>;
  /** The words in which the server shows that it noticed. */
  noticed(watch: FleetWatch): string | undefined;
  /** What is done about it, in words, and doing it. */
  readonly action: string;
  recover(stage: CueStage): Promise<void>;
  recovered(watch: FleetWatch): boolean;
  /** What is well again, in words. */
  readonly outcome: string;
}

/** The cues in the order they are played. */
export const cues: readonly Cue[] = [
  {
    name: "wedge",
    text: "worker-2's next job hangs; its process goes on and heartbeats",
    begin: (stage) => send(stage.control, "worker-2", "demo.wedge", null),
    noticed: (watch) => watch.cause("stuck", ["worker-2"])?.text,
    action: "restart worker-2",
    recover: (stage) => stage.control.call("POST", "/api/v1/agents/worker-2/restart"),
    recovered: (watch) => isWell(watch, "worker-2"),
    outcome: "worker-2 works again",
  },
  {
    name: "freeze",
    text: "worker-1's process is stopped with SIGSTOP",
    begin: async (stage) => stage.signal("worker-1", "SIGSTOP"),
    noticed: (watch) => watch.cause("down", ["worker-1"])?.text,
    action: "wake worker-1 with SIGCONT",
    recover: async (stage) => stage.signal("worker-1", "SIGCONT"),
    recovered: (watch) => isWell(watch, "worker-1"),
    outcome: "worker-1 works again",
  },
  {
    name: "deadlock",
    text: "planner waits for reviewer's approval, reviewer asks planner back",
    begin: (stage) => send(stage.control, "coordinator", "demo.plan", { contested: true }),
    noticed: (watch) => watch.cause("deadlock", ["planner", "reviewer"])?.text,
    action: "planner gives up waiting by itself",
    recover: async () => undefined,
    recovered: (watch) => isWell(watch, "planner") && isWell(watch, "reviewer"),
    outcome: "planner and reviewer work again",
  },
  {
    name: "failing service",
    text: "search answers every call with 503",
    begin: async (stage) => stage.order("search", "failing"),
    noticed: (watch) => watch.firing("service_failing", "search")?.message,
    action: "mend search",
    recover: async (stage) => stage.order("search", "well"),
    recovered: (watch) => watch.firing("service_failing", "search") === undefined,
    outcome: "search answers again, and its alert is resolved",
  },
  {
    name: "slow service",
    text: "model takes 1.5 s before it says a word",
    begin: async (stage) => stage.order("model", "slow"),
    noticed: (watch) => watch.firing("service_slow", "model")?.message,
    action: "speed model up",
    recover: async (stage) => stage.order("model", "well"),
    recovered: (watch) => watch.firing("service_slow", "model") === undefined,
    outcome: "model answers in time again, and its alert is resolved",
  },
  {
    name: "rate limit",
    text: "notes may be left 30 times a minute only, one at a time",
    begin: async (stage) => void (await limitNotes(stage, 30, 1)),
    noticed: refusedNotes,
    action: "give notes their limit back",
    recover: async (stage) => {
      await limitNotes(stage, NOTES_LIMIT.requestsPerMinute, NOTES_LIMIT.burst);
    },
    recovered: (watch) => watch.service("notes")?.rateLimit?.burst === NOTES_LIMIT.burst,
    outcome: "notes are taken again",
  },
];

/** Sets how many notes the agents may leave. */
function limitNotes(stage: CueStage, requestsPerMinute: number, burst: number): Promise<unknown> {
  const body = { requestsPerMinute, burst };
  return stage.control.call("PUT", "/api/v1/services/notes/rate-limit", { body });
}

function refusedNotes(watch: FleetWatch): string | undefined {
  const limited = watch.service("notes")?.recent.limited ?? 0;
  if (limited === 0) return undefined;
  return `notes refused ${limited} ${limited === 1 ? "call" : "calls"} over its limit`;
}

function isWell(watch: FleetWatch, agentId: string): boolean {
  const state = watch.tile(agentId)?.state;
  const named = watch.summary?.causes.some((cause) => cause.agentIds.includes(agentId)) ?? true;
  return (state === "idle" || state === "working") && !named;
}

async function send(
  control: DemoControl,
  recipientId: string,
  type: string,
  payload: unknown,
): Promise<void> {
  await control.call("POST", "/api/v1/messages", { body: { recipientId, type, payload } });
}
