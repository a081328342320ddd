// Pause and quarantine, and what undoes them. A paused agent gets no mail; of a quarantined one
// nothing is taken either. Both are facts about the agent, stored with it.

import { isHeld } from "./agent-registry.ts";
import type { AgentRecord } from "./agent-registry.ts";
import type { AgentDesk } from "./agent-desk.ts";
import type { ClaimDesk } from "./claim-desk.ts";
import type { CommandDesk } from "./command-desk.ts";
import type { CommunicationContext } from "./communication-context.ts";
import type { HeartbeatDesk } from "./heartbeat-desk.ts";
import { checkNote } from "./input-checks.ts";
import type { AgentView } from "./model.ts";
import type { PresenceBook } from "./presence-book.ts";

type Hold = "paused" | "quarantined";

/** Who works with a {@link HoldDesk}. */
export interface HoldDeskParts {
  readonly context: CommunicationContext;
  readonly presence: PresenceBook;
  readonly claims: ClaimDesk;
  readonly agents: AgentDesk;
  readonly commands: CommandDesk;
  readonly heartbeats: HeartbeatDesk;
}

/** Holds of one namespace. */
export class HoldDesk {
  readonly #parts: HoldDeskParts;

  constructor(parts: HoldDeskParts) {
    this.#parts = parts;
  }

  async pause(agentId: string, by: string, reason: string): Promise<AgentView> {
    const { commands, context, presence } = this.#parts;
    const record = context.registry.require(agentId, "communication.agent_unknown");
    if (await this.#hold(record, "paused", by, reason)) {
      commands.give(record, "pause");
      context.log.info("communication.agent_paused", { agentId, by, reason });
      context.events.emit({ kind: "agent.paused", agent: record.agent, by });
      await context.onHold(record.agent);
    }
    return presence.view(record);
  }

  async resume(agentId: string, by: string): Promise<AgentView> {
    const { commands, context, presence } = this.#parts;
    const record = context.registry.require(agentId, "communication.agent_unknown");
    if (await this.#free(record, "paused")) {
      commands.give(record, "resume");
      context.log.info("communication.agent_resumed", { agentId, by });
      context.events.emit({ kind: "agent.resumed", agent: record.agent, by });
      await context.onHold(record.agent);
    }
    return presence.view(record);
  }

  /** Also ends its waiting claims: whoever waits learns that there is nothing to wait for. */
  async quarantine(agentId: string, by: string, reason: string): Promise<AgentView> {
    const { claims, context, heartbeats, presence } = this.#parts;
    const record = context.registry.require(agentId, "communication.agent_unknown");
    if (await this.#hold(record, "quarantined", by, reason)) {
      claims.dismiss(agentId);
      heartbeats.tell(record);
      context.log.warn("communication.agent_quarantined", { agentId, by, reason });
      context.events.emit({ kind: "agent.quarantined", agent: record.agent, by });
      await context.onHold(record.agent);
    }
    return presence.view(record);
  }

  async release(agentId: string, by: string): Promise<AgentView> {
    const { context, heartbeats, presence } = this.#parts;
    const record = context.registry.require(agentId, "communication.agent_unknown");
    if (await this.#free(record, "quarantined")) {
      heartbeats.tell(record);
      context.log.info("communication.agent_released", { agentId, by });
      context.events.emit({ kind: "agent.released", agent: record.agent, by });
      await context.onHold(record.agent);
    }
    return presence.view(record);
  }

  /** @returns false when it was held so already. */
  async #hold(record: AgentRecord, kind: Hold, by: string, reason: string): Promise<boolean> {
    const { agents, claims, context } = this.#parts;
    const { clock, engine } = context;
    const { id } = record.agent;
    const words = checkNote(reason, "reason") ?? "";
    if (record.agent[kind] !== null) return false;
    // At once, so that nothing is handed out while this is being stored.
    engine.setPaused(id, true);
    const hold = { sinceMs: clock.now(), by, reason: words };
    try {
      await agents.change(record, (agent) => ({ ...agent, [kind]: agent[kind] ?? hold }));
    } catch (error) {
      engine.setPaused(id, isHeld(record.agent));
      claims.pump(id); // what came meanwhile
      throw error;
    }
    const nowMs = clock.monotonic();
    record.heldSinceMs ??= nowMs;
    engine.setOnline(id, false, nowMs);
    return true;
  }

  /** @returns false when it was not held so. */
  async #free(record: AgentRecord, kind: Hold): Promise<boolean> {
    const { agents, claims, context, presence } = this.#parts;
    const { clock, engine } = context;
    const { id } = record.agent;
    if (record.agent[kind] === null) return false;
    await agents.change(record, (agent) => ({ ...agent, [kind]: null }));
    if (isHeld(record.agent)) return true;
    const nowMs = clock.monotonic();
    if (record.heldSinceMs !== null) record.heldTotalMs += nowMs - record.heldSinceMs;
    record.heldSinceMs = null;
    record.resumedMs = nowMs;
    engine.setPaused(id, false);
    engine.setOnline(id, presence.isOnline(record), nowMs);
    claims.pump(id);
    return true;
  }
}
