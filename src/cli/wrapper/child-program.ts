// Starts the wrapped program so that three things hold: its process id is known before it joins
// the fleet, it gets its key without a file or an argument, and nothing of it outlives the
// wrapper, even one that is killed with SIGKILL.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";

import { CliError } from "../errors.ts";

/** Takes variables from descriptor 3 up to a blank line, then becomes the program itself. */
const GATE = `admitted=
while IFS= read -r variable <&3; do
  if [ -z "$variable" ]; then admitted=yes; break; fi
  export "$variable"
done
[ -n "$admitted" ] || exit 125
unset admitted variable
exec 3<&-
exec "$@"`;

/** Reads the group to end, and ends it when the wrapper is gone (its end of the pipe closes). */
const GUARD = `group=
while IFS= read -r line <&3; do group=$line; done
[ -n "$group" ] || exit 0
kill -s TERM -- "-$group" 2>/dev/null || exit 0
sleep 3
kill -s KILL -- "-$group" 2>/dev/null`;

/** How a program ended. */
export interface ProgramExit {
  /** Its exit code, or 128 + the number of the signal that ended it, as shells count. */
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
}

/** Ends process groups when the wrapper can no longer do it itself. */
export class GroupGuard {
  readonly #process: ChildProcess;
  readonly #pipe: Writable;

  constructor() {
    this.#process = spawn("/bin/sh", ["-c", GUARD], {
      stdio: ["ignore", "ignore", "ignore", "pipe"],
      detached: true,
    });
    this.#process.on("error", () => undefined);
    this.#process.unref();
    this.#pipe = writableAt(this.#process, 3);
    this.#pipe.on("error", () => undefined);
  }

  /** The group to end when this process is gone; null when there is none. */
  watch(groupId: number | null): void {
    this.#pipe.write(`${groupId ?? ""}\n`);
  }

  /** Lets the guard go without it ending anything. */
  dismiss(): void {
    this.watch(null);
    this.#pipe.end();
  }
}

/** One run of the wrapped program. */
export class ChildProgram {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the program has ended and its output is complete. */
  readonly exited: Promise<ProgramExit>;
  readonly #child: ChildProcess;

  /**
   * Starts the program; it waits for {@link admit}.
   * @throws CliError `cli.program_not_found`
   */
  constructor(command: readonly string[], env: NodeJS.ProcessEnv, guard: GroupGuard) {
    const [program = "", ...args] = command;
    const path = findProgram(program, env["PATH"] ?? "");
    this.#child = spawn("/bin/sh", ["-c", GATE, "cellphone-run", path, ...args], {
      stdio: ["inherit", "pipe", "pipe", "pipe"],
      detached: true,
      env,
    });
    const { pid, stdout, stderr } = this.#child;
    if (pid === undefined || stdout === null || stderr === null) {
      throw new CliError("cli.program_not_found", `Cannot start ${program}: /bin/sh is missing`);
    }
    this.pid = pid;
    this.stdout = stdout;
    this.stderr = stderr;
    writableAt(this.#child, 3).on("error", () => undefined);
    guard.watch(pid);
    this.exited = this.#awaitExit(guard);
  }

  /** Hands over environment variables and lets the program begin. */
  admit(variables: Readonly<Record<string, string>>): void {
    const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
    writableAt(this.#child, 3).end(`${lines.join("")}\n`);
  }

  /** Ends the program before it began: it never runs a line. */
  turnAway(): void {
    writableAt(this.#child, 3).end();
  }

  /** Sends a signal to the program and all it started; false when nobody is left. */
  signal(signal: NodeJS.Signals): boolean {
    try {
      return process.kill(-this.pid, signal);
    } catch {
      return false;
    }
  }

  async #awaitExit(guard: GroupGuard): Promise<ProgramExit> {
    const { promise: ended, resolve } = Promise.withResolvers<ProgramExit>();
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    this.#child.on("error", () => resolve({ code: 126, signal: null }));
    this.#child.on("exit", (code, signal) => resolve({ code: code ?? codeOf(signal), signal }));
    this.#child.on("close", () => close());
    const exit = await ended;
    await this.#endLeftovers(closed);
    guard.watch(null);
    return exit;
  }

  /** What the program left running ends with it; the output then closes. */
  async #endLeftovers(closed: Promise<void>): Promise<void> {
    const leftovers = this.signal("SIGTERM");
    const kill = setTimeout(() => this.signal("SIGKILL"), 2000);
    if (leftovers) await this.#groupGone();
    // A process that left the group may hold the output open: it is not waited for.
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const patience = setTimeout(resolve, 500);
    await Promise.race([closed, late]);
    clearTimeout(patience);
    clearTimeout(kill);
  }

  async #groupGone(): Promise<void> {
    const deadlineMs = performance.now() + 2500;
    while (performance.now() < deadlineMs && this.#groupAlive()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, 20);
      await promise;
    }
  }

  #groupAlive(): boolean {
    try {
      return process.kill(-this.pid, 0);
    } catch {
      return false;
    }
  }
}

/** The path of a program as a shell would find it. @throws CliError `cli.program_not_found` */
export function findProgram(program: string, path: string): string {
  const candidates = program.includes("/")
    ? [program]
    : path.split(delimiter).map((folder) => join(folder === "" ? "." : folder, program));
  const found = candidates.find((candidate) => isExecutable(candidate));
  if (found !== undefined) return found;
  const where = program.includes("/") ? "is no file that can be run" : "is not in PATH";
  throw new CliError("cli.program_not_found", `The program "${program}" ${where}`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function codeOf(signal: NodeJS.Signals | null): number {
  return signal === null ? 1 : 128 + osConstants.signals[signal];
}

function writableAt(child: ChildProcess, descriptor: number): Writable {
  const stream = child.stdio[descriptor];
  if (stream === null || stream === undefined || !("write" in stream)) {
    throw new CliError("cli.program_not_found", "Cannot start /bin/sh");
  }
  return stream;
}
