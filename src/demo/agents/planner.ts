// The demo's planner: has every plan reviewed before it answers. While it waits for the reviewer
// it does nothing else; if the reviewer then asks the planner, both wait on each other, until the
// planner gives up. Arguments: milliseconds it waits for a review.

import { CellphoneClientError, connect } from "../../client/index.ts";

const reviewTimeoutMs = Number(process.argv[2]);
const phone = await connect({ kind: "planner", capabilities: ["plan"] });

phone.on<{ contested: boolean }>("coordination", async (message) => {
  const plan = { steps: ["hash", "sort", "count"], contested: message.payload.contested };
  try {
    const review = await phone.request("reviewer", "coordination", plan, {
      timeout: reviewTimeoutMs,
    });
    return { plan, review: review.payload };
  } catch (error) {
    if (!(error instanceof CellphoneClientError)) throw error;
    return { plan, review: null, note: error.message };
  }
});

phone.on("question", () => ({ answer: "the order of the steps does not matter" }));

await phone.run({ drain: "1s" });
