import assert from "node:assert/strict";
import { test } from "node:test";

import { pageLink } from "./page-link.ts";

test("pageLink() names the namespace that the page should show, unless it is the default", () => {
  const links: [string, string, string, string][] = [
    ["https://fleet.example/", "default", "/alerts/a", "https://fleet.example/alerts/a"],
    ["https://fleet.example", "blue", "/alerts/a", "https://fleet.example/alerts/a?ns=blue"],
    ["https://x.example/fleet/", "a&b", "", "https://x.example/fleet?ns=a%26b"],
    ["", "blue", "/alerts/a", ""],
  ];
  for (const [externalUrl, namespace, path, link] of links) {
    assert.equal(pageLink(externalUrl, namespace, path), link);
  }
});
