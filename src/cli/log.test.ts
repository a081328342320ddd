import assert from "node:assert/strict";
import { test } from "node:test";

import { componentLog, createLogger } from "./log.ts";

function logged(options: { debug: boolean; isTTY: boolean }): {
  lines: string[];
  log: ReturnType<typeof componentLog>;
} {
  const lines: string[] = [];
  const output = { isTTY: options.isTTY, write: (text: string) => lines.push(text) };
  const logger = createLogger({ output, env: { NO_COLOR: "1" }, debug: options.debug });
  return { lines, log: componentLog(logger, "gateway") };
}

test("createLogger() writes JSON lines where no person reads, and hides secrets", () => {
  const { lines, log } = logged({ debug: false, isTTY: false });
  log.debug("route.chosen", {});
  log.warn("key.refused", { agent: "w", key: "agent_abc", request: { authorization: "Bearer x" } });
  assert.equal(lines.length, 1);
  const { time, ...rest }: Record<string, unknown> = JSON.parse(lines[0] ?? "");
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(rest, {
    level: "warn",
    component: "gateway",
    msg: "key.refused",
    agent: "w",
    key: "[hidden]",
    request: { authorization: "[hidden]" },
  });
});

test("createLogger() writes short lines for people, more of them with debug", () => {
  const { lines, log } = logged({ debug: true, isTTY: true });
  log.debug("mailbox.claimed", { agent: "worker-1", count: 2, why: "two words\u001b[2J" });
  assert.match(
    lines[0] ?? "",
    /^ {2}\d\d:\d\d:\d\d {2}debug {2}gateway {2}mailbox\.claimed {2}agent=worker-1 count=2 why="two words/,
  );
  assert.equal(lines[0]?.includes("\u001b"), false);
});
