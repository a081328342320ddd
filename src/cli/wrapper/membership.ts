// How the wrapper joins a fleet and speaks for its agent: over the control socket of this
// machine, or with the enrolment string somebody handed out.

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";

import type { AgentInstance, HeartbeatReply, ProcessUsage } from "../../communication/index.ts";
import { ControlClient, ServerProblem } from "../control-client.ts";
import { CliError } from "../errors.ts";
import type { LogLine } from "./log-tail.ts";

/** What the wrapped program is called and can do. */
export interface AgentDescription {
  readonly name: string;
  readonly kind?: string | undefined;
  readonly version?: string | undefined;
  readonly capabilities: readonly string[];
}

/** What the wrapper reports at each heartbeat. */
export interface WrapperReport {
  readonly instanceId: string;
  readonly process?: ProcessUsage;
  readonly exitCode?: number;
  readonly ackCommands?: readonly string[];
  readonly left?: boolean;
  /** How long the answer may wait for an order. */
  readonly waitMs?: number;
  /** Orders it was handed and has not carried out. */
  readonly knows?: { readonly commands: readonly string[] };
}

interface EnrolAnswer {
  readonly agentId: string;
  readonly key: string;
  readonly namespace: string;
  readonly heartbeatIntervalMs: number;
}

/** A place in the fleet. */
export class Membership {
  readonly agentId: string;
  readonly key: string;
  readonly namespace: string;
  readonly heartbeatIntervalMs: number;
  readonly #joinedThrough: ControlClient;
  #client: ControlClient;

  private constructor(answer: EnrolAnswer, joinedThrough: ControlClient, client: ControlClient) {
    this.agentId = answer.agentId;
    this.key = answer.key;
    this.namespace = answer.namespace;
    this.heartbeatIntervalMs = answer.heartbeatIntervalMs;
    this.#joinedThrough = joinedThrough;
    this.#client = client;
  }

  /**
   * Enrols the program under its name.
   * @param client over the socket, or a URL with an enrolment string's token as its key.
   * @param replace take the name over even from a process that lives.
   * @throws ServerProblem `security.name_in_use`, `security.name_not_yours`.
   */
  static async join(
    client: ControlClient,
    agent: AgentDescription,
    instance: AgentInstance,
    replace: boolean,
  ): Promise<Membership> {
    const { name, kind, version, capabilities } = agent;
    const body = { name, kind, version, capabilities, instance, replace };
    const enrol = (takeOver: boolean): Promise<EnrolAnswer> =>
      client.call("POST", "/api/v1/enrol", { body: { ...body, replace: takeOver } });
    const answer = await enrol(replace).catch(async (error: unknown) => {
      // The one before may have died here without saying so: then its name is free.
      const holder = holderHere(error);
      if (holder === null || !(await endsSoon(holder))) throw error;
      return enrol(true);
    });
    const url = await serverUrl(client);
    const own = new ControlClient({ kind: "url", url, key: answer.key }, null);
    return new Membership(answer, client, own);
  }

  /** The server's plain URL, for the program's environment. */
  get url(): string {
    const { target } = this.#client;
    return target.kind === "url" ? target.url.origin : "";
  }

  /** @param signal ends a wait for orders; what was reported stays. */
  async heartbeat(report: WrapperReport, signal?: AbortSignal): Promise<HeartbeatReply> {
    return this.#client.call("POST", `${this.#path}/heartbeat`, {
      body: report,
      timeoutMs: (report.waitMs ?? 0) + 10_000,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** Says that no profile of the program will come, unless it is being taken already. */
  async refuseProfile(profileId: string, reason: string): Promise<void> {
    const path = `/api/v1/profiles/${encodeURIComponent(profileId)}`;
    const { state } = await this.#client.call<{ readonly state: string }>("GET", path);
    if (state !== "requested") return;
    await this.#client.call("POST", `${path}/failed`, { body: { reason }, timeoutMs: 10_000 });
  }

  /** Tells the fleet of a new process behind the same name. */
  async introduce(agent: AgentDescription, instance: AgentInstance): Promise<void> {
    const { name, kind, version, capabilities } = agent;
    const body = { agentId: this.agentId, name, kind, version, capabilities, instance };
    await this.#client.call("POST", "/api/v1/agents", { body, timeoutMs: 10_000 });
  }

  async log(lines: readonly LogLine[]): Promise<void> {
    await this.#client.call("POST", `${this.#path}/log`, { body: { lines }, timeoutMs: 10_000 });
  }

  /** After a restart the server may listen elsewhere; its socket knows. Silent when it is away. */
  async findServerAgain(): Promise<void> {
    if (this.#joinedThrough.target.kind !== "socket") return;
    const url = await serverUrl(this.#joinedThrough).catch(() => undefined);
    if (url === undefined || url.origin === this.url) return;
    this.#client = new ControlClient({ kind: "url", url, key: this.key }, null);
  }

  get #path(): string {
    return `/api/v1/agents/${encodeURIComponent(this.agentId)}`;
  }
}

async function serverUrl(client: ControlClient): Promise<URL> {
  if (client.target.kind === "url") return new URL(client.target.url.origin);
  const facts = await client.call<{ dashboardUrl: string | null }>("GET", "/api/v1/server");
  if (facts.dashboardUrl === null) {
    const message = "The server has no address yet: it is still starting";
    throw new CliError("cli.server_not_running", message);
  }
  return new URL(new URL(facts.dashboardUrl).origin);
}

/** An instance id that tells whoever is refused the name which process holds it, and where. */
export function instanceIdOf(pid: number): string {
  return `${hostname()}/${pid}/${randomUUID()}`;
}

/** The process on this machine that holds the name, when that is why joining was refused. */
function holderHere(error: unknown): number | null {
  if (!(error instanceof ServerProblem) || error.code !== "security.name_in_use") return null;
  const { instance } = error.problem;
  const [host, pid] = typeof instance === "string" ? instance.split("/") : [];
  return host === hostname() && /^\d+$/.test(pid ?? "") ? Number(pid) : null;
}

/** True once the process is gone; one that was just told to end gets a few seconds for it. */
async function endsSoon(pid: number): Promise<boolean> {
  const deadlineMs = performance.now() + 4000;
  while (isAlive(pid)) {
    if (performance.now() > deadlineMs) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 100);
    await promise;
  }
  return true;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
