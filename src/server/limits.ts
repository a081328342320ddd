// The control plane's limits.

import type { LimitTable } from "../core/index.ts";

/** Every bound the control plane keeps to. */
export const serverLimits = {
  bodyBytes: {
    value: 8 * 1024 * 1024,
    unit: "bytes",
    reason: "256 messages of ordinary size, or 10,000 samples, fit in one request",
    atLimit: "The request is refused with server.body_too_large",
  },
  profileBytes: {
    value: 32 * 1024 * 1024,
    unit: "bytes",
    reason: "Two minutes of CPU samples of a busy program, inflated",
    atLimit: "The upload is refused with server.body_too_large, however small it was gzipped",
  },
  batchSpans: {
    value: 1000,
    unit: "items",
    reason: "About 10 ms of the main thread",
    atLimit: "The request is refused with server.input_invalid",
  },
  listSpans: {
    value: 5000,
    unit: "items",
    reason: "The largest trace a page draws",
    atLimit: "The request is refused with server.input_invalid; narrow the range",
  },
  headerBytes: {
    value: 16 * 1024,
    unit: "bytes",
    reason: "Keys, cookies and trace context need under 2 KiB; Node's own default",
    atLimit: "Node answers 431 and closes the connection",
  },
  jsonDepth: {
    value: 64,
    unit: "levels",
    reason: "Deeper nesting overflows the stack of whoever serialises it again",
    atLimit: "The request is refused with server.input_invalid",
  },
  inputIssues: {
    value: 20,
    unit: "items",
    reason: "Problems of one request told back; a body can hold hundreds of thousands",
    atLimit: "The rest are counted in the message",
  },
  inputIssueKey: {
    value: 128,
    unit: "characters",
    reason: "A field's name told back and kept in the audit log; a key can be of megabytes",
    atLimit: "The name is cut and ends in an ellipsis",
  },
  connections: {
    value: 30_000,
    unit: "items",
    reason: "Three lines (claim, heartbeat, its wrapper's) of as many agents as a namespace takes",
    atLimit: "Further connections are closed at once; clients retry",
  },
  agentRequests: {
    value: 1000,
    unit: "items",
    reason: "A thirtieth of all connections: one agent cannot take them all, read or unread",
    atLimit: "Further requests of that agent get server.too_many_requests with Retry-After",
  },
  headersTimeout: {
    value: 10_000,
    unit: "ms",
    reason: "A client that cannot send its headers in 10 s only holds a connection",
    atLimit: "Node answers 408 and closes the connection",
  },
  requestTimeout: {
    value: 60_000,
    unit: "ms",
    reason: "The largest body arrives within a minute at 150 KB/s",
    atLimit: "Node answers 408 and closes the connection",
  },
  stillMs: {
    value: 120_000,
    unit: "ms",
    reason: "Twice the longest poll: nobody reads the answer that waits in such a connection",
    atLimit: "The connection is closed",
  },
  batchMessages: {
    value: 256,
    unit: "items",
    reason: "One commit's worth of messages; larger batches delay everybody else's commit",
    atLimit: "The request is refused with server.input_invalid",
  },
  batchSamples: {
    value: 10_000,
    unit: "items",
    reason: "About 10 ms of the main thread",
    atLimit: "The request is refused with server.input_invalid",
  },
  listItems: {
    value: 1000,
    unit: "items",
    reason: "A page of results that is parsed in a few milliseconds",
    atLimit: "The request is refused with server.input_invalid; page with beforeId",
  },
  listSamples: {
    value: 10_000,
    unit: "items",
    reason: "The default history of a tracker, whole",
    atLimit: "The request is refused with server.input_invalid; narrow the range",
  },
  listAgents: {
    value: 10_000,
    unit: "items",
    reason: "The most agents a namespace takes",
    atLimit: "The request is refused with server.input_invalid",
  },
  waitMs: {
    value: 60_000,
    unit: "ms",
    reason: "Proxies and load balancers commonly cut idle requests after a minute",
    atLimit: "The request is refused with server.input_invalid; poll again instead",
  },
  viewers: {
    value: 200,
    unit: "items",
    reason: "Browser tabs share one stream, so this is about as many people",
    atLimit: "Further viewers get server.too_many_viewers with Retry-After",
  },
  viewerReplay: {
    value: 1000,
    unit: "items",
    reason: "Missed events are read from the store in pages of this size",
    atLimit: "The next page is read once the viewer has taken this one",
  },
  viewerConversations: {
    value: 500,
    unit: "items",
    reason: "Ids of changed conversations kept for a viewer until the next frame",
    atLimit: "Further ids are left out; the list is read again anyway",
  },
  viewerFrameAgents: {
    value: 500,
    unit: "items",
    reason: "About 100 kB: the most that waits in the connection of a viewer that does not read",
    atLimit: "The others come in further frames, as the viewer takes them",
  },
  viewerFrameRecords: {
    value: 100,
    unit: "items",
    reason: "About 100 kB of alerts or services, which are larger than tiles",
    atLimit: "The others come in further frames, as the viewer takes them",
  },
  viewerFeedTail: {
    value: 256,
    unit: "items",
    reason: "Events kept per namespace to bridge reading the store and going live",
    atLimit: "The oldest leave the tail; a viewer that is further behind reads the store",
  },
  viewerAlerts: {
    value: 1000,
    unit: "items",
    reason: "Changed alerts kept for a viewer until it takes them; as many as one page lists",
    atLimit: "Its connection is closed; the page reconnects and begins with all that fire",
  },
  viewerBlockedMs: {
    value: 60_000,
    unit: "ms",
    reason: "A connection that takes nothing for a minute has nobody behind it",
    atLimit: "It is closed; the page reconnects and resumes",
  },
  agentLogLines: {
    value: 500,
    unit: "items",
    reason: "What a page shows of an agent's output",
    atLimit: "The oldest lines go",
  },
  agentLogBytes: {
    value: 64 * 1024,
    unit: "bytes",
    reason: "The last screens of output; more is a log file's job",
    atLimit: "The oldest lines go; a longer line keeps its end",
  },
  agentLogAgents: {
    value: 2000,
    unit: "items",
    reason: "Tails of the agents that wrote last; 125 MiB when all are full",
    atLimit: "The tail that was quiet for longest goes",
  },
  cachedPageBytes: {
    value: 32 * 1024 * 1024,
    unit: "bytes",
    reason: "All the built pages fit several times over",
    atLimit: "Further files are read from the disk each time",
  },
  drainMs: {
    value: 10_000,
    unit: "ms",
    reason: "Requests under way at a stop get this long; supervisors kill after 10 to 30 s",
    atLimit: "The rest are cut",
  },
} as const satisfies LimitTable;
