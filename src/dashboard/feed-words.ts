// Which events of communication become a line of the feed, and in which words.

import { OPERATOR } from "../core/index.ts";
import type { AgentView, CommunicationEvent, Delivery, Message } from "../communication/index.ts";

import type { FeedLine } from "./feed.ts";

/** One line of the feed on a narrow screen. */
const SUBJECT_LENGTH = 120;

/** The feed's line for an event; undefined for the many that are not worth one. */
export function feedLine(
  event: CommunicationEvent,
  agentOf: (agentId: string) => AgentView | undefined,
): FeedLine | undefined {
  switch (event.kind) {
    case "agent.registered":
      return event.renewed ? undefined : info("joined", event.agent.id, joinedWords(event.agent));
    case "agent.removed":
      return info("left", event.agentId, "removed");
    case "agent.paused":
      return info("paused", event.agent.id, `paused by ${event.by}`);
    case "agent.resumed":
      return info("resumed", event.agent.id, `resumed by ${event.by}`);
    case "agent.quarantined": {
      const { id } = event.agent;
      const text = `quarantined by ${event.by}`;
      return { kind: "quarantined", level: "warning", agentId: id, text };
    }
    case "agent.released":
      return info("released", event.agent.id, `released by ${event.by}`);
    case "agent.restart":
      return info("restarted", event.agent.id, `restart asked for by ${event.by}`);
    case "agent.state":
      return stateLine(event, agentOf(event.change.agentId));
    case "message.accepted":
      return lettersLine(event.message, event.deliveries);
    case "message.delivered":
      return personalTaskLine(event, "working:");
    case "message.settled":
      return event.delivery.state === "done" ? personalTaskLine(event, "done with") : undefined;
    case "message.dead": {
      const { recipientId, deadReason, note } = event.delivery;
      const why = note ?? deadReason ?? "unknown";
      const text = `${event.message.type} from ${event.message.senderId} is a dead letter: ${why}`;
      return { kind: "dead_letter", level: "warning", agentId: recipientId, text };
    }
    default:
      return undefined;
  }
}

function info(kind: FeedLine["kind"], agentId: string, text: string): FeedLine {
  return { kind, level: "info", agentId, text };
}

function joinedWords(agent: Pick<AgentView, "instance" | "kind">): string {
  const { runtime, pid } = agent.instance ?? {};
  const parts = [runtime, pid === undefined ? undefined : `pid ${pid}`];
  const known = parts.filter((part) => part !== undefined);
  return known.length === 0 ? agent.kind : known.join(", ");
}

/** A message to a person; an answer stands in the conversation the person began. */
function lettersLine(message: Message, deliveries: readonly Delivery[]): FeedLine | undefined {
  const isShown = deliveries.some(({ state }) => state === "done");
  if (message.recipientId !== OPERATOR || !isShown) return undefined;
  return info("message", message.senderId, `writes to you: ${subjectOf(message)}`);
}

/** The title of a task, else the words of the message, else its type. */
function subjectOf({ payload, task, type }: Message): string {
  if (task !== null) return task.title;
  const words = typeof payload === "string" ? payload : textOf(payload);
  if (typeof words !== "string" || words.trim() === "") return type;
  const line = words.trim().replaceAll(/\s+/gu, " ");
  return line.length <= SUBJECT_LENGTH ? line : `${line.slice(0, SUBJECT_LENGTH - 1)}…`;
}

function textOf(payload: Message["payload"]): unknown {
  if (typeof payload !== "object" || payload === null || !("text" in payload)) return undefined;
  return payload["text"];
}

/** What agents hand each other fills the day; what a person asked for is worth a line. */
function personalTaskLine(
  event: { readonly message: Message; readonly delivery: Delivery },
  verb: string,
): FeedLine | undefined {
  const { message, delivery } = event;
  if (message.task === null || message.senderId !== OPERATOR) return undefined;
  return info("state", delivery.recipientId, `${verb} "${message.task.title}", from ${OPERATOR}`);
}

/**
 * Going to work and back is what a fleet does all day: only changes into and out of trouble make
 * a line.
 */
function stateLine(
  event: Extract<CommunicationEvent, { kind: "agent.state" }>,
  agent: AgentView | undefined,
): FeedLine | undefined {
  const { agentId, state, reason } = event.change;
  if (agent !== undefined && (agent.paused ?? agent.quarantined) !== null) return undefined;
  if (state === "stuck")
    return { kind: "state", level: "warning", agentId, text: `stuck: ${reason}` };
  if (state === "down") {
    const leftWell = agent?.status === "offline" && (agent.presence.exitCode ?? 0) === 0;
    if (leftWell) return info("left", agentId, reason === "it left" ? "left" : `left: ${reason}`);
    return { kind: "state", level: "error", agentId, text: `down: ${reason}` };
  }
  if (event.previous === "stuck" || event.previous === "down") {
    return info("state", agentId, `${state} again`);
  }
  return undefined;
}
