// From services as they are registered to what a data plane needs: routes, endpoints with their
// health, limits, and credentials with the environment's values put in.

import type { NamespacePlan, ServicePlan } from "./data-plane.ts";
import type { GatewaySettings } from "./config.ts";
import type { ServiceCredential, ServiceRecord } from "./model.ts";
import { routesOf, versionDefaults } from "./service-paths.ts";

/** Values by name, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a plan is made of, beside the services. */
export interface PlanParts {
  readonly namespace: string;
  readonly revision: number;
  readonly settings: Pick<GatewaySettings, "requestTimeoutMs" | "slowCallMs">;
  readonly anonymous: boolean;
  readonly held: NamespacePlan["held"];
  readonly environment: Environment;
  /** What health checks say; true where none are made. */
  readonly isUsable: (serviceId: string, baseUrl: string) => boolean;
}

/**
 * The plan of one namespace.
 *
 * @example
 * const plan = compilePlan([], { namespace: "default", revision: 1, held: {}, anonymous: true,
 *   settings: { requestTimeoutMs: 30_000, slowCallMs: 5000 }, environment: {},
 *   isUsable: () => true });
 * console.assert(plan.services.length === 0);
 */
export function compilePlan(services: readonly ServiceRecord[], parts: PlanParts): NamespacePlan {
  const defaults = versionDefaults(services);
  return {
    namespace: parts.namespace,
    revision: parts.revision,
    services: services.map((service) => servicePlan(service, defaults.has(service.id), parts)),
    held: parts.held,
    slowCallMs: parts.settings.slowCallMs,
    anonymous: parts.anonymous,
  };
}

function servicePlan(
  service: ServiceRecord,
  isVersionDefault: boolean,
  parts: PlanParts,
): ServicePlan {
  const missing = missingVariable(service.credential, parts.environment);
  return {
    id: service.id,
    version: service.version,
    routes: routesOf(service),
    isVersionDefault,
    rewrite: service.rewrite,
    endpoints: service.endpoints.map(({ baseUrl, weight }) => ({
      baseUrl,
      weight,
      healthy: parts.isUsable(service.id, baseUrl),
    })),
    rateLimit: service.rateLimit,
    agentRateLimit: service.agentRateLimit,
    requestTimeoutMs: service.requestTimeoutMs ?? parts.settings.requestTimeoutMs,
    retries: service.retries,
    credential:
      missing === undefined ? filledCredential(service.credential, parts.environment) : null,
    ...(missing === undefined ? {} : { credentialMissing: missing }),
  };
}

const VARIABLE = /\$\{([A-Za-z_]\w*)\}/g;

/** The first variable a credential names that is not set; undefined when all are. */
export function missingVariable(
  credential: ServiceCredential | null,
  environment: Environment,
): string | undefined {
  for (const [, name = ""] of credential?.value.matchAll(VARIABLE) ?? []) {
    if (variable(environment, name) === "") return name;
  }
  return undefined;
}

function filledCredential(
  credential: ServiceCredential | null,
  environment: Environment,
): ServiceCredential | null {
  if (credential === null) return null;
  const value = credential.value.replaceAll(VARIABLE, (_, name: string) =>
    variable(environment, name),
  );
  // A variable read from a file often ends in a line break, which no header may hold.
  return { header: credential.header, value: value.trim() };
}

function variable(environment: Environment, name: string): string {
  return Object.hasOwn(environment, name) ? (environment[name] ?? "") : "";
}
