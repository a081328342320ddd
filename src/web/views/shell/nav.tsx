// The way around: nine pages in four groups. On a telephone four stand at the foot, the others
// behind More.

import { useEffect, useState } from "preact/hooks";
import { formatCount, plural } from "../../model/format.ts";
import { useApp } from "../../state/app.ts";
import { Icon } from "../parts/icons.tsx";
import type { IconName } from "../parts/icons.tsx";

interface NavPage {
  readonly path: string;
  readonly label: string;
  readonly icon: IconName;
  /** Stands at the foot of a telephone's screen. */
  readonly foremost?: boolean;
  /** A little space above: another group begins. */
  readonly begins?: boolean;
}

const PAGES: readonly NavPage[] = [
  { path: "/", label: "Overview", icon: "overview", foremost: true },
  { path: "/agents", label: "Agents", icon: "agents", foremost: true },
  { path: "/conversations", label: "Conversations", icon: "conversations", foremost: true },
  { path: "/services", label: "Services", icon: "services", begins: true },
  { path: "/calls", label: "Calls", icon: "calls" },
  { path: "/alerts", label: "Alerts", icon: "alerts", foremost: true, begins: true },
  { path: "/metrics", label: "Metrics", icon: "metrics" },
  { path: "/history", label: "History", icon: "history" },
  { path: "/connect", label: "Connect", icon: "connect", begins: true },
];

const PAGE_OF_ROUTE: Readonly<Record<string, string>> = {
  overview: "/",
  agents: "/agents",
  agent: "/agents",
  conversations: "/conversations",
  services: "/services",
  service: "/services",
  calls: "/calls",
  trace: "/calls",
  alerts: "/alerts",
  metrics: "/metrics",
  history: "/history",
  connect: "/connect",
};

/** The navigation on the left. */
export function Nav() {
  const { router } = useApp();
  const [open, setOpen] = useState(false);
  const { page } = router.route.value;
  const current = PAGE_OF_ROUTE[page];
  useEffect(() => setOpen(false), [router.route.value]);
  return (
    <nav class={open ? "nav nav-open" : "nav"} aria-label="Pages">
      <p class="nav-brand">Agent Cellphone</p>
      <ul>
        {PAGES.map((entry) => (
          <li key={entry.path} class={itemClass(entry)}>
            <NavLink entry={entry} current={entry.path === current} />
          </li>
        ))}
        <li class="nav-more">
          <button
            type="button"
            class="nav-link"
            aria-expanded={open}
            aria-current={PAGES.some((entry) => isRear(entry) && entry.path === current)}
            onClick={() => setOpen(!open)}
          >
            <Icon name="more" />
            <span>More</span>
          </button>
        </li>
      </ul>
    </nav>
  );
}

function isRear({ foremost }: NavPage): boolean {
  return foremost !== true;
}

function itemClass(entry: NavPage): string {
  return `${isRear(entry) ? "nav-rear" : ""}${entry.begins === true ? " nav-begins" : ""}`;
}

function NavLink({ entry, current }: { readonly entry: NavPage; readonly current: boolean }) {
  const { router, live } = useApp();
  const waiting = entry.path === "/alerts" ? (live.summary.value?.alerts.unacknowledged ?? 0) : 0;
  const label =
    waiting === 0 ? entry.label : `${entry.label}, ${plural(waiting, "alert")} nobody has taken on`;
  return (
    <a
      href={router.href(entry.path)}
      class="nav-link"
      aria-label={label}
      title={label}
      aria-current={current ? "page" : undefined}
      data-waiting={waiting === 0 ? undefined : formatCount(waiting)}
    >
      <Icon name={entry.icon} />
      <span>{entry.label}</span>
    </a>
  );
}
