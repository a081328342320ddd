export { ProfileKind, ProfileState } from "./model.ts";
export type { ProfileQuery, ProfileRecord, SpanQuery, SpanRecord } from "./model.ts";
export type { ProfileRetention, ProfileStore } from "./store.ts";
