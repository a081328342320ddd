// Every option of every component, read from their zod schemas, so that the file, the
// environment, the flags and `cellphone config` speak of the same options by the same names.

import type { z } from "zod";

import type { OptionUnit } from "../core/index.ts";

/** The zod object of each component's options, by the component's key: `communication`. */
export type SectionSchemas = Readonly<Record<string, z.ZodObject>>;

/** One option, as its schema describes it. */
export interface OptionDescription {
  /** Dotted key: `communication.heartbeatInterval`. */
  readonly key: string;
  readonly section: string;
  readonly name: string;
  readonly unit: OptionUnit | null;
  readonly description: string;
  /** The default, in `unit`; undefined when there is none. */
  readonly default: unknown;
  /** True when its value must never be shown. */
  readonly secret: boolean;
  readonly schema: z.ZodType;
}

/** Finds options by the ways people write them. */
export class OptionCatalog {
  readonly options: readonly OptionDescription[];
  readonly sections: readonly string[];
  readonly #byKey = new Map<string, OptionDescription>();
  readonly #byName = new Map<string, OptionDescription[]>();

  constructor(schemas: SectionSchemas) {
    this.sections = Object.keys(schemas);
    this.options = this.sections.flatMap((section) => describeSection(section, schemas[section]));
    for (const option of this.options) {
      this.#byKey.set(option.key, option);
      this.#byName.set(option.name, [...(this.#byName.get(option.name) ?? []), option]);
    }
  }

  /** The option with this dotted key; `snake_case` and `kebab-case` parts are understood. */
  byKey(key: string): OptionDescription | undefined {
    return this.#byKey.get(key.split(".").map(toCamelCase).join("."));
  }

  /** All options of this name, whatever their section; more than one when it is ambiguous. */
  byName(name: string): readonly OptionDescription[] {
    return this.#byName.get(toCamelCase(name)) ?? [];
  }

  /** True when the word names a section. */
  isSection(word: string): boolean {
    return this.sections.includes(word);
  }
}

/** `max_metrics_history`, `max-metrics-history`, `maxMetricsHistory` → `maxMetricsHistory`. */
export function toCamelCase(name: string): string {
  return name.replaceAll(/[_-]+([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `communication.heartbeatInterval` → `CELLPHONE_COMMUNICATION_HEARTBEAT_INTERVAL`. */
export function toEnvironmentName(key: string): string {
  const words = key.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").replaceAll(".", "_");
  return `CELLPHONE_${words.toUpperCase()}`;
}

function describeSection(section: string, schema: z.ZodObject | undefined): OptionDescription[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]): OptionDescription => {
    const option: z.ZodType = field;
    const metadata = option.meta() ?? {};
    return {
      key: `${section}.${name}`,
      section,
      name,
      unit: isUnit(metadata["unit"]) ? metadata["unit"] : null,
      description: metadata.description ?? "",
      default: defaultOf(option),
      secret: metadata["secret"] === true || /(secret|password|passphrase|token)$/i.test(name),
      schema: option,
    };
  });
}

function isUnit(unit: unknown): unit is OptionUnit {
  return typeof unit === "string";
}

function defaultOf(schema: z.ZodType): unknown {
  const parsed = schema.safeParse(undefined);
  return parsed.success ? parsed.data : undefined;
}
