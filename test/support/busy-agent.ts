// An agent in a process of its own that keeps its processor busy, for profiles to find it. The
// enrolment URL comes in CELLPHONE_URL; standard input's end ends it.

import { connect } from "../../src/client/index.ts";

/** What a profile of this agent must name. */
function burnTimeForTheProfile(): number {
  let sum = 0;
  for (let step = 0; step < 2_000_000; step += 1) sum += Math.sqrt(step);
  return sum;
}

const phone = await connect({ name: "cruncher-1" });
setInterval(burnTimeForTheProfile, 20);
process.stdin.on("close", () => process.exit(0)).resume();
console.log(`${phone.agentId} is busy`);
