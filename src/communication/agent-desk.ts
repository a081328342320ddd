// Registration, heartbeats, pause and resume: everything that changes an agent rather than a
// message.

import type { AgentRecord } from "./agent-registry.ts";
import type { ClaimDesk } from "./claim-desk.ts";
import type { CommunicationContext } from "./communication-context.ts";
import { CommunicationError } from "./errors.ts";
import {
  checkAgentId,
  checkCapabilities,
  checkMetadata,
  checkNote,
  checkStatus,
} from "./input-checks.ts";
import { communicationLimits } from "./limits.ts";
import type { Agent, AgentStatus, AgentView } from "./model.ts";
import type { PresenceBook } from "./presence-book.ts";
import type { AgentCommand, AgentPatch, AgentRegistration } from "./requests.ts";
import type { HeartbeatReply, HeartbeatRequest } from "./requests.ts";
import type { SettleDesk } from "./settle-desk.ts";

/** Agents of one namespace. */
export class AgentDesk {
  readonly #context: CommunicationContext;
  readonly #presence: PresenceBook;
  readonly #claims: ClaimDesk;
  readonly #settlements: SettleDesk;
  readonly #joining = new Set<string>();

  constructor(
    context: CommunicationContext,
    presence: PresenceBook,
    claims: ClaimDesk,
    settlements: SettleDesk,
  ) {
    this.#context = context;
    this.#presence = presence;
    this.#claims = claims;
    this.#settlements = settlements;
  }

  async register(registration: AgentRegistration): Promise<AgentView> {
    const { clock, engine, events, journal, log, registry, settings } = this.#context;
    const { agentId } = registration;
    checkAgentId(agentId);
    const known = registry.get(agentId);
    const taken = registry.size + this.#joining.size;
    if (known === undefined && !this.#joining.has(agentId) && taken >= settings.maxAgents) {
      const message = `Cannot register "${agentId}": ${settings.maxAgents} agents are registered`;
      throw new CommunicationError("communication.agents_full", message);
    }
    let agent = this.#agentFrom(registration, known?.agent);
    if (known === undefined) this.#joining.add(agentId);
    try {
      await journal.append([{ kind: "agent", agent }]);
    } finally {
      this.#joining.delete(agentId);
    }
    const nowMs = clock.monotonic();
    const restarted = known?.agent.instance?.id !== agent.instance?.id;
    // A pause, or a removal, that came while this was being stored stands.
    const paused = registry.get(agentId)?.agent.paused ?? null;
    if (paused !== agent.paused) {
      agent = { ...agent, paused };
      journal.inBackground([{ kind: "agent", agent }]);
    }
    const record = registry.put(agent, nowMs);
    engine.open(agentId, nowMs);
    record.lastLifeMs = nowMs;
    record.left = false;
    record.exitCode = null;
    // Until it shows life by itself again, its silence means nothing.
    record.expectsLife = false;
    if (restarted && known !== undefined) this.#endLeases(agentId);
    if (restarted) record.commands = record.commands.filter(({ kind }) => kind !== "restart");
    this.#presence.touch(record);
    log.info("communication.agent_registered", { agentId, kind: agent.kind });
    events.emit({ kind: "agent.registered", agent, renewed: known !== undefined });
    return this.#presence.view(record);
  }

  async unregister(agentId: string): Promise<void> {
    const { engine, events, journal, log, registry, tasks, waits } = this.#context;
    const record = registry.require(agentId, "communication.agent_unknown");
    await journal.append([{ kind: "agent-removed", agentId }]);
    if (registry.get(agentId) !== record) return;
    this.#claims.dismiss(agentId);
    registry.remove(agentId);
    const left = engine.close(agentId);
    this.#settlements.bury(left, "recipient_removed");
    this.#endOwnTasks(agentId, tasks.ownTasks(agentId));
    for (const waiting of waits.closeAll(agentId)) this.#presence.touch(registry.get(waiting));
    log.info("communication.agent_removed", { agentId, deadLetters: left.length });
    events.emit({ kind: "agent.removed", agentId });
  }

  async update(agentId: string, patch: AgentPatch): Promise<AgentView> {
    const { events, registry } = this.#context;
    const record = registry.require(agentId, "communication.agent_unknown");
    const before = record.agent.status;
    if (patch.status !== undefined) checkStatus(patch.status);
    const note = checkNote(patch.note);
    await this.#change(record, (agent) => ({
      ...agent,
      ...(patch.status === undefined ? {} : { status: patch.status }),
      ...(patch.capabilities === undefined
        ? {}
        : { capabilities: checkCapabilities(patch.capabilities) }),
      ...(patch.metadata === undefined ? {} : { metadata: checkMetadata(patch.metadata) }),
    }));
    const { agent } = record;
    if (agent.status !== before) {
      events.emit({ kind: "agent.status", agent, previous: before, note });
    }
    return this.#presence.view(record);
  }

  async heartbeat(agentId: string, request: HeartbeatRequest): Promise<HeartbeatReply> {
    const { clock, engine, registry, settings } = this.#context;
    const record = registry.require(agentId, "communication.agent_unknown");
    const { instanceId } = request;
    if (request.status !== undefined) checkStatus(request.status);
    const lostLeases: string[] = [];
    for (const token of request.leases ?? []) {
      const lease = engine.lease(token);
      if (lease === undefined || lease.entry.delivery.recipientId !== agentId) {
        lostLeases.push(token);
      } else engine.arm(lease, lease.durationMs, clock.monotonic());
    }
    // The last words of a process that has been replaced say nothing about its successor.
    const instance = record.agent.instance?.id;
    const current = instanceId === undefined || instance === undefined || instance === instanceId;
    record.lastHeartbeatAtMs = clock.now();
    const status = request.status ?? (current ? saidByLeaving(record, request) : undefined);
    if (current) this.#noteProcess(record, request);
    this.#presence.life(record);
    if (request.ackCommands !== undefined) {
      const acknowledged = new Set(request.ackCommands);
      record.commands = record.commands.filter(({ id }) => !acknowledged.has(id));
    }
    if (status !== undefined && status !== record.agent.status) {
      await this.update(agentId, { status });
    }
    this.#presence.evaluateNow();
    return {
      atMs: clock.now(),
      intervalMs: settings.heartbeatIntervalMs,
      paused: record.agent.paused !== null,
      quarantined: record.agent.quarantined !== null,
      mailbox: engine.counts(agentId),
      commands: [...record.commands],
      lostLeases,
    };
  }

  async pause(agentId: string, by: string, reason: string): Promise<AgentView> {
    const { clock, engine, events, log, registry } = this.#context;
    const record = registry.require(agentId, "communication.agent_unknown");
    const words = checkNote(reason, "reason") ?? "";
    if (record.agent.paused !== null) return this.#presence.view(record);
    // At once, so that nothing is handed out while the pause is being stored.
    engine.setPaused(agentId, true);
    try {
      const paused = { sinceMs: clock.now(), by, reason: words };
      await this.#change(record, (agent) => ({ ...agent, paused: agent.paused ?? paused }));
    } catch (error) {
      engine.setPaused(agentId, false);
      this.#claims.pump(agentId); // what came meanwhile
      throw error;
    }
    const nowMs = clock.monotonic();
    record.pausedSinceMs ??= nowMs;
    engine.setOnline(agentId, false, nowMs);
    this.#command(record, "pause");
    log.info("communication.agent_paused", { agentId, by, reason: words });
    events.emit({ kind: "agent.paused", agent: record.agent, by });
    return this.#presence.view(record);
  }

  async resume(agentId: string, by: string): Promise<AgentView> {
    const { clock, engine, events, log, registry } = this.#context;
    const record = registry.require(agentId, "communication.agent_unknown");
    if (record.agent.paused === null) return this.#presence.view(record);
    await this.#change(record, (agent) => ({ ...agent, paused: null }));
    const nowMs = clock.monotonic();
    if (record.pausedSinceMs !== null) record.pausedTotalMs += nowMs - record.pausedSinceMs;
    record.pausedSinceMs = null;
    record.resumedMs = nowMs;
    engine.setPaused(agentId, false);
    engine.setOnline(agentId, this.#presence.isOnline(record), nowMs);
    this.#command(record, "resume");
    log.info("communication.agent_resumed", { agentId, by });
    events.emit({ kind: "agent.resumed", agent: record.agent, by });
    this.#claims.pump(agentId);
    return this.#presence.view(record);
  }

  requestRestart(agentId: string, by: string): AgentCommand {
    const { events, log, registry } = this.#context;
    const record = registry.require(agentId, "communication.agent_unknown");
    const command = this.#command(record, "restart");
    log.info("communication.agent_restart", { agentId, by });
    events.emit({ kind: "agent.restart", agent: record.agent, by });
    return command;
  }

  /** Agents down for longer than forgetAfter leave the registry. */
  async forgetGone(): Promise<void> {
    const { clock, registry, settings } = this.#context;
    const beforeMs = clock.now() - settings.forgetAfterMs;
    const gone: string[] = [];
    for (const { agent, state, stateSinceAtMs } of registry.all()) {
      if (state === "down" && stateSinceAtMs < beforeMs) gone.push(agent.id);
    }
    for (const agentId of gone) await this.unregister(agentId);
  }

  async #change(record: AgentRecord, change: (agent: Agent) => Agent): Promise<void> {
    const { clock, engine, journal, registry } = this.#context;
    const before = record.agent;
    const agent = change(before);
    // In memory first, so that a change made meanwhile builds upon this one.
    registry.put(agent, clock.monotonic());
    try {
      await journal.append([{ kind: "agent", agent }]);
    } catch (error) {
      if (record.agent === agent) registry.put(before, clock.monotonic());
      throw error;
    }
    engine.setOnline(agent.id, this.#presence.isOnline(record), clock.monotonic());
    this.#presence.touch(record);
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
      this.#endLeases(record.agent.id);
    }
    record.exitCode = exitCode;
    record.left = left;
  }

  /** Nobody is left to settle what a process held that has ended: it goes back to the inbox. */
  #endLeases(agentId: string): void {
    for (const entry of this.#context.engine.lapseAll(agentId)) this.#settlements.lapse(entry);
  }

  #command(record: AgentRecord, kind: "restart" | "pause" | "resume"): AgentCommand {
    const known = record.commands.find((command) => command.kind === kind);
    if (known !== undefined) return known;
    const command: AgentCommand = { id: this.#context.ids.next("cmd"), kind };
    // Pause and resume undo each other: only the last of them is meant.
    const others = record.commands.filter(
      (other) => kind === "restart" || other.kind === "restart",
    );
    record.commands = [...others, command].slice(-communicationLimits.agentCommands.value);
    return command;
  }

  #endOwnTasks(agentId: string, own: ReturnType<CommunicationContext["tasks"]["ownTasks"]>): void {
    const { clock, events, journal, tasks } = this.#context;
    const atMs = clock.now();
    const note = `agent "${agentId}" was unregistered`;
    const ended = own.map(
      (task) => ({ ...task, state: "canceled", note, updatedAtMs: atMs, endedAtMs: atMs }) as const,
    );
    for (const task of ended) {
      tasks.put(task);
      events.emit({ kind: "task.changed", task });
    }
    journal.inBackground(ended.map((task) => ({ kind: "task", task })));
  }

  #agentFrom(registration: AgentRegistration, known: Agent | undefined): Agent {
    const { agentId } = registration;
    const name = checkNote(registration.name, "name") ?? agentId;
    const status = registration.status ?? "online";
    checkStatus(status);
    return {
      id: agentId,
      namespace: this.#context.namespace,
      name,
      capabilities: checkCapabilities(registration.capabilities ?? []),
      endpoint: checkNote(registration.endpoint, "endpoint"),
      kind: checkNote(registration.kind, "kind") ?? kindOf(agentId),
      version: checkNote(registration.version, "version"),
      instance: registration.instance ?? null,
      metadata: checkMetadata(registration.metadata ?? {}),
      status,
      registeredAtMs: known?.registeredAtMs ?? this.#context.clock.now(),
      paused: known?.paused ?? null,
      quarantined: known?.quarantined ?? null,
    };
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

/** The id without digits and what then dangles: "worker-2" is a "worker". */
function kindOf(agentId: string): string {
  const bare = agentId.replaceAll(/\d+/g, "").replaceAll(/[-_.:]+$/g, "");
  return bare === "" ? agentId : bare;
}
