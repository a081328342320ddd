export { ManualClock, systemClock } from "./clock.ts";
export type { Clock } from "./clock.ts";
export { countOption, durationOption, flagOption, textOption } from "./config.ts";
export type { NumberOption, OptionMetadata, OptionUnit } from "./config.ts";
export { formatDuration, parseDurationMs } from "./duration.ts";
export { Listeners } from "./emitter.ts";
export { CellphoneError, toProblem } from "./error.ts";
export type {
  CellphoneErrorOptions,
  ErrorDefinition,
  ErrorDetails,
  ErrorTable,
  ProblemDetails,
} from "./error.ts";
export { IdGenerator, randomToken, secureRandomBytes } from "./identifier.ts";
export type { RandomBytes } from "./identifier.ts";
export type { JsonObject, JsonValue } from "./json.ts";
export type { LimitDefinition, LimitTable } from "./limits.ts";
export { NAME_PATTERN, nameProblem, nearMatches } from "./name.ts";
export { DEFAULT_NAMESPACE, PrincipalKind } from "./principal.ts";
export type { AuthorizationResult, Principal } from "./principal.ts";
export { mapInSlices, nextTurn } from "./slices.ts";
export { ActivityKind, noTelemetry } from "./telemetry.ts";
export type {
  RecentStatistics,
  SeriesHandle,
  SeriesKey,
  SeriesLabels,
  Telemetry,
} from "./telemetry.ts";
export { noComponentLog } from "./log.ts";
export type { ComponentLog, LogDetails } from "./log.ts";
export { OPERATOR } from "./operator.ts";
