// How long sampled profiles are kept, as the options say.

import type { ProfilerSettings } from "./config.ts";
import type { ProfileRetention } from "./store.ts";

const DAY_MS = 86_400_000;

/** What to keep of profiles; spans stay. */
export function profileRetention(
  settings: Pick<ProfilerSettings, "profileRetentionDays" | "maxProfiles" | "maxProfileBytes">,
  nowMs: number,
): ProfileRetention {
  return {
    profilesBeforeMs: nowMs - settings.profileRetentionDays * DAY_MS,
    keepProfiles: settings.maxProfiles,
    profileBytes: settings.maxProfileBytes,
  };
}
