// Orders to agents: kept with the agent until it says that it has them, handed out with every
// heartbeat, and at once to a heartbeat that waits.

import type { AgentRecord } from "./agent-registry.ts";
import type { CommunicationContext } from "./communication-context.ts";
import type { HeartbeatDesk } from "./heartbeat-desk.ts";
import { checkKey, checkNumber, invalid } from "./input-checks.ts";
import { communicationLimits } from "./limits.ts";
import type { AgentCommand, ProfileOrder } from "./requests.ts";

type PlainKind = Exclude<AgentCommand["kind"], "profile">;

/** Commands of one namespace. */
export class CommandDesk {
  readonly #context: CommunicationContext;
  readonly #heartbeats: HeartbeatDesk;

  constructor(context: CommunicationContext, heartbeats: HeartbeatDesk) {
    this.#context = context;
    this.#heartbeats = heartbeats;
  }

  requestRestart(agentId: string, by: string): AgentCommand {
    const { events, log, registry } = this.#context;
    const record = registry.require(agentId, "communication.agent_unknown");
    const command = this.give(record, "restart");
    log.info("communication.agent_restart", { agentId, by });
    events.emit({ kind: "agent.restart", agent: record.agent, by });
    return command;
  }

  requestProfile(agentId: string, order: ProfileOrder): AgentCommand {
    const { ids, log, registry } = this.#context;
    const record = registry.require(agentId, "communication.agent_unknown");
    const profile = checkOrder(order);
    const { profileId, kind, seconds } = profile;
    for (const command of record.commands) {
      if (command.kind === "profile" && command.profile.profileId === profileId) return command;
    }
    const command: AgentCommand = { id: ids.next("cmd"), kind: "profile", profile };
    this.#put(record, [...record.commands, command]);
    log.info("communication.agent_profile", { agentId, profileId, kind, seconds });
    return command;
  }

  /** Gives an order that needs no further words; the same one twice is one. */
  give(record: AgentRecord, kind: PlainKind): AgentCommand {
    const known = record.commands.find((command) => command.kind === kind);
    if (known !== undefined) return known;
    const command: AgentCommand = { id: this.#context.ids.next("cmd"), kind };
    this.#put(record, [...record.commands.filter((other) => !undoes(kind, other.kind)), command]);
    return command;
  }

  #put(record: AgentRecord, commands: AgentCommand[]): void {
    record.commands = commands.slice(-communicationLimits.agentCommands.value);
    this.#heartbeats.tell(record);
  }
}

/** Pause and resume undo each other: only the last of them is meant. */
function undoes(kind: PlainKind, other: AgentCommand["kind"]): boolean {
  const opposite = { pause: "resume", resume: "pause", restart: null } as const;
  return opposite[kind] === other;
}

function checkOrder({ profileId, kind, seconds }: ProfileOrder): ProfileOrder {
  if (kind !== "cpu" && kind !== "heap") {
    throw invalid(`kind must be cpu or heap, not "${String(kind)}"`);
  }
  return {
    profileId: checkKey(profileId, "profileId") ?? "",
    kind,
    seconds: checkNumber(seconds, "seconds", 0.1, communicationLimits.profileSeconds.value),
  };
}
