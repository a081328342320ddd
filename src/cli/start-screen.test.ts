import assert from "node:assert/strict";
import { test } from "node:test";

import { printStartScreen } from "./start-screen.ts";
import { Terminal } from "./terminal.ts";

test("printStartScreen() is the screen of the design system", () => {
  let text = "";
  const terminal = new Terminal({ write: (chunk) => (text += chunk) }, {});
  printStartScreen(terminal, {
    version: "0.1.0",
    readyMs: 912,
    loginUrl: "http://127.0.0.1:2355/in#7Q4K-M2XD",
    loginLastsMs: 900_000,
    gatewayUrl: "http://127.0.0.1:2356",
    dataFolder: "./.cellphone",
    dataHolds: "empty",
    keepsDays: 30,
    command: "./cellphone",
    demo: "npm run demo",
  });
  assert.equal(
    text,
    `  Agent Cellphone 0.1.0                        ready in 0.9 s
  Dashboard  http://127.0.0.1:2355/in#7Q4K-M2XD   once, 15 min
  Gateway    http://127.0.0.1:2356
  Data       ./.cellphone   empty, keeps 30 days

  Connect    ./cellphone run --name worker-1 -- python3 agent.py
  Demo       npm run demo         Sign in again  ./cellphone login
  Ctrl-C drains and stops.

`,
  );
});
