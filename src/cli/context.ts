// What every command is given: the terminal, the surroundings, and a way to reach the server.

import { join, relative, resolve } from "node:path";

import { loadConfiguration } from "../configuration/index.ts";
import type { CellphoneConfiguration } from "../configuration/index.ts";
import { ControlClient } from "./control-client.ts";
import type { ControlTarget } from "./control-client.ts";
import { CliError } from "./errors.ts";
import { Terminal } from "./terminal.ts";
import type { TextOutput } from "./terminal.ts";

/** The process around a command. */
export interface CliSurroundings {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
}

/** Options that every command which speaks to a server takes. */
export interface ConnectionOptions {
  readonly namespace?: string;
  readonly data?: string;
  readonly url?: string;
  readonly key?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** What a command works with. */
export class CliContext {
  readonly surroundings: CliSurroundings;
  readonly out: Terminal;
  readonly err: Terminal;
  /** What the process will exit with. */
  exitCode = 0;
  /** True with --debug: failures then show where they came from. */
  debug = false;

  constructor(surroundings: CliSurroundings) {
    this.surroundings = surroundings;
    this.out = new Terminal(surroundings.stdout, surroundings.env);
    this.err = new Terminal(surroundings.stderr, surroundings.env);
  }

  /** Prints JSON for programs, indented when a person looks on. */
  json(value: unknown): void {
    this.out.line(JSON.stringify(value, null, this.out.interactive ? 2 : 0));
  }

  /** The configuration in force for these flags, with its warnings told on standard error. */
  configuration(
    options: Pick<ConnectionOptions, "config" | "data">,
    flags: Readonly<Record<string, unknown>> = {},
    flagNames: Readonly<Record<string, string>> = {},
  ): CellphoneConfiguration {
    const { env, directory } = this.surroundings;
    const configuration = loadConfiguration({
      flags: { ...flags, "storage.folder": options.data ?? nonEmpty(env["CELLPHONE_DATA"]) },
      flagNames: {
        ...flagNames,
        "storage.folder": options.data === undefined ? "CELLPHONE_DATA" : "--data",
      },
      env,
      file: options.config ?? nonEmpty(env["CELLPHONE_CONFIG"]),
      directory,
    });
    for (const warning of configuration.warnings) this.warn(warning);
    return configuration;
  }

  /**
   * A client for the server these options name.
   * @throws CliError `cli.enrolment_only` when all there is to show is an enrolment string.
   */
  client(options: ConnectionOptions): ControlClient {
    const client = this.joiningClient(options);
    const { target } = client;
    if (target.kind === "url" && target.key?.startsWith("enrol_") === true) {
      const what = options.url === undefined ? "CELLPHONE_URL" : "--url";
      throw new CliError(
        "cli.enrolment_only",
        `${what} holds an enrolment string, for agents only`,
      );
    }
    return client;
  }

  /** The same for a command that joins as an agent, which an enrolment string lets it do. */
  joiningClient(options: ConnectionOptions): ControlClient {
    const namespace = options.namespace ?? nonEmpty(this.surroundings.env["CELLPHONE_NAMESPACE"]);
    return new ControlClient(this.target(options), namespace ?? null);
  }

  /** Where the server is: --url, --data, CELLPHONE_URL, or the data folder's control socket. */
  target(options: ConnectionOptions): ControlTarget {
    const { env } = this.surroundings;
    const url =
      options.url ?? (options.data === undefined ? nonEmpty(env["CELLPHONE_URL"]) : undefined);
    if (url !== undefined) return urlTarget(url, options.key, nonEmpty(env["CELLPHONE_KEY"]));
    if (options.key !== undefined) {
      throw new CliError("cli.usage", "--key belongs to a server named with --url");
    }
    const { storage, server } = this.configuration(options).values;
    const folder = resolve(this.surroundings.directory, storage.folder);
    const socket = server.socketPath === "" ? join(folder, "control.sock") : server.socketPath;
    return { kind: "socket", path: reachable(socket), folder: this.shortPath(folder) };
  }

  /** A path as a person in this directory would write it. */
  shortPath(path: string): string {
    const short = relative(this.surroundings.directory, path);
    if (short === "") return ".";
    return short.startsWith("..") ? path : `./${short}`;
  }

  warn(message: string): void {
    this.err.line(`${this.err.style("stuck", "warning:")} ${message}`);
  }
}

/**
 * A socket path may hold about 107 bytes (sun_path in unix(7)); from inside the folder's parent a
 * relative one is often shorter.
 */
function reachable(path: string): string {
  const short = relative(process.cwd(), path);
  return Buffer.byteLength(path) > 100 && short.length < path.length ? short : path;
}

/** An explicit key wins, then the one inside the URL (an enrolment string), then the environment's. */
function urlTarget(
  text: string,
  key: string | undefined,
  fallback: string | undefined,
): ControlTarget {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    const shown = text.replace(/\/\/[^@/]*@/, "//…@");
    const hint = text.startsWith("CELLPHONE_URL=") ? "without CELLPHONE_URL= before it, " : "";
    const message = `"${shown}" is no URL of a server; ${hint}write http://host:port`;
    throw new CliError("cli.usage", message);
  }
  const url = new URL(text);
  const inside = decodeURIComponent(url.username);
  url.username = "";
  url.password = "";
  return { kind: "url", url, key: key ?? nonEmpty(inside) ?? fallback ?? null };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}
