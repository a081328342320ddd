// What a job costs in the demo, so that its pages show money. Agents of your own report what
// they really spend, under the metric `cost_usd`.

/** US dollars a job. */
export const PRICE_PER_JOB_USD = 0.002;
