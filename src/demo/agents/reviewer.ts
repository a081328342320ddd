// The demo's reviewer: approves plans; a contested one only after asking the planner back.

import { connect } from "../../client/index.ts";

const phone = await connect({ kind: "reviewer", capabilities: ["review"] });

phone.on<{ contested: boolean }>("coordination", async (message) => {
  if (!message.payload.contested) return { approved: true };
  const answer = await phone.request(message.senderId, "question", "Why this order?", {
    timeout: "2m",
  });
  return { approved: true, because: answer.payload };
});

await phone.run({ drain: "1s" });
