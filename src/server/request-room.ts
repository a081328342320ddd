// How many requests each agent has under way. An answer that nobody reads holds its connection
// until it is found still; without a bound one agent could hold them all.

import type { Principal } from "../core/index.ts";

import { ServerError } from "./errors.ts";
import { serverLimits } from "./limits.ts";

/** An answer, as far as its end is concerned: `close` comes once, however it ends. */
interface Answering {
  once(event: "close", callback: () => void): unknown;
}

/** Counts requests under way by agent. */
export class RequestRoom {
  readonly #most: number;
  readonly #underWay = new Map<string, number>();

  constructor(most: number = serverLimits.agentRequests.value) {
    this.#most = most;
  }

  /**
   * Lets a request in until its answer is closed; admins are not counted.
   * @throws ServerError `server.too_many_requests`
   */
  enter(answering: Answering, principal: Principal): void {
    if (principal.kind !== "agent") return;
    const agent = `${principal.namespace}/${principal.id}`;
    const count = this.#underWay.get(agent) ?? 0;
    if (count >= this.#most) {
      const message = `Agent "${principal.id}" has ${count} requests under way, as many as may be`;
      throw new ServerError("server.too_many_requests", message, { retryAfterSeconds: 1 });
    }
    this.#underWay.set(agent, count + 1);
    answering.once("close", () => this.#leave(agent));
  }

  #leave(agent: string): void {
    const count = this.#underWay.get(agent) ?? 0;
    if (count <= 1) this.#underWay.delete(agent);
    else this.#underWay.set(agent, count - 1);
  }
}
