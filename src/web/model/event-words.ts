// An event as a sentence that begins with whom it is about.

import type { FeedEvent } from "./wire.ts";

const VERBS: Partial<Record<FeedEvent["kind"], string>> = { joined: "joined,", left: "left:" };

/** "worker-1 is stuck: no output for 14 min". */
export function eventWords(event: Pick<FeedEvent, "kind" | "agentId" | "text">): string {
  const { agentId, kind, text } = event;
  // A cause is a sentence of its own.
  if (agentId === null || kind === "cause" || kind === "cause_resolved") return text;
  if (text.startsWith(`${agentId} `)) return text;
  if (kind === "dead_letter") return `${agentId}: ${text}`;
  if (kind === "state") return `${agentId} is ${text}`;
  const verb = VERBS[kind];
  return verb === undefined ? `${agentId} ${text}` : `${agentId} ${verb} ${text}`;
}
