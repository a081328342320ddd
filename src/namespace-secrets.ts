// Secrets among a namespace's own options: whoever lists namespaces sees that one is set, not what
// it is, and may send back what was listed without losing it.

import { configurationSections, OptionCatalog } from "./configuration/index.ts";
import type { JsonObject, JsonValue } from "./core/index.ts";
import { SECRET_MASK, ServerError } from "./server/index.ts";

const catalog = new OptionCatalog(configurationSections);

/** The options as they may be shown. */
export function maskSecrets(config: JsonObject): JsonObject {
  return mapSecrets(config, (value) => (value === "" ? value : SECRET_MASK));
}

/**
 * The options as they are meant: the mask stands for the value that is stored.
 * @throws ServerError `server.input_invalid` when none is.
 */
export function keepSecrets(config: JsonObject, stored: JsonObject): JsonObject {
  return mapSecrets(config, (value, section, name) => {
    if (value !== SECRET_MASK) return value;
    const options = stored[section];
    const kept = isObject(options) ? options[name] : undefined;
    if (kept !== undefined) return kept;
    const message = `"${section}.${name}" is the mask of a stored secret, and none is stored`;
    throw new ServerError("server.input_invalid", message);
  });
}

function mapSecrets(
  config: JsonObject,
  change: (value: JsonValue, section: string, name: string) => JsonValue,
): JsonObject {
  const sections = Object.entries(config).map(([section, options]) => {
    if (!isObject(options)) return [section, options];
    const changed = Object.entries(options).map(([name, value]) => {
      const isSecret = catalog.byKey(`${section}.${name}`)?.secret === true;
      return [name, isSecret ? change(value, section, name) : value];
    });
    return [section, Object.fromEntries(changed)];
  });
  return Object.fromEntries(sections);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
