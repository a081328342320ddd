// Everything a caller says of a service is checked here once, so that the rest may trust it.

import { nameProblem } from "../core/index.ts";
import type { JsonObject } from "../core/index.ts";
import { GatewayError } from "./errors.ts";
import { gatewayLimits } from "./limits.ts";
import type { PathRewrite, RateLimit, ServiceCredential, ServiceEndpoint } from "./model.ts";
import type { ServiceRecord } from "./model.ts";
import { rateLimitOf } from "./rate-limit.ts";
import type { EndpointInput, RateLimitInput, ServiceFields } from "./requests.ts";
import type { ServicePatch } from "./requests.ts";
import { defaultRewrite, pathTemplate } from "./service-paths.ts";
import { baseUrlOf, healthCheckUrlOf } from "./service-url.ts";

/** A checked service, without what the registry adds. */
export type ServiceDraft = Omit<ServiceRecord, "namespace" | "registeredAtMs" | "position">;

/** A registration whose optional fields may also be there and say nothing. */
export type GivenService = { readonly id: string } & {
  readonly [Field in keyof ServiceFields]?: ServiceFields[Field] | undefined;
};

const DEFAULT_VERSION = "v1";
const DEFAULT_RETRIES = 1;
const NAME_LENGTH = 200;
const CREDENTIAL_LENGTH = 8192;
const REWRITES: ReadonlySet<unknown> = new Set<PathRewrite>(["version", "prefix", "none"]);
/** Headers that belong to the connection or to the gateway. */
const RESERVED_HEADERS = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "traceparent",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * A registration, checked and with its defaults.
 * @throws GatewayError `gateway.service_invalid`, `gateway.url_invalid`, `gateway.limit_invalid`.
 */
export function serviceDraft(input: GivenService): ServiceDraft {
  checkName(input.id, "service id");
  const version = input.version ?? DEFAULT_VERSION;
  checkName(version, "version");
  const paths = templatesOf(input.paths ?? [], version);
  return {
    id: input.id,
    name: titleOf(input.name ?? input.id),
    version,
    endpoints: endpointsOf(input),
    paths,
    rewrite: rewriteOf(input.rewrite ?? defaultRewrite(paths)),
    healthCheckUrl: isAbsent(input.healthCheckUrl) ? null : healthCheckUrlOf(input.healthCheckUrl),
    rateLimit: limitOf(input.rateLimit),
    agentRateLimit: limitOf(input.agentRateLimit),
    requestTimeoutMs: timeoutOf(input.requestTimeoutMs ?? null),
    retries: retriesOf(input.retries ?? DEFAULT_RETRIES),
    credential: credentialOf(input.credential ?? null),
    metadata: metadataOf(input.metadata ?? {}),
  };
}

/** A service with a patch laid over it, as a registration to be checked. */
export function patched(record: ServiceRecord, patch: ServicePatch): GivenService {
  const { baseUrl, endpoints } = patch;
  if (!isAbsent(baseUrl) && !isAbsent(endpoints)) {
    throw invalid("baseUrl and endpoints are both given");
  }
  const paths = chosen(patch.paths, record.paths) ?? [];
  // A rewrite that was never chosen follows the paths.
  const isUsual = record.rewrite === defaultRewrite(record.paths);
  return {
    id: record.id,
    name: chosen(patch.name, record.name),
    version: chosen(patch.version, record.version),
    endpoints: isAbsent(baseUrl) ? chosen(endpoints, record.endpoints) : [baseUrl],
    paths,
    rewrite: chosen(patch.rewrite, isUsual ? defaultRewrite(paths) : record.rewrite),
    healthCheckUrl: chosen(patch.healthCheckUrl, record.healthCheckUrl),
    rateLimit: chosen(patch.rateLimit, record.rateLimit),
    agentRateLimit: chosen(patch.agentRateLimit, record.agentRateLimit),
    requestTimeoutMs: chosen(patch.requestTimeoutMs, record.requestTimeoutMs),
    retries: chosen(patch.retries, record.retries),
    credential: chosen(patch.credential, record.credential),
    metadata: chosen(patch.metadata, record.metadata),
  };
}

/** What a patch leaves of a field: absent keeps it, null takes it back to its default. */
function chosen<Value>(given: Value | null | undefined, kept: Value | null): Value | undefined {
  return (given === undefined ? kept : given) ?? undefined;
}

function isAbsent(value: unknown): value is null | undefined | "" {
  return value === undefined || value === null || value === "";
}

function checkName(name: unknown, role: string): void {
  const problem = nameProblem(name);
  if (problem !== undefined) throw invalid(`The ${role} "${String(name).slice(0, 80)}" ${problem}`);
}

function titleOf(name: unknown): string {
  if (typeof name !== "string" || name.trim() === "") throw invalid("name must not be empty");
  if (name.length > NAME_LENGTH) throw invalid(`name has ${name.length} characters`);
  return name.trim();
}

function endpointsOf({ baseUrl, endpoints }: GivenService): ServiceEndpoint[] {
  if (baseUrl !== undefined && endpoints !== undefined) {
    throw invalid("baseUrl and endpoints are both given");
  }
  const inputs: readonly EndpointInput[] = baseUrl === undefined ? (endpoints ?? []) : [baseUrl];
  const most = gatewayLimits.endpoints.value;
  if (!Array.isArray(inputs) || inputs.length === 0) throw invalid("A service needs a base URL");
  if (inputs.length > most) throw invalid(`${inputs.length} endpoints are more than ${most}`);
  const checked = inputs.map(endpointOf);
  const urls = new Set(checked.map((endpoint) => endpoint.baseUrl));
  if (urls.size < checked.length) throw invalid("Two endpoints have the same base URL");
  if (!checked.some((endpoint) => endpoint.weight > 0)) throw invalid("All weights are 0");
  return checked;
}

function endpointOf(input: EndpointInput): ServiceEndpoint {
  if (typeof input === "string") return { baseUrl: baseUrlOf(input), weight: 1 };
  if (typeof input !== "object" || input === null) throw invalid("An endpoint is no URL");
  const { baseUrl, weight = 1 } = input;
  if (!(typeof weight === "number" && weight >= 0 && weight <= 1e6)) {
    throw invalid(`weight is ${String(weight)}: it must lie between 0 and 1,000,000`);
  }
  return { baseUrl: baseUrlOf(baseUrl), weight };
}

function templatesOf(paths: unknown, version: string): string[] {
  if (!Array.isArray(paths)) throw invalid("paths must be a list of templates");
  const most = gatewayLimits.paths.value;
  if (paths.length > most) throw invalid(`${paths.length} paths are more than ${most}`);
  return [...new Set(paths.map((path: unknown) => pathTemplate(path, version)))];
}

function rewriteOf(rewrite: PathRewrite): PathRewrite {
  if (REWRITES.has(rewrite)) return rewrite;
  throw invalid(`rewrite is "${rewrite}": it must be version, prefix or none`);
}

function limitOf(input: RateLimitInput | null | undefined): RateLimit | null {
  if (input === null || input === undefined) return null;
  if (typeof input !== "object") throw invalid("A rate limit must be an object");
  return rateLimitOf(input.requestsPerMinute, input.burst);
}

function timeoutOf(timeoutMs: number | null): number | null {
  if (timeoutMs === null) return null;
  const most = gatewayLimits.requestTimeoutMs.value;
  if (typeof timeoutMs === "number" && timeoutMs > 0 && timeoutMs <= most) return timeoutMs;
  throw invalid(`requestTimeoutMs is ${String(timeoutMs)}: it must be above 0, at most ${most}`);
}

function retriesOf(retries: number): number {
  const most = gatewayLimits.retries.value;
  if (Number.isInteger(retries) && retries >= 0 && retries <= most) return retries;
  throw invalid(`retries is ${String(retries)}: it must be a whole number from 0 to ${most}`);
}

function credentialOf(credential: ServiceCredential | null): ServiceCredential | null {
  if (credential === null) return null;
  const { header, value } = credential;
  if (typeof header !== "string" || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(header)) {
    throw invalid("credential.header is no header name");
  }
  const name = header.toLowerCase();
  if (RESERVED_HEADERS.has(name)) throw invalid(`credential.header cannot be ${name}`);
  // Never repeated in the message: it is a secret.
  const isText = typeof value === "string" && value !== "" && value.length <= CREDENTIAL_LENGTH;
  if (
    !isText ||
    !/^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/.test(value)
  ) {
    throw invalid("credential.value cannot be a header's value");
  }
  return { header: name, value };
}

function metadataOf(metadata: JsonObject): JsonObject {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) {
    throw invalid("metadata must be an object");
  }
  let json: string;
  try {
    json = JSON.stringify(metadata);
  } catch (cause) {
    throw new GatewayError("gateway.service_invalid", "metadata cannot be JSON", { cause });
  }
  const bytes = Buffer.byteLength(json);
  const most = gatewayLimits.metadataBytes.value;
  if (bytes > most) throw invalid(`metadata has ${bytes} bytes, more than ${most}`);
  return JSON.parse(json); // a copy: what was accepted must not change when the caller's object does
}

function invalid(message: string): GatewayError {
  return new GatewayError("gateway.service_invalid", message);
}
