// Which service a public path leads to: a trie of path segments. A literal segment beats a
// parameter, a parameter beats `**`; what the first choice cannot match to its end, the next one
// gets to try.
//
//     (root) ── v1 ─┬─ users ─┬─ me              /v1/users/me
//                   │         └─ :  ── posts     /v1/users/:id/posts
//                   ├─ reports ── **             /v1/reports/**   (and /v1/reports itself)
//                   └─ **                        the version's default service

import type { NamespacePlan, RoutePlan, ServicePlan } from "./data-plane.ts";

/** Where a path leads. */
export interface RouteMatch {
  readonly service: ServicePlan;
  readonly route: RoutePlan;
  /** The path as the service gets it, below its base URL; starts with `/`. */
  readonly upstreamPath: string;
}

interface Leaf {
  readonly service: ServicePlan;
  readonly route: RoutePlan;
}

class Node {
  readonly literals = new Map<string, Node>();
  parameter: Node | undefined;
  /** Serves this path when it ends here. */
  leaf: Leaf | undefined;
  /** Serves whatever lies below, and the path that ends here if nothing else does. */
  rest: Leaf | undefined;
}

/**
 * The routes of one namespace. Made anew whenever the plan changes, never changed in place.
 *
 * @example
 * const plan = { namespace: "default", revision: 1, services: [], held: {}, slowCallMs: 5000,
 *   anonymous: true };
 * console.assert(new RouteTable(plan).match("/v1/users") === undefined);
 */
export class RouteTable {
  readonly #root = new Node();

  constructor(plan: NamespacePlan) {
    for (const service of plan.services) {
      for (const route of service.routes) this.#add(route.template, { service, route });
    }
    // Last, and only where nobody else claimed the whole version.
    for (const service of plan.services) {
      if (!service.isVersionDefault) continue;
      const strip = service.rewrite === "none" ? "" : `/${service.version}`;
      const route = { template: `/${service.version}/**`, strip };
      this.#add(route.template, { service, route });
    }
  }

  /** @param path public and canonical (see canonicalisePath()), without its query. */
  match(path: string): RouteMatch | undefined {
    const leaf = find(this.#root, path, 1);
    if (leaf === undefined) return undefined;
    return { ...leaf, upstreamPath: upstreamPath(path, leaf.route.strip) };
  }

  #add(template: string, leaf: Leaf): void {
    let node = this.#root;
    for (const segment of template.slice(1).split("/")) {
      if (segment === "**") {
        node.rest ??= leaf;
        return;
      }
      node = segment.startsWith(":") ? (node.parameter ??= new Node()) : literal(node, segment);
    }
    node.leaf ??= leaf;
  }
}

function literal(node: Node, segment: string): Node {
  const found = node.literals.get(segment);
  if (found !== undefined) return found;
  const made = new Node();
  node.literals.set(segment, made);
  return made;
}

/** @param start where the next segment begins; beyond the end when there is none. */
function find(node: Node, path: string, start: number): Leaf | undefined {
  if (start > path.length) return node.leaf ?? node.rest;
  const slash = path.indexOf("/", start);
  const end = slash === -1 ? path.length : slash;
  if (node.literals.size > 0) {
    const child = node.literals.get(path.slice(start, end));
    const found = child === undefined ? undefined : find(child, path, end + 1);
    if (found !== undefined) return found;
  }
  if (node.parameter !== undefined && end > start) {
    const found = find(node.parameter, path, end + 1);
    if (found !== undefined) return found;
  }
  return node.rest;
}

function upstreamPath(path: string, strip: string): string {
  if (strip === "") return path;
  // Doubled slashes that stood behind the prefix must not become a host in a reader's eyes.
  const rest = path.slice(strip.length).replace(/^\/{2,}/, "/");
  return rest.startsWith("/") ? rest : `/${rest}`;
}
