// Registration and what an agent says of itself: who is in the registry, and as what.

import { isHeld } from "./agent-registry.ts";
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
import type { Agent, AgentView } from "./model.ts";
import type { PresenceBook } from "./presence-book.ts";
import type { AgentPatch, AgentRegistration } from "./requests.ts";
import type { SettleDesk } from "./settle-desk.ts";

/** Agents of one namespace. */
export class AgentDesk {
  readonly #context: CommunicationContext;
  readonly #presence: PresenceBook;
  readonly #claims: ClaimDesk;
  readonly #settlements: SettleDesk;
  readonly #onRemoved: (record: AgentRecord) => void;
  readonly #joining = new Set<string>();

  /** @param onRemoved called when an agent has left the registry. */
  constructor(
    context: CommunicationContext,
    presence: PresenceBook,
    claims: ClaimDesk,
    settlements: SettleDesk,
    onRemoved: (record: AgentRecord) => void,
  ) {
    this.#context = context;
    this.#presence = presence;
    this.#claims = claims;
    this.#settlements = settlements;
    this.#onRemoved = onRemoved;
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
    // A hold, or a removal, that came while this was being stored stands.
    const now = registry.get(agentId)?.agent;
    const [paused, quarantined] = [now?.paused ?? null, now?.quarantined ?? null];
    if (paused !== agent.paused || quarantined !== agent.quarantined) {
      agent = { ...agent, paused, quarantined };
      journal.inBackground([{ kind: "agent", agent }]);
    }
    const record = registry.put(agent, nowMs);
    engine.open(agentId, nowMs);
    record.lastLifeMs = nowMs;
    record.left = false;
    record.exitCode = null;
    // Until it shows life by itself again, its silence means nothing.
    record.expectsLife = false;
    if (restarted && known !== undefined) this.endLeases(agentId);
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
    this.#onRemoved(record);
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
    await this.change(record, (agent) => ({
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

  /** Agents down for longer than forgetAfter leave the registry; a hold outlasts its agent. */
  async forgetGone(): Promise<void> {
    const { clock, registry, settings } = this.#context;
    const beforeMs = clock.now() - settings.forgetAfterMs;
    const gone: string[] = [];
    for (const { agent, state, stateSinceAtMs } of registry.all()) {
      if (isHeld(agent) || state !== "down" || stateSinceAtMs >= beforeMs) continue;
      gone.push(agent.id);
    }
    for (const agentId of gone) await this.unregister(agentId);
  }

  /** Changes what is stored of an agent. */
  async change(record: AgentRecord, change: (agent: Agent) => Agent): Promise<void> {
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

  /** Nobody is left to settle what a process held that has ended: it goes back to the inbox. */
  endLeases(agentId: string): void {
    for (const entry of this.#context.engine.lapseAll(agentId)) this.#settlements.lapse(entry);
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

/** The id without digits and what then dangles: "worker-2" is a "worker". */
function kindOf(agentId: string): string {
  const bare = agentId.replaceAll(/\d+/g, "").replaceAll(/[-_.:]+$/g, "");
  return bare === "" ? agentId : bare;
}
