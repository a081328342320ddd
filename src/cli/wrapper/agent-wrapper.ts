// Makes any program an agent: starts it with an identity, reports on it, restarts it when asked
// or when its policy says so, and ends when it does, with its exit code.

import { hostname } from "node:os";

import type { AgentInstance } from "../../communication/index.ts";
import { formatDuration } from "../../core/index.ts";
import type { ControlClient } from "../control-client.ts";
import { ChildProgram, findProgram, GroupGuard } from "./child-program.ts";
import type { ProgramExit } from "./child-program.ts";
import { LogTail } from "./log-tail.ts";
import { instanceIdOf, Membership } from "./membership.ts";
import type { AgentDescription } from "./membership.ts";
import { ProcessTreeMeter } from "./process-tree.ts";
import { Reporter } from "./reporter.ts";
import type { RestartPolicy } from "./restart-policy.ts";
import { runtimeName } from "./runtime-name.ts";

/** How to wrap a program. */
export interface WrapperOptions {
  readonly command: readonly string[];
  readonly agent: AgentDescription;
  /** Take the name over from a process that lives. */
  readonly replace: boolean;
  readonly restart: RestartPolicy;
  readonly client: ControlClient;
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** Words about what the wrapper does. */
  readonly notice: (text: string) => void;
}

/** How long a program may take to end after it was asked to, in milliseconds. */
const GRACE_MS = 10_000;
const SAME_PRESS_MS = 300;
/** Why there is no profile of a program that takes none of itself. */
const NO_PROFILER =
  "the program answers no order to take a profile: it does not use the SDK for TypeScript or " +
  "Python, or has been busy in one computation for seconds";
const FORWARDED: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"];

/** Wraps one program until it has ended for good. */
export class AgentWrapper {
  readonly #options: WrapperOptions;
  readonly #log = new LogTail();
  #membership: Membership | undefined;
  #program: ChildProgram | undefined;
  /** Set when the program shall not be started again. */
  #ending = false;
  #restartAsked = false;
  #interrupts = 0;
  #interruptedAtMs = Number.NEGATIVE_INFINITY;
  #wakeUp: (() => void) | undefined;

  constructor(options: WrapperOptions) {
    this.#options = options;
  }

  /**
   * Runs the program.
   * @returns its last exit code.
   * @throws CliError when the program is not found or no server answers.
   * @throws ServerProblem when the name cannot be had.
   */
  async run(): Promise<number> {
    const [program = ""] = this.#options.command;
    const path = findProgram(program, this.#options.env["PATH"] ?? "");
    const runtime = await runtimeName(path);
    const guard = new GroupGuard();
    const forward = (signal: NodeJS.Signals): void => this.#forward(signal);
    for (const signal of FORWARDED) process.on(signal, forward);
    try {
      for (;;) {
        const { exit, delayMs } = await this.#runOnce(runtime, guard);
        if (delayMs === null) return exit.code;
        await this.#wait(delayMs);
        if (this.#ending) return exit.code;
      }
    } finally {
      for (const signal of FORWARDED) process.off(signal, forward);
      guard.dismiss();
    }
  }

  async #runOnce(runtime: string, guard: GroupGuard): Promise<EndedRun> {
    const startedAtMs = performance.now();
    const { command, env } = this.#options;
    const child = new ChildProgram(command, unbuffered(env), guard);
    this.#program = child;
    const instance: AgentInstance = {
      id: instanceIdOf(child.pid),
      host: hostname(),
      pid: child.pid,
      runtime,
      startedAtMs: Date.now(),
    };
    const membership = await this.#admit(child, instance).catch((error: unknown) => {
      child.turnAway();
      throw error;
    });
    const reporter = this.#report(membership, child, instance.id);
    const exit = await child.exited;
    this.#program = undefined;
    this.#log.end();
    const asked = this.#restartAsked && !this.#ending;
    const delayMs = this.#delayAfter(exit, performance.now() - startedAtMs);
    const left = delayMs === null && (exit.code === 0 || this.#ending);
    // An end that was asked for is no failure of the program.
    const asIntended = asked || (this.#ending && exit.signal !== null);
    await reporter.finish({ exitCode: asIntended ? null : exit.code, left });
    return { exit, delayMs };
  }

  /** How long to wait before the next start; null when this was the last. */
  #delayAfter({ code, signal }: ProgramExit, ranMs: number): number | null {
    if (this.#ending) return null;
    if (this.#restartAsked) {
      this.#restartAsked = false;
      return 0;
    }
    const delayMs = this.#options.restart.delayAfter(code, ranMs);
    const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
    const next = delayMs === null ? "" : `; starting again in ${formatDuration(delayMs)}`;
    if (code !== 0 || delayMs !== null) this.#options.notice(`the program ${how}${next}`);
    return delayMs;
  }

  /** Joins the fleet at the first start; later ones keep name and key, and say who runs now. */
  async #admit(child: ChildProgram, instance: AgentInstance): Promise<Membership> {
    const { client, agent, replace } = this.#options;
    const known = this.#membership;
    const membership = known ?? (await Membership.join(client, agent, instance, replace));
    this.#membership = membership;
    if (known !== undefined) {
      // Without a server the program starts all the same: its identity is good.
      await known.introduce(agent, instance).catch(() => undefined);
    }
    child.admit({
      CELLPHONE_URL: membership.url,
      CELLPHONE_KEY: membership.key,
      CELLPHONE_NAME: membership.agentId,
      CELLPHONE_NAMESPACE: membership.namespace,
      CELLPHONE_INSTANCE: instance.id,
    });
    if (known === undefined) {
      this.#options.notice(`${membership.agentId} joined ${membership.url}`);
    }
    return membership;
  }

  #report(membership: Membership, child: ChildProgram, instanceId: string): Reporter {
    const { stdout, stderr, notice } = this.#options;
    const meter = new ProcessTreeMeter(child.pid);
    const reporter = new Reporter(membership, instanceId, meter, this.#log, {
      onNotice: notice,
      onCommand: (command) => {
        if (command.kind === "profile") {
          reporter.acknowledge(command);
          const { profileId } = command.profile;
          membership.refuseProfile(profileId, NO_PROFILER).catch(() => undefined);
        }
        if (command.kind !== "restart") return;
        reporter.acknowledge(command);
        notice("asked to restart");
        this.#restartAsked = true;
        this.#endProgram();
      },
      onReplaced: (reason) => {
        notice(`${reason}. Ending this one.`);
        this.#ending = true;
        this.#endProgram();
      },
    });
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].pipe(stream === "stdout" ? stdout : stderr, { end: false });
      child[stream].on("data", (chunk: Uint8Array) => {
        this.#log.add(stream, chunk);
        reporter.noteOutput();
      });
    }
    reporter.start();
    return reporter;
  }

  #forward(signal: NodeJS.Signals): void {
    const nowMs = performance.now();
    if (signal === "SIGINT") {
      // npx and npm forward what the terminal has sent already: that was one press.
      if (nowMs - this.#interruptedAtMs < SAME_PRESS_MS) return;
      this.#interruptedAtMs = nowMs;
      this.#interrupts += 1;
    }
    const ends = signal !== "SIGUSR2";
    if (ends) this.#ending = true;
    this.#wakeUp?.();
    if (this.#interrupts > 2) this.#program?.signal("SIGKILL");
    else if (signal === "SIGTERM" || this.#interrupts === 2) this.#endProgram();
    else this.#program?.signal(signal);
  }

  /** Asks the program to end, and makes it after a while. A stopped one is woken for that. */
  #endProgram(): void {
    const program = this.#program;
    if (program === undefined) return;
    program.signal("SIGTERM");
    program.signal("SIGCONT");
    const insist = setTimeout(() => program.signal("SIGKILL"), GRACE_MS);
    program.exited.then(
      () => clearTimeout(insist),
      () => clearTimeout(insist),
    );
  }

  #wait(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, delayMs);
    this.#wakeUp = resolve;
    return promise.finally(() => {
      clearTimeout(timer);
      this.#wakeUp = undefined;
    });
  }
}

interface EndedRun {
  readonly exit: ProgramExit;
  /** Until the next start; null when there is none. */
  readonly delayMs: number | null;
}

/** Output through a pipe should still come line by line, as it did on a terminal. */
function unbuffered(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { PYTHONUNBUFFERED: "1", ...env };
}
