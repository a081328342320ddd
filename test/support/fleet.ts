// Agents of tests: enrolment URLs, phones that close with the test, and looks at a server as its
// admin.

import { connect } from "../../src/client/index.ts";
import type { ClientLog, ConnectOptions, Phone } from "../../src/client/index.ts";
import type { TestServer } from "./server.ts";

/** Collects what a client says, for tests to look at. */
export class CollectedLog implements ClientLog {
  readonly lines: string[] = [];
  debug(message: string): void {
    this.lines.push(`debug ${message}`);
  }
  info(message: string): void {
    this.lines.push(`info ${message}`);
  }
  warn(message: string): void {
    this.lines.push(`warn ${message}`);
  }
  error(message: string): void {
    this.lines.push(`error ${message}`);
  }
  /** Warnings and errors. */
  get loud(): readonly string[] {
    return this.lines.filter((line) => /^(warn|error) /.test(line));
  }
}

type Server = Pick<TestServer, "url" | "key">;

/** One call as the server's admin; throws with the problem document when refused. */
export async function asAdmin(
  server: Server,
  method: string,
  path: string,
  body?: unknown,
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
): Promise<any> {
  const response = await fetch(server.url + path, {
    method,
    headers: {
      authorization: `Bearer ${server.key}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

/** An enrolment URL of the server's default namespace. */
export async function enrolmentUrl(server: Server): Promise<string> {
  const { token } = await asAdmin(server, "POST", "/api/v1/enrolments", {});
  return server.url.replace("//", `//${token}@`);
}

/** Connects an agent; its phone is closed with the test, which never waits for handlers. */
export async function agent(
  t: { after(callback: () => Promise<void>): void },
  url: string,
  name: string,
  options: ConnectOptions = {},
): Promise<Phone> {
  const phone = await connect({ log: new CollectedLog(), url, name, ...options });
  t.after(() => phone.close({ drain: 0 }));
  return phone;
}

/** Looks again and again until `look` returns something; fails after 15 s. */
export async function until<Found>(
  what: string,
  look: () => Found | undefined | false | Promise<Found | undefined | false>,
): Promise<Found> {
  const untilMs = performance.now() + 15_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > untilMs) throw new Error(`not seen within 15 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
