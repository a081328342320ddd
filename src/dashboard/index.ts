export type {
  AgentTile,
  Cause,
  CauseAction,
  FeedEvent,
  HealthScore,
  LostPoints,
  OverviewSummary,
} from "./model.ts";
export type { FeedStore } from "./store.ts";
