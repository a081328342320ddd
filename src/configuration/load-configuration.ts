// The configuration of the whole system, from all sources.

import { mergeConfiguration } from "./configuration.ts";
import type { Configuration, ConfigurationInput } from "./configuration.ts";
import { configurationSections } from "./sections.ts";

/** A configuration of every component there is. */
export type CellphoneConfiguration = Configuration<typeof configurationSections>;

/**
 * Loads the configuration in force: flags beat `CELLPHONE_…` variables, which beat the file
 * (cellphone.yaml, .yml or .json), which beats the defaults.
 * @throws ConfigurationError naming every problem with its file, line and key.
 *
 * @example
 * const { values, entries } = loadConfiguration({
 *   flags: { "communication.heartbeatInterval": "15s" },
 * });
 * console.assert(values.communication.heartbeatInterval === 15);
 * const entry = entries.find(({ key }) => key === "communication.heartbeatInterval");
 * console.assert(entry?.sourceKind === "flag");
 */
export function loadConfiguration(input: ConfigurationInput): CellphoneConfiguration {
  return mergeConfiguration(configurationSections, input);
}
