// Judges agents when something about them happened or time may have changed the judgement, and at
// no other time: ten thousand quiet agents cost nothing.

import { ActivityKind, mapInSlices } from "../core/index.ts";
import { activeClock, isHeld } from "./agent-registry.ts";
import type { AgentRecord } from "./agent-registry.ts";
import type { CommunicationContext } from "./communication-context.ts";
import { KeyedHeap } from "./keyed-heap.ts";
import { communicationLimits } from "./limits.ts";
import type { AgentsDigest, AgentView, HeldWork, Presence, StateChange } from "./model.ts";
import { traceIdOf } from "./traceparent.ts";
import { HEARTBEATS_MISSED, judgePresence } from "./presence-rules.ts";
import type { PresenceFacts, Verdict } from "./presence-rules.ts";

const HEALTH: Readonly<Record<Presence["state"], number>> = {
  working: 1,
  idle: 1,
  waiting: 1,
  stuck: 0.5,
  down: 0,
};

/** States of all agents of one namespace. */
export class PresenceBook {
  readonly #context: CommunicationContext;
  readonly #dirty = new Set<AgentRecord>();
  readonly #due = new KeyedHeap<AgentRecord>();

  constructor(context: CommunicationContext) {
    this.#context = context;
  }

  /** Something about the agent changed; its state is judged at the next look. */
  touch(record: AgentRecord | undefined): void {
    if (record !== undefined) this.#dirty.add(record);
  }

  /** The agent gave a sign of life by itself: a heartbeat, a claim. */
  life(record: AgentRecord): void {
    record.lastLifeMs = this.#context.clock.monotonic();
    if (record.state !== "down" && record.expectsLife) return;
    // From now on silence means something.
    record.expectsLife = true;
    this.#dirty.add(record);
  }

  /** The agent put something out. */
  output(record: AgentRecord | undefined, report = true): void {
    if (record === undefined) return;
    const { clock, namespace, telemetry } = this.#context;
    const nowMs = clock.monotonic();
    record.lastLifeMs = nowMs;
    record.lastOutputAtMs = clock.now();
    record.lastOutputActiveMs = activeClock(record, nowMs);
    if (record.state !== "working" && record.state !== "idle") this.#dirty.add(record);
    if (report) telemetry.activity(namespace, record.agent.id, ActivityKind.Output);
  }

  /** The agent takes on work; quiet time counts from here unless it holds some already. */
  takesWork(record: AgentRecord): void {
    const { engine, tasks, clock } = this.#context;
    this.#dirty.add(record);
    const { id } = record.agent;
    if ((engine.mailbox(id)?.leased.size ?? 0) > 0 || tasks.ownCount(id) > 0) return;
    record.workSinceActiveMs = activeClock(record, clock.monotonic());
  }

  /** Judges everyone whose state may have changed; resolves when the changes are stored. */
  async evaluate(): Promise<void> {
    const changes = this.#evaluateDue();
    if (changes.length === 0) return;
    const records = changes.map((change) => ({ kind: "state", change }) as const);
    await this.#context.journal.append(records);
  }

  /** As {@link evaluate}, without waiting for the store. */
  evaluateNow(): void {
    const changes = this.#evaluateDue();
    if (changes.length === 0) return;
    const records = changes.map((change) => ({ kind: "state", change }) as const);
    this.#context.journal.inBackground(records);
  }

  /** What is known about an agent now. */
  view(record: AgentRecord): AgentView {
    return {
      ...record.agent,
      presence: this.presence(record),
      mailbox: this.#context.engine.counts(record.agent.id),
    };
  }

  /** Views of many agents, made in slices; those that are unregistered meanwhile are left out. */
  async views(records: readonly AgentRecord[]): Promise<AgentView[]> {
    const { registry } = this.#context;
    const views = await mapInSlices(
      records,
      (record) => (registry.get(record.agent.id) === record ? this.view(record) : undefined),
      communicationLimits.viewsPerTurn.value,
    );
    return views.filter((view) => view !== undefined);
  }

  presence(record: AgentRecord): Presence {
    this.evaluateNow();
    let { verdict, holds } = this.#judge(record);
    if (verdict.state !== record.state) {
      // What is shown and what is recorded never differ.
      this.#dirty.add(record);
      this.evaluateNow();
      ({ verdict, holds } = this.#judge(record));
    }
    return {
      state: verdict.state,
      sinceMs: record.stateSinceAtMs,
      reason: verdict.reason,
      holds,
      waitsOn: this.#context.waits.edges(record.agent.id),
      cycle: record.cycle,
      lastHeartbeatAtMs: record.lastHeartbeatAtMs,
      lastOutputAtMs: record.lastOutputAtMs,
      process: record.process,
      exitCode: record.exitCode,
      left: verdict.left,
    };
  }

  /** Counts over all agents, and who of them may need somebody: a look at each, not a view. */
  digest(): AgentsDigest {
    this.evaluateNow();
    const { engine, registry } = this.#context;
    const counts = { working: 0, waiting: 0, idle: 0, stuck: 0, down: 0, left: 0 };
    const attention: AgentView[] = [];
    let paused = 0;
    let quarantined = 0;
    let oldestMailAtMs: number | null = null;
    for (const record of registry.all()) {
      const { agent, cycle } = record;
      if (agent.paused !== null) paused += 1;
      if (agent.quarantined !== null) quarantined += 1;
      const mailAtMs = engine.mailbox(agent.id)?.oldestReadyAtMs() ?? null;
      if (mailAtMs !== null) oldestMailAtMs = Math.min(mailAtMs, oldestMailAtMs ?? mailAtMs);
      const state = record.state ?? this.presence(record).state;
      const calm = state !== "stuck" && state !== "down" && cycle.length === 0;
      if (calm && !isHeld(agent) && agent.status !== "error") {
        counts[state] += 1;
        continue;
      }
      const view = this.view(record);
      counts[view.presence.left ? "left" : state] += 1;
      attention.push(view);
    }
    const total = registry.size;
    return { total, counts, paused, quarantined, attention, oldestMailAtMs };
  }

  /** Whether mail sent now finds the agent there. */
  isOnline(record: AgentRecord): boolean {
    return record.state !== "down" && !isHeld(record.agent) && !saysOffline(record);
  }

  /** Restores what was last known, so that a restart is no change of state. */
  restore(record: AgentRecord, change: StateChange): void {
    record.state = change.state;
    record.stateSinceAtMs = change.atMs;
    // It was there before the restart: silence from now on means it is gone.
    record.expectsLife = true;
    if (change.state === "down") {
      const { clock, settings } = this.#context;
      const goneMs = HEARTBEATS_MISSED * settings.heartbeatIntervalMs;
      record.lastLifeMs = clock.monotonic() - Math.max(0, clock.now() - change.atMs) - goneMs;
    }
    this.#dirty.add(record);
  }

  #evaluateDue(): StateChange[] {
    const { clock, registry } = this.#context;
    const nowMs = clock.monotonic();
    while (this.#due.nextKey <= nowMs) {
      const record = this.#due.pop();
      if (record === undefined) break;
      record.dueMs = Infinity;
      this.#dirty.add(record);
    }
    const changes: StateChange[] = [];
    // A circle found or broken adds its members to the set while it is walked.
    for (const record of this.#dirty) {
      this.#dirty.delete(record);
      if (registry.get(record.agent.id) !== record) continue;
      const change = this.#evaluateOne(record, nowMs);
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }

  #evaluateOne(record: AgentRecord, nowMs: number): StateChange | undefined {
    const { clock, engine, events, log, settings, waits } = this.#context;
    this.#findCycle(record, nowMs);
    const { verdict } = this.#judge(record);
    const { deadlockAfterMs } = settings;
    this.#queue(
      record,
      Math.min(
        nowMs + Math.max(0, verdict.changesInMs),
        waits.nextMatureMs(record.agent.id, deadlockAfterMs, nowMs),
      ),
    );
    const previous = record.state;
    if (previous === verdict.state) return undefined;
    record.state = verdict.state;
    record.stateSinceAtMs = clock.now();
    engine.setOnline(record.agent.id, this.isOnline(record), nowMs);
    this.#context.measure(record, "agent_health", HEALTH[verdict.state]);
    const change: StateChange = {
      agentId: record.agent.id,
      state: verdict.state,
      atMs: record.stateSinceAtMs,
      reason: verdict.reason,
    };
    log.debug("communication.state", { ...change, previous });
    events.emit({ kind: "agent.state", change, previous });
    return change;
  }

  #queue(record: AgentRecord, dueMs: number): void {
    // A later due is found when the earlier one comes up; only an earlier one must be queued.
    if (dueMs >= record.dueMs) return;
    record.dueMs = dueMs;
    this.#due.push(dueMs, record);
  }

  #findCycle(record: AgentRecord, nowMs: number): void {
    const { registry, settings, waits } = this.#context;
    const { id } = record.agent;
    const before = record.cycle;
    const cycle = waits.waits(id) ? waits.cycle(id, nowMs - settings.deadlockAfterMs) : [];
    record.cycle = cycle;
    for (const memberId of cycle.length > 0 ? cycle : before) {
      const member = registry.get(memberId);
      if (member === undefined || member === record) continue;
      if (member.cycle.length > 0 !== cycle.length > 0) this.#dirty.add(member);
    }
  }

  #judge(record: AgentRecord): { verdict: Verdict; holds: HeldWork[] } {
    const { clock, engine, settings, tasks, waits } = this.#context;
    const nowMs = clock.monotonic();
    const nowAtMs = clock.now();
    const { agent } = record;
    const mailbox = engine.mailbox(agent.id);
    const holds: HeldWork[] = [];
    let expectMs = 0;
    for (const { lease, message, delivery } of mailbox?.leased ?? []) {
      const task = tasks.ofDelivery(delivery);
      const sinceMs = nowAtMs - (nowMs - (lease?.sinceMs ?? nowMs));
      expectMs = Math.max(expectMs, message.task?.expectMs ?? 0);
      const origin = { messageId: message.id, traceId: traceIdOf(message.traceparent) };
      holds.push(
        task === undefined
          ? { kind: "delivery", id: delivery.id, title: message.type, sinceMs, ...origin }
          : { kind: "task", id: task.id, title: task.title, sinceMs, ...origin },
      );
    }
    let needsInput: string | null = null;
    for (const task of tasks.ownTasks(agent.id)) {
      expectMs = Math.max(expectMs, task.expectMs ?? 0);
      if (task.state === "input-required") needsInput ??= task.title;
      const { id, title, createdAtMs: sinceMs } = task;
      const origin = { messageId: null, traceId: traceIdOf(task.traceparent) };
      holds.push({ kind: "task", id, title, sinceMs, ...origin });
    }
    holds.sort((a, b) => a.sinceMs - b.sinceMs);
    const facts: PresenceFacts = {
      status: agent.status,
      hold: agent.quarantined !== null ? "quarantined" : agent.paused === null ? null : "paused",
      expectsLife: record.expectsLife,
      silentMs: livesByWaiting(record) ? 0 : nowMs - record.lastLifeMs,
      exitCode: record.exitCode,
      left: record.left,
      holds: holds.map((hold) => hold.title),
      withoutOutputMs: quietMs(record, nowMs),
      expectMs,
      unattendedMs: nowMs - Math.max(mailbox?.unattendedSinceMs ?? nowMs, record.resumedMs),
      mailWaiting: mailbox?.hasReady === true ? mailbox.waiting : 0,
      needsInput,
      waitsOn: waits.edges(agent.id).map((edge) => ({
        agentId: edge.agentId,
        forMs: nowAtMs - edge.sinceMs,
      })),
      cycle: record.cycle,
    };
    return { verdict: judgePresence(facts, settings), holds };
  }
}

/**
 * An open connection is all that is seen of an agent that only polls. One that heartbeats is judged
 * by its heartbeats: the connection of a frozen process stays open.
 */
function livesByWaiting(record: AgentRecord): boolean {
  return record.waitingClaims > 0 && record.lastHeartbeatAtMs === null;
}

function saysOffline(record: AgentRecord): boolean {
  return record.agent.status === "offline";
}

/** Active time since the last output or since the work was taken, whichever is later. */
function quietMs(record: AgentRecord, nowMs: number): number {
  const sinceMs = Math.max(record.lastOutputActiveMs ?? -Infinity, record.workSinceActiveMs);
  return Math.max(0, activeClock(record, nowMs) - sinceMs);
}
