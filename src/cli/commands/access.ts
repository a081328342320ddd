// `cellphone login`, `enrol` and `key`: ways in for people, agents and scripts.

import type { Command } from "commander";

import { formatDuration } from "../../core/index.ts";
import type { CliContext, ConnectionOptions } from "../context.ts";
import { connectionOptions, durationMs, examples } from "../options.ts";
import { openInBrowser } from "../open-in-browser.ts";
import { ago, harmless } from "../terminal.ts";

interface LoginCode {
  readonly code: string;
  readonly url: string;
  readonly expiresAtMs: number;
}

interface Enrolment {
  readonly id: string;
  readonly token: string;
  readonly url: string;
  readonly expiresAtMs: number | null;
}

interface EnrolmentRow {
  readonly id: string;
  readonly note?: string | null;
  readonly createdAtMs?: number;
  readonly expiresAtMs: number | null;
  readonly revokedAtMs?: number | null;
}

/** Adds `login`, `enrol` and `key`. */
export function registerAccess(program: Command, context: CliContext): void {
  const login = connectionOptions(program.command("login"))
    .summary("print a link that signs a browser in, once")
    .description("Prints a link to the pages that works once and for 15 minutes.")
    .option("--open", "open it in a browser on this machine")
    .action(async (options: ConnectionOptions & { open?: boolean }) =>
      printLogin(context, options),
    );
  examples(login, [["login --open", "sign in again on this machine"]]);
  registerEnrol(program, context);
  const key = program
    .command("key")
    .summary("rotate the admin key")
    .description("The admin key, for scripts and for servers elsewhere.");
  connectionOptions(key.command("rotate"))
    .description("Makes a new admin key and prints it once; the one before stops working.")
    .action(async (options: ConnectionOptions) => {
      const client = context.client(options);
      const answer = await client.call<{ key: string }>("POST", "/api/v1/admin-keys", { body: {} });
      if (options.json === true) return context.json(answer);
      context.out.line(answer.key);
      context.err.line("Keep it: it is shown once and stored only as a hash.");
    });
}

function registerEnrol(program: Command, context: CliContext): void {
  const enrol = program
    .command("enrol")
    .alias("enroll")
    .summary("let programs on other machines join")
    .description("Enrolment strings: whoever holds one may join as an agent.");
  const create = connectionOptions(enrol.command("create", { isDefault: true }))
    .description("Prints an enrolment string for `cellphone run`, the SDKs, or your deployment.")
    .option("--expires <duration>", "stops working after this time (default: 30d)", durationMs)
    .option("--note <words>", "what it is for")
    .action(async (options: ConnectionOptions & { expires?: number; note?: string }) =>
      createEnrolment(context, options),
    );
  examples(create, [
    ["enrol --note ci --expires 7d", "prints CELLPHONE_URL=http://enrol_…@host:port"],
    ["-- then, elsewhere: CELLPHONE_URL=… cellphone run --name w-1 -- ./agent", ""],
  ]);
  connectionOptions(enrol.command("list"))
    .description("Lists enrolments, without their secrets.")
    .action(async (options: ConnectionOptions) => listEnrolments(context, options));
  connectionOptions(enrol.command("revoke <enrolments...>"))
    .description("Stops enrolments; agents that joined with them keep their own keys.")
    .action(async (ids: string[], options: ConnectionOptions) => {
      const client = context.client(options);
      for (const id of ids) {
        await client.call("DELETE", `/api/v1/enrolments/${encodeURIComponent(id)}`);
        if (options.json === true) context.json({ revoked: id });
        else context.out.line(`${id} no longer works.`);
      }
    });
}

async function printLogin(
  context: CliContext,
  options: ConnectionOptions & { readonly open?: boolean },
): Promise<void> {
  const client = context.client(options);
  const code = await client.call<LoginCode>("POST", "/api/v1/login-codes", { body: {} });
  if (options.json === true) context.json(code);
  else {
    const { out } = context;
    const lasts = formatDuration(code.expiresAtMs - Date.now());
    out.line(`${out.style("accent", code.url)}  ${out.style("quiet", `once, ${lasts}`)}`);
  }
  if (options.open === true) await openInBrowser(code.url);
}

async function createEnrolment(
  context: CliContext,
  options: ConnectionOptions & { readonly expires?: number; readonly note?: string },
): Promise<void> {
  const body = {
    expiresIn: options.expires === undefined ? undefined : `${options.expires}ms`,
    note: options.note,
  };
  const client = context.client(options);
  const enrolment = await client.call<Enrolment>("POST", "/api/v1/enrolments", { body });
  if (options.json === true) return context.json(enrolment);
  context.out.line(`CELLPHONE_URL=${enrolment.url}`);
  const { expiresAtMs, id } = enrolment;
  const lasts =
    expiresAtMs === null ? "" : `, works for ${formatDuration(expiresAtMs - Date.now())}`;
  context.err.line(
    context.err.style("quiet", `${id}${lasts}; revoke: cellphone enrol revoke ${id}`),
  );
}

async function listEnrolments(context: CliContext, options: ConnectionOptions): Promise<void> {
  const client = context.client(options);
  const answer = await client.call<{ enrolments: EnrolmentRow[] }>("GET", "/api/v1/enrolments");
  if (options.json === true) return context.json(answer.enrolments);
  const nowMs = Date.now();
  if (answer.enrolments.length === 0) return context.out.line("No enrolment yet.");
  context.out.table<EnrolmentRow>(
    [
      { title: "ENROLMENT", value: (row) => row.id },
      { title: "MADE", value: (row) => `${ago(row.createdAtMs, nowMs)} ago`, align: "right" },
      { title: "STATE", value: (row) => enrolmentState(row, nowMs) },
      { title: "NOTE", value: (row) => harmless(row.note ?? "–"), flexible: true },
    ],
    answer.enrolments,
  );
}

function enrolmentState(row: EnrolmentRow, nowMs: number): string {
  if (typeof row.revokedAtMs === "number") return "revoked";
  if (row.expiresAtMs === null) return "works";
  const leftMs = row.expiresAtMs - nowMs;
  return leftMs <= 0 ? "expired" : `works for ${formatDuration(leftMs)}`;
}
