// The demo's agents as processes: started, signalled by their pid, and ended with the demo.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** One member of the crew. */
interface Member {
  readonly name: string;
  readonly child: ChildProcess;
}

/** How to start the crew. */
export interface CrewOptions {
  /** Enrolment string, `http://enrol_...@host:port`. */
  readonly enrolmentUrl: string;
  readonly inputFolder: string;
  /** Milliseconds between two jobs of the coordinator. */
  readonly jobIntervalMs: number;
  /** Mean milliseconds a worker takes for a job. */
  readonly jobPaceMs: number;
  readonly reviewTimeoutMs: number;
  /** The start of a `cellphone` command line: program and first arguments. */
  readonly cellphone: readonly string[];
  /** Folder of the Python SDK. */
  readonly pythonSdk: string;
  /** Told what agents print on standard error. */
  readonly onOutput: (name: string, text: string) => void;
}

const ENDING = extname(import.meta.url);
/** How long members may take to end before they are killed. */
const GRACE_MS = 5000;

/** Six agents: a coordinator, a planner, a reviewer, three workers, one of them in Python, one under
 * the wrapper. */
export class Crew {
  readonly #members: Member[] = [];
  readonly #options: CrewOptions;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  /** Names of all agents. */
  static readonly names: readonly string[] = [
    "coordinator",
    "planner",
    "reviewer",
    "worker-1",
    "worker-2",
    "worker-3",
  ];

  start(): void {
    const { inputFolder, jobIntervalMs, jobPaceMs, reviewTimeoutMs, cellphone } = this.#options;
    const node = process.execPath;
    const worker = [agentFile(`worker${ENDING}`), String(jobPaceMs)];
    this.#spawn("worker-1", [node, ...worker]);
    // Under the wrapper, so that it can be restarted from the server.
    const wrapper = [...cellphone, "run", "--name", "worker-2", "--kind", "worker", "--"];
    this.#spawn("worker-2", [...wrapper, node, ...worker]);
    this.#spawn("worker-3", ["python3", agentFile("worker.py"), String(jobPaceMs)]);
    this.#spawn("planner", [node, agentFile(`planner${ENDING}`), String(reviewTimeoutMs)]);
    this.#spawn("reviewer", [node, agentFile(`reviewer${ENDING}`)]);
    const coordinator = agentFile(`coordinator${ENDING}`);
    this.#spawn("coordinator", [node, coordinator, String(jobIntervalMs), inputFolder]);
  }

  /** Sends a signal to one member's process. */
  signal(name: string, signal: NodeJS.Signals): void {
    this.#members.find((member) => member.name === name)?.child.kill(signal);
  }

  /** A member that ended by itself, with how; undefined while all run. */
  ended(): string | undefined {
    const gone = this.#members.find(({ child }) => child.exitCode !== null);
    return gone === undefined
      ? undefined
      : `${gone.name} ended with exit code ${gone.child.exitCode}`;
  }

  /** Ends all members; those that do not end in time are killed. */
  async stop(): Promise<void> {
    await Promise.all(
      this.#members.map(async ({ child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGCONT");
        child.kill("SIGTERM");
        const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
        await ended;
        clearTimeout(timer);
      }),
    );
  }

  #spawn(name: string, command: readonly string[]): void {
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        ...process.env,
        CELLPHONE_URL: this.#options.enrolmentUrl,
        CELLPHONE_NAME: name,
        PYTHONPATH: this.#options.pythonSdk,
        PYTHONUNBUFFERED: "1",
      },
    });
    child.stderr?.setEncoding("utf8");
    child.stderr?.on("data", (text: string) => this.#options.onOutput(name, text));
    child.once("error", (error) => this.#options.onOutput(name, error.message));
    this.#members.push({ name, child });
  }
}

function agentFile(name: string): string {
  return fileURLToPath(new URL(`agents/${name}`, import.meta.url));
}
