// An agent that answers every message with what it got. Run it in a clone with Node 24:
//
//   CELLPHONE_URL=http://enrol_…@127.0.0.1:2355 CELLPHONE_NAME=echo-1 node examples/echo-agent.ts
//
// In a project of your own, import from "agent-cellphone/client".

import { connect } from "../src/client/index.ts";

const phone = await connect({ kind: "echo", capabilities: ["echo"] });

phone.on("*", (message, delivery) => {
  const startedMs = performance.now();
  delivery.progress(0.5, "echoing");
  phone.record("response_time", (performance.now() - startedMs) / 1000, { type: message.type });
  return { echo: message.payload, from: phone.agentId };
});

console.log(`${phone.agentId} is on the line at ${phone.url}; Ctrl-C leaves`);
await phone.run();
