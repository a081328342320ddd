// Bounds that are not options: what keeps one caller, or one bad service, from using up what all
// share.

import type { LimitTable } from "../core/index.ts";
import { dataPlaneLimits } from "./data-plane-limits.ts";

/** Fixed limits of the gateway. */
export const gatewayLimits = {
  targetLength: {
    value: 16_384,
    unit: "characters",
    reason: "A path with its query longer than most servers accept is a mistake or an attack.",
    atLimit: "The call is refused with gateway.path_invalid.",
  },
  queryKept: {
    value: 1024,
    unit: "characters",
    reason: "A history line is to be read; a query may carry whole documents.",
    atLimit: "The query is cut in the history and ends in an ellipsis; it is forwarded whole.",
  },
  pathKept: {
    value: 1024,
    unit: "characters",
    reason: "A history line is to be read, and whoever has no key can send paths of 16 KiB.",
    atLimit: "The path is cut in the history and ends in an ellipsis; it is forwarded whole.",
  },
  endpoints: {
    value: 64,
    unit: "items",
    reason: "Endpoints of one service; each is checked and compared at every call.",
    atLimit: "Registering more is refused with gateway.service_invalid.",
  },
  paths: {
    value: 128,
    unit: "items",
    reason: "Path templates of one service; each is an entry in every worker's route table.",
    atLimit: "Registering more is refused with gateway.service_invalid.",
  },
  pathLength: {
    value: 512,
    unit: "characters",
    reason: "A template is shown and is a label of metrics.",
    atLimit: "A longer one is refused with gateway.service_invalid.",
  },
  metadataBytes: {
    value: 65_536,
    unit: "bytes",
    reason: "Metadata is in memory for every service.",
    atLimit: "Larger metadata is refused with gateway.service_invalid.",
  },
  retries: {
    value: 5,
    unit: "items",
    reason: "Further attempts multiply the load on a service that is failing already.",
    atLimit: "Asking for more is refused with gateway.service_invalid.",
  },
  requestTimeoutMs: {
    value: 3_600_000,
    unit: "ms",
    reason: "A call that waits longer than an hour for its first byte is forgotten, not slow.",
    atLimit: "A longer requestTimeoutMs is refused with gateway.service_invalid.",
  },
  requestsPerMinute: {
    value: 100_000_000,
    unit: "items",
    reason: "Beyond it the time between two calls is under a microsecond, which no limit needs.",
    atLimit: "A larger rate is refused with gateway.limit_invalid.",
  },
  rateLimitSlots: {
    value: 65_536,
    unit: "items",
    reason: "Keys whose budget is not full again; 16 bytes each, shared by all workers.",
    atLimit: "Of the keys a new one competes with, the one nearest to rest gets its budget back.",
  },
  retryBudget: {
    value: 10,
    unit: "items",
    reason: "Retries saved up; every five calls earn one, so retries stay a fifth of the calls.",
    atLimit: "No more are saved; with none left, the first failure is the answer.",
  },
  breakerFailures: {
    value: 5,
    unit: "items",
    reason: "Calls without an answer in a row after which a worker stops asking an endpoint.",
    atLimit:
      "The endpoint is left out until breakerDelayMs has passed; then one call tries it. So many " +
      "bad answers in a row (502, 503, 504) leave it out only while another one can be asked.",
  },
  breakerDelayMs: {
    value: 5000,
    unit: "ms",
    reason: "How long a worker leaves a failing endpoint alone; doubles while it goes on failing.",
    atLimit: "One call tries the endpoint; when its answer begins, the endpoint is open for all.",
  },
  breakerDelayMostMs: {
    value: 60_000,
    unit: "ms",
    reason: "An endpoint that is back should be noticed within a minute.",
    atLimit: "The delay stays at one minute.",
  },
  concurrentChecks: {
    value: 16,
    unit: "items",
    reason: "Health checks under way at once, so that many services do not need many sockets.",
    atLimit: "Further checks wait for one to end.",
  },
  checkBodyBytes: {
    value: 65_536,
    unit: "bytes",
    reason: "A health check wants the status; its body is read only to keep the connection.",
    atLimit: "The check counts as answered; its connection is closed.",
  },
  pendingCalls: {
    value: 50_000,
    unit: "items",
    reason: "Calls waiting for the store of the history, about a kilobyte each.",
    atLimit: "The oldest that are neither failed nor slow are dropped and counted.",
  },
  callsPerWrite: {
    value: 2000,
    unit: "items",
    reason: "One write is one commit; a longer one would hold up readers.",
    atLimit: "The rest goes into the next write.",
  },
  callsPerAnswer: {
    value: 1000,
    unit: "items",
    reason: "Calls in one answer of the history.",
    atLimit: "A larger limit is served as 1000.",
  },
  callSeries: {
    value: 20_000,
    unit: "items",
    reason: "Open series of call metrics, so that ids made up by callers cannot fill memory.",
    atLimit: "Those used longest ago are closed and opened again when they are needed.",
  },
  activityValues: {
    value: 64,
    unit: "items",
    reason: "Durations kept per service and ten seconds for the percentiles of the last minutes.",
    atLimit: "A uniform sample of that size stands for the rest.",
  },
  ...dataPlaneLimits,
} as const satisfies LimitTable;
