// The three things that go wrong in the demo. Each says how it is brought about, how the server
// shows that it noticed, what is done about it, and when it is over.

import type { Cause } from "../dashboard/index.ts";

import type { DemoControl } from "./ports.ts";
import type { FleetWatch } from "./fleet-watch.ts";

/** What a cue may touch. */
export interface CueStage {
  readonly control: DemoControl;
  /** Sends a signal to an agent's own process, as the kernel or an operator would. */
  signal(agentId: string, signal: NodeJS.Signals): void;
}

/** One thing that goes wrong on purpose. */
export interface Cue {
  readonly name: string;
  /** What is about to happen, in words. */
  readonly text: string;
  begin(stage: CueStage): Promise<void>;
  /** The cause by which the server shows that it noticed. */
  noticed(watch: FleetWatch): Cause | undefined;
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
    noticed: (watch) => causeOf(watch, "stuck", ["worker-2"]),
    action: "restart worker-2",
    recover: (stage) => stage.control.call("POST", "/api/v1/agents/worker-2/restart"),
    recovered: (watch) => isWell(watch, "worker-2"),
    outcome: "worker-2 works again",
  },
  {
    name: "freeze",
    text: "worker-1's process is stopped with SIGSTOP",
    begin: async (stage) => stage.signal("worker-1", "SIGSTOP"),
    noticed: (watch) => causeOf(watch, "down", ["worker-1"]),
    action: "wake worker-1 with SIGCONT",
    recover: async (stage) => stage.signal("worker-1", "SIGCONT"),
    recovered: (watch) => isWell(watch, "worker-1"),
    outcome: "worker-1 works again",
  },
  {
    name: "deadlock",
    text: "planner waits for reviewer's approval, reviewer asks planner back",
    begin: (stage) => send(stage.control, "coordinator", "demo.plan", { contested: true }),
    noticed: (watch) => causeOf(watch, "deadlock", ["planner", "reviewer"]),
    action: "planner gives up waiting by itself",
    recover: async () => undefined,
    recovered: (watch) => isWell(watch, "planner") && isWell(watch, "reviewer"),
    outcome: "planner and reviewer work again",
  },
];

function causeOf(
  watch: FleetWatch,
  kind: Cause["kind"],
  agentIds: readonly string[],
): Cause | undefined {
  return watch.summary?.causes.find(
    (cause) => cause.kind === kind && agentIds.every((id) => cause.agentIds.includes(id)),
  );
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
