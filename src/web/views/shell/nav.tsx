// The way around: four pages.

import { useApp } from "../../state/app.ts";
import { Icon } from "../parts/icons.tsx";
import type { IconName } from "../parts/icons.tsx";

const PAGES: readonly { readonly path: string; readonly label: string; readonly icon: IconName }[] =
  [
    { path: "/", label: "Overview", icon: "overview" },
    { path: "/agents", label: "Agents", icon: "agents" },
    { path: "/conversations", label: "Conversations", icon: "conversations" },
    { path: "/connect", label: "Connect", icon: "connect" },
  ];

const PAGE_OF_ROUTE: Readonly<Record<string, string>> = {
  overview: "/",
  agents: "/agents",
  agent: "/agents",
  conversations: "/conversations",
  connect: "/connect",
};

/** The navigation on the left. */
export function Nav() {
  const { router } = useApp();
  const current = PAGE_OF_ROUTE[router.route.value.page];
  return (
    <nav class="nav" aria-label="Pages">
      <p class="nav-brand">Agent Cellphone</p>
      <ul>
        {PAGES.map((page) => (
          <li key={page.path}>
            <a
              href={router.href(page.path)}
              class="nav-link"
              aria-label={page.label}
              title={page.label}
              aria-current={page.path === current ? "page" : undefined}
            >
              <Icon name={page.icon} />
              <span>{page.label}</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
