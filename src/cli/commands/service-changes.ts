// `cellphone services add`, `remove`, `check` and `limit`: what a person changes about a service.

import type { Command } from "commander";

import type { ServiceView } from "../../gateway/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { CliError } from "../errors.ts";
import {
  choice,
  connectionOptions,
  count,
  durationMs,
  examples,
  finiteNumber,
  headerField,
  list,
  rate,
} from "../options.ts";
import type { HeaderField, Rate } from "../options.ts";
import { harmless } from "../terminal.ts";
import { limitWords, servicePath } from "./service-words.ts";

interface AddOptions extends ConnectionOptions {
  readonly version?: string;
  readonly name?: string;
  readonly path?: readonly string[];
  readonly rewrite?: string;
  readonly health?: string;
  readonly limit?: Rate;
  readonly agentLimit?: Rate;
  readonly timeout?: number;
  readonly retries?: number;
  readonly credential?: HeaderField;
}

interface LimitOptions extends ConnectionOptions {
  readonly burst?: number;
  readonly per: string;
  readonly none?: boolean;
}

/** Adds the subcommands that change services. */
export function registerServiceChanges(services: Command, context: CliContext): void {
  registerAdd(services, context);
  registerLimit(services, context);
}

function registerAdd(services: Command, context: CliContext): void {
  const add = connectionOptions(services.command("add <service> <urls...>"))
    .description("Registers a service at one or several URLs, or replaces it.")
    .option("--version <version>", "first segment of its paths (default: v1)")
    .option("--name <name>", "its name for people")
    .option("-p, --path <template>", "a path it takes, such as /users/:id; repeatable", list)
    .addOption(
      choice("--rewrite <what>", "what of the path is taken away before it is forwarded", [
        "version",
        "prefix",
        "none",
      ]),
    )
    .option("--health <url>", "URL, or path below each URL, that says whether it is well")
    .option("-l, --limit <n/burst>", "calls a minute it takes, such as 100/20", rate)
    .option("--agent-limit <n/burst>", "calls a minute it takes of each agent", rate)
    .option("--timeout <duration>", "until its answer must begin", durationMs)
    .option("--retries <n>", "further attempts for calls that may be repeated", finiteNumber)
    .option(
      "--credential <header=value>",
      "put in place of the agent's key; ${NAME} comes from the server's environment",
      headerField,
    )
    .action(async (id: string, urls: string[], options: AddOptions) =>
      addService(context, id, urls, options),
    );
  examples(add, [
    ["services add search http://127.0.0.1:8001 --health /healthz", "at /v1/search/…"],
    ["services add search http://10.0.0.7 http://10.0.0.8 -l 100/20", "two endpoints"],
    ["services add llm https://api.example --credential 'x-api-key=${KEY}'", "agents see no key"],
  ]);
  connectionOptions(services.command("remove <services...>"))
    .description("Unregisters services; calls under way end, their history stays.")
    .action(async (ids: string[], options: ConnectionOptions) =>
      removeServices(context, ids, options),
    );
  connectionOptions(services.command("check <services...>"))
    .description("Checks services' health now.")
    .action(async (ids: string[], options: ConnectionOptions) =>
      checkServices(context, ids, options),
    );
}

function registerLimit(services: Command, context: CliContext): void {
  const limit = connectionOptions(services.command("limit <service>"))
    .argument("[calls-per-minute]", "such as 100, or 100/20 with a burst", rate)
    .description("Limits how many calls a service takes; it is in force at once.")
    .option("--burst <n>", "how many at once from rest", count)
    .addOption(
      choice("--per <whom>", "of all calls, or of each agent's", ["service", "agent"]).default(
        "service",
      ),
    )
    .option("--none", "take the limit away")
    .action(async (id: string, given: Rate | undefined, options: LimitOptions) =>
      limitService(context, id, given, options),
    );
  examples(limit, [
    ["services limit search 100 --burst 20", "20 at once, 100 a minute"],
    ["services limit search 10 --per agent", "10 a minute for each agent"],
    ["services limit search --none", "as many as come"],
  ]);
}

async function addService(
  context: CliContext,
  id: string,
  urls: readonly string[],
  options: AddOptions,
): Promise<void> {
  const { version, name, path, rewrite, health, limit, agentLimit, timeout, retries } = options;
  const body = {
    id,
    version,
    name,
    endpoints: urls.map((baseUrl) => ({ baseUrl })),
    paths: path,
    rewrite,
    healthCheckUrl: health,
    rateLimit: limit,
    agentRateLimit: agentLimit,
    requestTimeoutMs: timeout,
    retries,
    credential: options.credential,
  };
  const service = await context
    .client(options)
    .call<ServiceView>("POST", "/api/v1/services", { body });
  if (options.credential !== undefined && !options.credential.value.includes("${")) {
    context.warn(
      "the credential is stored as it is; write ${NAME} to take it from the server's environment",
    );
  }
  if (options.json === true) return context.json(service);
  const { out } = context;
  const why = service.status === "unhealthy" ? `, ${harmless(service.reason)}` : "";
  out.line(`${service.id} is registered: ${out.serviceState(service.status)}${why}`);
  for (const publicPath of service.publicPaths) out.line(`  ${harmless(publicPath)}`);
}

async function removeServices(
  context: CliContext,
  ids: readonly string[],
  options: ConnectionOptions,
): Promise<void> {
  const client = context.client(options);
  for (const id of ids) {
    await client.call("DELETE", servicePath(id));
    if (options.json === true) context.json({ removed: id });
    else context.out.line(`${id} is removed.`);
  }
}

async function checkServices(
  context: CliContext,
  ids: readonly string[],
  options: ConnectionOptions,
): Promise<void> {
  const client = context.client(options);
  for (const id of ids) {
    // As long as the server waits for the slowest endpoint.
    const call = { timeoutMs: 330_000 };
    const service = await client.call<ServiceView>("POST", `${servicePath(id)}/check`, call);
    if (options.json === true) context.json(service);
    else {
      const { out } = context;
      out.line(`${service.id}  ${out.serviceState(service.status)}: ${harmless(service.reason)}`);
      for (const view of service.endpointViews) {
        out.line(
          `  ${out.serviceState(view.status)}  ${harmless(`${view.baseUrl}  ${view.reason}`)}`,
        );
      }
    }
  }
}

async function limitService(
  context: CliContext,
  id: string,
  given: Rate | undefined,
  options: LimitOptions,
): Promise<void> {
  const none = options.none === true;
  if (none === (given !== undefined)) {
    throw new CliError("cli.usage", "Give calls per minute, such as 100, or --none");
  }
  if (given?.burst !== undefined && options.burst !== undefined) {
    throw new CliError("cli.usage", "Give the burst once: 100/20, or 100 --burst 20");
  }
  const client = context.client(options);
  const path = `${servicePath(id)}/rate-limit`;
  const { per } = options;
  const service =
    given === undefined
      ? await client.call<ServiceView>("DELETE", path, { query: { per } })
      : await client.call<ServiceView>("PUT", path, {
          body: { burst: options.burst, ...given, per },
        });
  if (options.json === true) return context.json(service);
  const now = per === "agent" ? service.agentRateLimit : service.rateLimit;
  const whose = per === "agent" ? " of each agent" : "";
  const words = now === null ? `as many calls${whose} as come` : `${limitWords(now)}${whose}`;
  context.out.line(`${service.id} takes ${words}.`);
}
