// An event as a sentence that begins with whom it is about.

import type { FeedEvent } from "./wire.ts";

const VERBS: Partial<Record<FeedEvent["kind"], string>> = { joined: "joined,", left: "left:" };

/** A cause or an alert is a sentence of its own. */
const SENTENCES: ReadonlySet<FeedEvent["kind"]> = new Set([
  "cause",
  "cause_resolved",
  "alert",
  "alert_resolved",
  "alert_acknowledged",
  "service",
]);

/** "worker-1 is stuck: no output for 14 min". */
export function eventWords(event: Pick<FeedEvent, "kind" | "agentId" | "text">): string {
  const { agentId, kind, text } = event;
  if (agentId === null || SENTENCES.has(kind)) return text;
  if (text.startsWith(`${agentId} `)) return text;
  if (kind === "dead_letter") return `${agentId}: ${text}`;
  if (kind === "state") return `${agentId} is ${text}`;
  const verb = VERBS[kind];
  return verb === undefined ? `${agentId} ${text}` : `${agentId} ${verb} ${text}`;
}
