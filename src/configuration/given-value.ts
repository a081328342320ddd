// A value somebody gave for an option, with its origin: what the file, the environment and the
// flags are all turned into before they are merged.

import type { ConfigurationProblem } from "./problem.ts";
import type { OptionDescription } from "./option-catalog.ts";

/** Where values come from, weakest first. */
export const SourceKind = {
  Default: "default",
  File: "file",
  Environment: "environment",
  Flag: "flag",
} as const;
export type SourceKind = (typeof SourceKind)[keyof typeof SourceKind];

/** One given value. */
export interface GivenValue {
  readonly option: OptionDescription;
  readonly value: unknown;
  readonly kind: SourceKind;
  /** `cellphone.yaml:4:3`, `CELLPHONE_HEARTBEAT_INTERVAL`, `--port`. */
  readonly where: string;
  /** True when the option's section was named too; it then beats a bare option name. */
  readonly specific: boolean;
}

/** One option in force. */
export interface ConfigurationEntry {
  /** Dotted key: `communication.heartbeatInterval`. */
  readonly key: string;
  readonly value: unknown;
  readonly sourceKind: SourceKind;
  /** `default`, `cellphone.yaml:4:3`, `CELLPHONE_HEARTBEAT_INTERVAL`, `--port`. */
  readonly source: string;
  readonly unit: string | null;
  readonly description: string;
  readonly default: unknown;
  readonly secret: boolean;
}

/** What one source gave. */
export interface GivenValues {
  readonly values: readonly GivenValue[];
  readonly problems: readonly ConfigurationProblem[];
  readonly warnings: readonly string[];
}
