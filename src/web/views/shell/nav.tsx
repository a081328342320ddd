// The way around: four pages, the namespace, the theme.

import { useApp } from "../../state/app.ts";
import { THEMES } from "../../state/theme.ts";
import { useResource } from "../../state/use-resource.ts";
import { Icon } from "../parts/icons.tsx";
import type { IconName } from "../parts/icons.tsx";

const PAGES: readonly { readonly path: string; readonly label: string; readonly icon: IconName }[] =
  [
    { path: "/", label: "Overview", icon: "overview" },
    { path: "/agents", label: "Agents", icon: "agents" },
    { path: "/conversations", label: "Conversations", icon: "conversations" },
    { path: "/connect", label: "Connect an agent", icon: "connect" },
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
      <NamespaceSwitch />
      <ul>
        {PAGES.map((page) => (
          <li key={page.path}>
            <a
              href={router.href(page.path)}
              class="nav-link"
              aria-label={page.label}
              aria-current={page.path === current ? "page" : undefined}
            >
              <Icon name={page.icon} />
              <span>{page.label}</span>
            </a>
          </li>
        ))}
      </ul>
      <ThemeSwitch />
    </nav>
  );
}

/** Shown when there is a choice, or when this is not the default namespace. */
function NamespaceSwitch() {
  const { api, live, namespace } = useApp();
  const { data } = useResource(`namespaces ${live.connections.value}`, async (signal) => {
    type Answer = { readonly namespaces: readonly (string | { readonly name: string })[] };
    const { namespaces } = await api.get<Answer>("/api/v1/namespaces", {}, signal);
    return namespaces.map((entry) => (typeof entry === "string" ? entry : entry.name));
  });
  const current = namespace ?? "default";
  const names = [...new Set([...(data ?? []), current])].sort();
  if (names.length < 2) return null;
  return (
    <label class="nav-namespace">
      <span>Namespace</span>
      <select
        class="select"
        value={current}
        onChange={(event) => {
          const chosen = event.currentTarget.value;
          // The stream, the caches and every open question belong to one namespace: start afresh.
          location.assign(chosen === "default" ? "/" : `/?ns=${encodeURIComponent(chosen)}`);
        }}
      >
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function ThemeSwitch() {
  const { theme } = useApp();
  return (
    <div class="segmented nav-theme" role="group" aria-label="Theme">
      {THEMES.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={theme.chosen.value === name}
          onClick={() => theme.choose(name)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
