// Links to the pages for people elsewhere. The pages read their namespace from the address, so a
// link without it leads to another fleet, or to nothing.

import { DEFAULT_NAMESPACE } from "../core/index.ts";

/**
 * Where a page is.
 * @param externalUrl where people reach the pages; empty when nobody said.
 * @param path begins with a slash: `/alerts/alert_1`.
 * @returns empty when nobody said where the pages are.
 */
export function pageLink(externalUrl: string, namespace: string, path: string): string {
  if (externalUrl === "") return "";
  const query = namespace === DEFAULT_NAMESPACE ? "" : `?ns=${encodeURIComponent(namespace)}`;
  return `${externalUrl.replace(/\/+$/, "")}${path}${query}`;
}
