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

/** Plans of services made before, by what they were made of. */
export type MadePlans = WeakMap<ServiceRecord, ServicePlan>;

/**
 * The plan of one namespace.
 *
 * @param made a service whose plan would be the same again gets the same object, by which planes
 * see that it has not changed. Kept by whoever compiles again and again.
 * @example
 * const plan = compilePlan([], { namespace: "default", revision: 1, held: {}, anonymous: true,
 *   settings: { requestTimeoutMs: 30_000, slowCallMs: 5000 }, environment: {},
 *   isUsable: () => true });
 * console.assert(plan.services.length === 0);
 */
export function compilePlan(
  services: readonly ServiceRecord[],
  parts: PlanParts,
  made: MadePlans = new WeakMap(),
): NamespacePlan {
  const defaults = versionDefaults(services);
  return {
    namespace: parts.namespace,
    revision: parts.revision,
    services: services.map((service) => {
      const facts = factsOf(service, defaults.has(service.id), parts);
      const known = made.get(service);
      if (known !== undefined && isSame(known, facts)) return known;
      const plan = servicePlan(service, facts, parts);
      made.set(service, plan);
      return plan;
    }),
    held: parts.held,
    slowCallMs: parts.settings.slowCallMs,
    anonymous: parts.anonymous,
  };
}

/** What a service's plan follows beside its record. */
interface Facts {
  readonly isVersionDefault: boolean;
  /** By the place of the endpoint. */
  readonly healthy: readonly boolean[];
  readonly missing: string | undefined;
  readonly credential: ServiceCredential | null;
}

function factsOf(service: ServiceRecord, isVersionDefault: boolean, parts: PlanParts): Facts {
  const { credential, endpoints, id } = service;
  const missing = missingVariable(credential, parts.environment);
  return {
    isVersionDefault,
    healthy: endpoints.map(({ baseUrl }) => parts.isUsable(id, baseUrl)),
    missing,
    credential: missing === undefined ? filledCredential(credential, parts.environment) : null,
  };
}

function isSame(plan: ServicePlan, facts: Facts): boolean {
  return (
    plan.isVersionDefault === facts.isVersionDefault &&
    plan.credentialMissing === facts.missing &&
    plan.credential?.value === facts.credential?.value &&
    plan.endpoints.every(({ healthy }, index) => healthy === facts.healthy[index])
  );
}

function servicePlan(
  service: ServiceRecord,
  { isVersionDefault, healthy, missing, credential }: Facts,
  parts: PlanParts,
): ServicePlan {
  return {
    id: service.id,
    version: service.version,
    routes: routesOf(service),
    isVersionDefault,
    rewrite: service.rewrite,
    endpoints: service.endpoints.map(({ baseUrl, weight }, index) => ({
      baseUrl,
      weight,
      healthy: healthy[index] ?? true,
    })),
    rateLimit: service.rateLimit,
    agentRateLimit: service.agentRateLimit,
    requestTimeoutMs: service.requestTimeoutMs ?? parts.settings.requestTimeoutMs,
    retries: service.retries,
    credential,
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
