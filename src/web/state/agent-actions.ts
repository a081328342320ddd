// What a person does to agents from the pages. Everything that can be undone says so.

import { nameList, plural } from "../model/format.ts";
import type { ApiClient } from "./api-client.ts";
import type { Toasts } from "./toasts.ts";

type Verb = "pause" | "resume" | "restart" | "quarantine" | "release";

const PAST: Readonly<Record<Verb, string>> = {
  pause: "Paused",
  resume: "Resumed",
  restart: "Restart asked of",
  quarantine: "Quarantined",
  release: "Released",
};

/** The verb that {@link AgentActions.toggleHold} stands for now. */
export function holdVerb(agent: { readonly paused: boolean; readonly quarantined: boolean }) {
  if (agent.quarantined) return "Release";
  return agent.paused ? "Resume" : "Pause";
}

/** Requests under way at once; a bulk pause of 1,000 agents should not crowd out the page. */
const AT_ONCE = 6;

/** Pause, resume, restart, quarantine, release: one agent or many. */
export class AgentActions {
  readonly #api: ApiClient;
  readonly #toasts: Toasts;

  constructor(api: ApiClient, toasts: Toasts) {
    this.#api = api;
    this.#toasts = toasts;
  }

  async pause(agentIds: readonly string[]): Promise<void> {
    const done = await this.#each("pause", agentIds, { reason: "from the dashboard" });
    this.#report("pause", done, () => void this.#undo("resume", done));
  }

  async resume(agentIds: readonly string[]): Promise<void> {
    const done = await this.#each("resume", agentIds, {});
    this.#report("resume", done, () => void this.#undo("pause", done));
  }

  async restart(agentIds: readonly string[]): Promise<void> {
    this.#report("restart", await this.#each("restart", agentIds, {}));
  }

  async quarantine(agentIds: readonly string[], reason: string): Promise<void> {
    const done = await this.#each("quarantine", agentIds, { reason });
    this.#report("quarantine", done, () => void this.#undo("release", done));
  }

  async release(agentIds: readonly string[]): Promise<void> {
    const done = await this.#each("release", agentIds, {});
    this.#report("release", done, () => void this.#undo("quarantine", done));
  }

  /** Does what undoes or begins an agent's hold: release, resume, or pause. */
  async toggleHold(agent: {
    readonly id: string;
    readonly paused: boolean;
    readonly quarantined: boolean;
  }): Promise<void> {
    if (agent.quarantined) await this.release([agent.id]);
    else if (agent.paused) await this.resume([agent.id]);
    else await this.pause([agent.id]);
  }

  async #undo(verb: Verb, agentIds: readonly string[]): Promise<void> {
    const body = ["pause", "quarantine"].includes(verb)
      ? { reason: "undo from the dashboard" }
      : {};
    this.#report(verb, await this.#each(verb, agentIds, body));
  }

  #report(verb: Verb, agentIds: readonly string[], undo?: () => void): void {
    if (agentIds.length === 0) return;
    const whom = agentIds.length <= 3 ? nameList(agentIds) : plural(agentIds.length, "agent");
    const text = `${PAST[verb]} ${whom}.`;
    this.#toasts.show(undo === undefined ? { text, tone: "info" } : { text, tone: "info", undo });
  }

  /** Runs the verb for each agent; returns those for whom it worked and reports the others. */
  async #each(verb: Verb, agentIds: readonly string[], body: object): Promise<readonly string[]> {
    const queue = [...agentIds];
    const done: string[] = [];
    const failed: string[] = [];
    const work = async (): Promise<void> => {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
        try {
          await this.#api.post(`/api/v1/agents/${encodeURIComponent(id)}/${verb}`, body);
          done.push(id);
        } catch (error) {
          failed.push(`${id}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (failed.length > 0) {
      const more = failed.length > 1 ? ` And ${plural(failed.length - 1, "other")} failed.` : "";
      this.#toasts.show({ text: `Could not ${verb} ${failed[0]}${more}`, tone: "error" });
    }
    return done;
  }
}
