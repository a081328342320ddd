// Bounds of what carries calls; part of the gateway's table of limits.

import type { LimitTable } from "../core/index.ts";

/** Fixed limits of the data plane. */
export const dataPlaneLimits = {
  smallBodyBytes: {
    value: 65_536,
    unit: "bytes",
    reason: "A body up to this length is read before a connection is taken, so it can be repeated.",
    atLimit: "A longer one, or one of unknown length, is passed on as it comes and never repeated.",
  },
  upstreamWaiting: {
    value: 1024,
    unit: "items",
    reason:
      "Calls of one worker that wait for one of gateway.maxUpstreamConnections to one origin, as " +
      "many as Envoy's default. Each may hold a body of smallBodyBytes.",
    atLimit: "Further calls are refused with gateway.service_busy.",
  },
  serviceShare: {
    value: 75,
    unit: "percent",
    reason: "Of gateway.maxConcurrentCalls for one service: a slow one must not take all of them.",
    atLimit: "Further calls to it are refused with gateway.service_busy.",
  },
  upstreamConnectMs: {
    value: 10_000,
    unit: "ms",
    reason: "A host that does not answer a connection within this time is gone.",
    atLimit: "The attempt fails with gateway.upstream_timeout.",
  },
  upstreamHeadBytes: {
    value: 65_536,
    unit: "bytes",
    reason: "Status line and headers of an answer; servers send a few kilobytes.",
    atLimit: "The answer is refused with gateway.upstream_head_too_large.",
  },
  interimAnswers: {
    value: 32,
    unit: "items",
    reason: "Answers before the answer (1xx) of one call; a service sends one or two early hints.",
    atLimit: "The call fails with gateway.upstream_broken.",
  },
  discardedBytes: {
    value: 65_536,
    unit: "bytes",
    reason: "The body of a failed answer is read before the next attempt, to keep its connection.",
    atLimit: "The connection is closed instead.",
  },
  callerHeadBytes: {
    value: 16_384,
    unit: "bytes",
    reason: "Request line and headers of a call; keys, cookies and trace context need under 2 KiB.",
    atLimit: "The call is refused with gateway.head_too_large.",
  },
  callerHeadMs: {
    value: 15_000,
    unit: "ms",
    reason: "A caller that takes longer to send its headers holds a connection for nothing.",
    atLimit: "The call is refused with gateway.request_too_slow.",
  },
  callerIdleMs: {
    value: 75_000,
    unit: "ms",
    reason: "A connection kept for the next call; longer than usual clients keep theirs.",
    atLimit: "The connection is closed.",
  },
  callerConnections: {
    value: 20_000,
    unit: "items",
    reason: "Callers' connections of one worker; each costs a file descriptor and some kilobytes.",
    atLimit: "Further connections are closed at once.",
  },
  lingerMs: {
    value: 2000,
    unit: "ms",
    reason: "A caller that still sends after its answer gets time to read it.",
    atLimit: "Its connection is closed.",
  },
  hops: {
    value: 8,
    unit: "items",
    reason: "Gateways that a call may come through.",
    atLimit: "The call is refused with gateway.loop_detected.",
  },
  routedAnswerBytes: {
    value: 67_108_864,
    unit: "bytes",
    reason: "routeRequest() holds the whole answer in memory.",
    atLimit: "It fails with gateway.answer_too_large; call over the network to stream.",
  },
  batchIntervalMs: {
    value: 250,
    unit: "ms",
    reason: "What happened is told in batches: telling each call by itself costs more than it.",
    atLimit: "The next batch follows this much later.",
  },
  batchCalls: {
    value: 125,
    unit: "items",
    reason: "Ordinary calls of one batch kept one by one, 500 a second; more is read by nobody.",
    atLimit: "Further ones are counted and measured like all, and told as omitted.",
  },
  batchNotableCalls: {
    value: 500,
    unit: "items",
    reason: "Room for failed and slow calls that ordinary ones cannot take.",
    atLimit: "Further ones are counted as omitted.",
  },
  batchAggregates: {
    value: 5000,
    unit: "items",
    reason: "Agent, service, route and outcome: as many combinations as one batch may tell apart.",
    atLimit: "Further ones are told without agent and route.",
  },
  deadlineSweepMs: {
    value: 50,
    unit: "ms",
    reason: "Calls' deadlines are looked at together; a timer for each costs more.",
    atLimit: "A call ends up to twice this much after its deadline.",
  },
  closeGraceMs: {
    value: 10_000,
    unit: "ms",
    reason: "Calls under way get this long to finish when the gateway stops.",
    atLimit: "They are broken off with gateway.cut.",
  },
  workerReplyMs: {
    value: 10_000,
    unit: "ms",
    reason: "A worker that does not answer within this time hangs.",
    atLimit: "It is ended and started again.",
  },
  workerEndMs: {
    value: 500,
    unit: "ms",
    reason: "A worker that has closed ends at once, unless a middleware holds on to something.",
    atLimit: "Its thread is terminated.",
  },
  workerYoungMegabytes: {
    value: 24,
    unit: "MiB",
    reason: "Room for a worker's new objects; a call's are gone before it is full",
    atLimit: "They are collected; what is still in use grows old",
  },
} as const satisfies LimitTable;
