// Heartbeats: each is recorded when it arrives. One that may wait is then kept open until there is
// something to tell, so that orders arrive at once; being kept open proves nothing about the
// process at its other end, which may be frozen.

import type { AgentRecord } from "./agent-registry.ts";
import type { AgentDesk } from "./agent-desk.ts";
import type { CommunicationContext } from "./communication-context.ts";
import { checkNumber, checkStatus } from "./input-checks.ts";
import { communicationLimits } from "./limits.ts";
import type { AgentStatus } from "./model.ts";
import type { PresenceBook } from "./presence-book.ts";
import type { HeartbeatReply, HeartbeatRequest } from "./requests.ts";

/** A heartbeat kept open: who asked, and what ends it. */
interface OpenHeartbeat {
  readonly request: HeartbeatRequest;
  readonly end: () => void;
}

/** Heartbeats of one namespace. */
export class HeartbeatDesk {
  readonly #context: CommunicationContext;
  readonly #presence: PresenceBook;
  readonly #agents: AgentDesk;
  /** Open heartbeats by agent, oldest first. */
  readonly #open = new Map<AgentRecord, Set<OpenHeartbeat>>();
  #closed = false;

  constructor(context: CommunicationContext, presence: PresenceBook, agents: AgentDesk) {
    this.#context = context;
    this.#presence = presence;
    this.#agents = agents;
  }

  /** Heartbeats kept open now. */
  get waiting(): number {
    let count = 0;
    for (const waiting of this.#open.values()) count += waiting.size;
    return count;
  }

  async heartbeat(agentId: string, request: HeartbeatRequest): Promise<HeartbeatReply> {
    const { registry } = this.#context;
    const record = registry.require(agentId, "communication.agent_unknown");
    const most = communicationLimits.heartbeatWaitMs.value;
    const waitMs = checkNumber(request.waitMs ?? 0, "waitMs", 0, most);
    const lostLeases = await this.#record(record, request);
    if (waitMs > 0 && lostLeases.length === 0 && !this.#hasNews(record, request)) {
      await this.#wait(record, request, waitMs);
    }
    // It may have been removed meanwhile, or be another registration's by now.
    return this.#reply(registry.require(agentId, "communication.agent_unknown"), lostLeases);
  }

  /** Something about the agent changed that its open heartbeats may be waiting for. */
  tell(record: AgentRecord): void {
    for (const waiting of this.#open.get(record) ?? []) {
      if (this.#hasNews(record, waiting.request)) waiting.end();
    }
  }

  /** Answers an agent's open heartbeats. */
  dismiss(record: AgentRecord): void {
    for (const waiting of this.#open.get(record) ?? []) waiting.end();
  }

  /** Answers all open heartbeats. */
  close(): void {
    this.#closed = true;
    for (const record of this.#open.keys()) this.dismiss(record);
  }

  /** @returns tokens of leases that are not this agent's. */
  async #record(record: AgentRecord, request: HeartbeatRequest): Promise<string[]> {
    const { clock } = this.#context;
    const { instanceId } = request;
    const agentId = record.agent.id;
    if (request.status !== undefined) checkStatus(request.status);
    const lostLeases = this.#extend(agentId, request.leases ?? []);
    // The last words of a process that has been replaced say nothing about its successor.
    const instance = record.agent.instance?.id;
    const isReplaced =
      instanceId !== undefined && instance !== undefined && instance !== instanceId;
    // A goodbye is a process's last word: what comes after it, on another connection, was
    // overtaken by it. Who comes back registers again.
    const isOvertaken = instanceId !== undefined && record.left && request.left !== true;
    const current = !isReplaced && !isOvertaken;
    record.lastHeartbeatAtMs = clock.now();
    const status = request.status ?? (current ? saidByLeaving(record, request) : undefined);
    if (current) this.#noteProcess(record, request);
    if (!isOvertaken) this.#presence.life(record);
    if (request.ackCommands !== undefined) {
      const acknowledged = new Set(request.ackCommands);
      record.commands = record.commands.filter(({ id }) => !acknowledged.has(id));
    }
    if (status !== undefined && status !== record.agent.status) {
      await this.#agents.update(agentId, { status });
    }
    this.#presence.evaluateNow();
    return lostLeases;
  }

  #extend(agentId: string, tokens: readonly string[]): string[] {
    const { clock, engine } = this.#context;
    const lost: string[] = [];
    for (const token of tokens) {
      const lease = engine.lease(token);
      if (lease === undefined || lease.entry.delivery.recipientId !== agentId) lost.push(token);
      else engine.arm(lease, lease.durationMs, clock.monotonic());
    }
    return lost;
  }

  #noteProcess(record: AgentRecord, request: HeartbeatRequest): void {
    if (request.process !== undefined) record.process = request.process;
    if (request.process) {
      this.#context.measure(record, "cpu_usage", request.process.cpuPercent);
      this.#context.measure(record, "memory_usage", request.process.memoryBytes);
    }
    const exitCode = request.exitCode ?? null;
    const left = request.left ?? false;
    if (exitCode !== record.exitCode || left !== record.left) this.#presence.touch(record);
    if ((exitCode !== null && record.exitCode === null) || (left && !record.left)) {
      this.#agents.endLeases(record.agent.id);
    }
    record.exitCode = exitCode;
    record.left = left;
  }

  #reply(record: AgentRecord, lostLeases: readonly string[]): HeartbeatReply {
    const { clock, engine, settings } = this.#context;
    return {
      atMs: clock.now(),
      intervalMs: settings.heartbeatIntervalMs,
      paused: record.agent.paused !== null,
      quarantined: record.agent.quarantined !== null,
      mailbox: engine.counts(record.agent.id),
      commands: [...record.commands],
      lostLeases,
    };
  }

  /** Whether the caller does not know yet how things stand. */
  #hasNews(record: AgentRecord, { knows = {} }: HeartbeatRequest): boolean {
    const { agent, commands } = record;
    const { paused = agent.paused !== null, quarantined = agent.quarantined !== null } = knows;
    if (paused !== (agent.paused !== null)) return true;
    if (quarantined !== (agent.quarantined !== null)) return true;
    return commands.some(({ id }) => knows.commands?.includes(id) !== true);
  }

  #wait(record: AgentRecord, request: HeartbeatRequest, waitMs: number): Promise<void> {
    const { clock, registry } = this.#context;
    const { signal } = request;
    const { agent } = record;
    if (this.#closed || signal?.aborted === true) return Promise.resolve();
    if (registry.get(agent.id) !== record) return Promise.resolve();
    // Without words about what it knows, a change of what holds now is what it waits for.
    const knows = {
      paused: agent.paused !== null,
      quarantined: agent.quarantined !== null,
      ...request.knows,
    };
    const open = this.#open.get(record) ?? new Set();
    this.#open.set(record, open);
    if (open.size >= communicationLimits.waitingHeartbeats.value) {
      const [oldest] = open;
      oldest?.end();
      this.#open.set(record, open); // the last one to end takes the set along
    }
    return new Promise((resolve) => {
      const end = (): void => {
        timer[Symbol.dispose]();
        signal?.removeEventListener("abort", end);
        open.delete(waiting);
        if (open.size === 0) this.#open.delete(record);
        resolve();
      };
      const waiting: OpenHeartbeat = { request: { ...request, knows }, end };
      const timer = clock.after(waitMs, end);
      signal?.addEventListener("abort", end, { once: true });
      open.add(waiting);
    });
  }
}

/**
 * A goodbye says "offline", which outlives a restart of the server: who left on purpose is not
 * missed. Life after it takes the goodbye back.
 */
function saidByLeaving(record: AgentRecord, request: HeartbeatRequest): AgentStatus | undefined {
  if (request.left === true) return record.left ? undefined : "offline";
  return record.left && record.agent.status === "offline" ? "online" : undefined;
}
