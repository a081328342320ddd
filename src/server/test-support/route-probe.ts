// Asks routes and holds what they answer against what they declare, and remembers which of them
// have answered with success, so that a test can tell which were never asked.

import assert from "node:assert/strict";

import type { JsonResponse, Route } from "../route.ts";
import type { Answer, TestServer } from "./test-server.ts";

/** Asks one server. */
export class RouteProbe {
  readonly #server: TestServer;
  readonly #answered = new Set<string>();

  constructor(server: TestServer) {
    this.#server = server;
  }

  /** Asks as admin or with a key, expects this status, and checks the answer's form. */
  async expect(
    status: number,
    method: string,
    path: string,
    body?: unknown,
    key: string = this.#server.adminKey,
  ): Promise<Answer["body"]> {
    const answer = await this.#server.ask(method, path, { key, body });
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    this.check(method, path, answer);
    return answer.body;
  }

  /** Holds an answer against the declared one, or against the form of all problems. */
  check(method: string, path: string, answer: Answer): void {
    const { status, text } = answer;
    const route = this.#routeAt(method, path);
    if (status >= 400) {
      assert.equal(answer.headers["content-type"], "application/problem+json; charset=utf-8");
      for (const field of ["type", "title", "status", "detail", "code", "remedy", "retryable"]) {
        assert.ok(field in answer.body, `${field} in ${text}`);
      }
      return;
    }
    const response = route.responses[status] ?? assert.fail(`${status} is not declared`);
    if (isJson(response)) {
      const parsed = response.schema.safeParse(JSON.parse(text));
      assert.ok(parsed.success, `${method} ${path}: ${parsed.error?.message} in ${text}`);
    } else if (status === 204) assert.equal(text, "");
    this.#answered.add(`${method} ${route.path}`);
  }

  /** Documented routes with one of these tags that have not answered with success. */
  unanswered(tags: ReadonlySet<string>): string[] {
    return this.#server.controlPlane.routes
      .filter((route) => route.undocumented !== true && tags.has(route.tag))
      .map((route) => `${route.method} ${route.path}`)
      .filter((name) => !this.#answered.has(name));
  }

  #routeAt(method: string, path: string): Route {
    const [bare = ""] = path.split("?");
    const fits = (route: Route): boolean => {
      const pattern = route.path.replaceAll(".", String.raw`\.`).replaceAll(/\{\w+\}/g, "[^/]+");
      return route.method === method && new RegExp(`^${pattern}$`).test(bare);
    };
    const found = this.#server.controlPlane.routes.filter(fits);
    // A literal path goes before one with a parameter.
    const route = found.find((candidate) => candidate.path === bare) ?? found[0];
    return route ?? assert.fail(`no route at ${method} ${path}`);
  }
}

function isJson(response: Route["responses"][number]): response is JsonResponse<unknown> {
  return "schema" in response;
}

/** Reads a path such as `messages.0.token` out of a body. */
export function at(body: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, step) => {
    return typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined;
  }, body);
}

/** Tags of what was observed and carried, tested beside the rest. */
export const PERFORMANCE_TAGS: ReadonlySet<string> = new Set([
  "Metrics",
  "Services",
  "Profiles",
  "Traces",
  "Alerts",
]);
