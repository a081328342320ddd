// The page at /connect; it says who joined while it is open.

import { useState } from "preact/hooks";
import { nameList } from "../../model/format.ts";
import { agentPath } from "../../model/routes.ts";
import { useApp } from "../../state/app.ts";
import { ConnectSteps } from "./connect-steps.tsx";

/** How to connect another agent. */
export function ConnectPage() {
  const { live, router } = useApp();
  const agents = live.agents.value;
  const [before, setBefore] = useState<ReadonlySet<string> | undefined>(undefined);
  if (before === undefined && agents !== null) setBefore(new Set(agents.keys()));
  const joined = [...(agents?.keys() ?? [])].filter((id) => before?.has(id) === false);
  const [first] = joined;
  return (
    <main class="page page-narrow">
      <h1 class="page-title">Connect an agent</h1>
      <p class="lead" aria-live="polite">
        {first === undefined ? (
          "Start a program in one of these ways. This line names it when it has joined."
        ) : (
          <>
            {nameList(joined)} joined. <a href={router.href(agentPath(first))}>Open {first}</a>
          </>
        )}
      </p>
      {agents === null ? null : <ConnectSteps />}
    </main>
  );
}
