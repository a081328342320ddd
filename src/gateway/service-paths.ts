// Which public paths a service claims, and when two services claim the same.

import { canonicalisePath } from "./canonical-path.ts";
import type { RoutePlan } from "./data-plane.ts";
import { GatewayError } from "./errors.ts";
import { gatewayLimits } from "./limits.ts";
import type { PathRewrite, ServiceRecord } from "./model.ts";

type PathOwner = Pick<ServiceRecord, "id" | "version" | "paths" | "rewrite">;

/** What is taken away of a service's paths when it does not say. */
export function defaultRewrite(paths: readonly string[]): PathRewrite {
  return paths.length === 0 ? "prefix" : "version";
}

/**
 * A path template in its canonical form: `/users/:id`, `/files/**`.
 * @throws GatewayError `gateway.service_invalid`.
 */
export function pathTemplate(template: unknown, version: string): string {
  if (typeof template !== "string" || !template.startsWith("/")) {
    throw unusable(String(template), "does not start with /");
  }
  if (template.length > gatewayLimits.pathLength.value) {
    throw unusable(`${template.slice(0, 40)}…`, `has ${template.length} characters`);
  }
  if (template === "/") return template;
  const segments = template.slice(1).split("/");
  if (segments[0] === version) {
    const below = template.slice(version.length + 1) || "/**";
    throw unusable(template, `names its version; paths stand below it: write "${below}"`);
  }
  const canonical = segments.map((segment, index) => {
    if (segment === "**" && index === segments.length - 1) return segment;
    return templateSegment(template, segment);
  });
  return `/${canonical.join("/")}`;
}

function templateSegment(template: string, segment: string): string {
  if (segment === "") throw unusable(template, "holds an empty segment");
  if (segment.startsWith(":")) {
    if (/^:[A-Za-z_]\w*$/.test(segment)) return segment;
    throw unusable(template, `holds "${segment}", which is no parameter`);
  }
  if (segment.includes("*")) {
    throw unusable(template, `holds "${segment}"; write :name for a segment, ** for the rest`);
  }
  const found = canonicalisePath(`/${segment}`);
  if (found.problem !== undefined) throw unusable(template, found.problem.replace(/^it /, ""));
  if (found.query !== "" || segment.includes("?")) throw unusable(template, "holds a query");
  if (found.path === "/") throw unusable(template, "holds a . segment");
  return found.path.slice(1);
}

function unusable(template: string, why: string): GatewayError {
  return new GatewayError("gateway.service_invalid", `The path "${template}" ${why}`);
}

/** Public routes of a service, without what it serves as its version's default. */
export function routesOf(service: PathOwner): RoutePlan[] {
  const prefix = `/${service.version}`;
  const templates =
    service.paths.length === 0
      ? [`${prefix}/${service.id}/**`]
      : service.paths.map((path) => (path === "/" ? prefix : prefix + path));
  return templates.map((template) => ({ template, strip: stripOf(template, service) }));
}

function stripOf(template: string, { rewrite, version }: PathOwner): string {
  if (rewrite === "none") return "";
  if (rewrite === "version") return `/${version}`;
  const segments = template.split("/");
  const end = segments.findIndex((segment) => segment === "**" || segment.startsWith(":"));
  return (end === -1 ? segments : segments.slice(0, end)).join("/");
}

/** Public paths that reach a service, for people. */
export function publicPathsOf(service: PathOwner, isVersionDefault: boolean): string[] {
  const templates = routesOf(service).map((route) => route.template);
  return isVersionDefault ? [...templates, `/${service.version}/**`] : templates;
}

/**
 * Ids of the services that get what nobody else claims: of each version, the first registered
 * that declares no paths.
 */
export function versionDefaults(services: Iterable<ServiceRecord>): ReadonlySet<string> {
  const first = new Map<string, ServiceRecord>();
  for (const service of services) {
    if (service.paths.length > 0) continue;
    const known = first.get(service.version);
    if (known === undefined || service.position < known.position) {
      first.set(service.version, service);
    }
  }
  return new Set(Array.from(first.values(), (service) => service.id));
}

/**
 * Refuses a service that claims a path which another one claims already. Paths that merely
 * overlap are no clash: the more exact one wins.
 * @throws GatewayError `gateway.paths_clash`, naming both.
 */
export function refuseClash(service: PathOwner, others: Iterable<PathOwner>): void {
  const claimed = new Map<string, string>();
  for (const { template } of routesOf(service)) {
    const known = claimed.get(shapeOf(template));
    if (known !== undefined) {
      const message = `Service "${service.id}" claims "${known}" twice: "${template}"`;
      throw new GatewayError("gateway.service_invalid", message);
    }
    claimed.set(shapeOf(template), template);
  }
  for (const other of others) {
    if (other.id === service.id) continue;
    for (const { template } of routesOf(other)) {
      const own = claimed.get(shapeOf(template));
      if (own === undefined) continue;
      throw new GatewayError(
        "gateway.paths_clash",
        `Services "${service.id}" ("${own}") and "${other.id}" ("${template}") claim the same paths`,
        { details: { services: [service.id, other.id], templates: [own, template] } },
      );
    }
  }
}

/** Templates that match the same paths have the same shape. */
function shapeOf(template: string): string {
  return template.replaceAll(/\/:[^/]+/g, "/:");
}
