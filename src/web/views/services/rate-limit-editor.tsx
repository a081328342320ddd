// How many calls a service takes: all of them together, and each agent's.

import { useState } from "preact/hooks";
import { limitOf, limitWords, optionalNumber } from "../../model/service-words.ts";
import type { RateLimit, ServiceView } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { FormDialog, TextField } from "../parts/form-dialog.tsx";

type Per = "service" | "agent";

/** Both limits, each with its verb. */
export function RateLimitEditor({ service }: { readonly service: ServiceView }) {
  const [editing, setEditing] = useState<Per | null>(null);
  const limits: readonly (readonly [Per, string, RateLimit | null])[] = [
    ["service", "all calls", service.rateLimit],
    ["agent", "each agent", service.agentRateLimit],
  ];
  return (
    <section class="panel" aria-label="Rate limits">
      <h2 class="panel-title">Rate limits</h2>
      <dl class="limit-rows">
        {limits.map(([per, label, limit]) => (
          <div key={per}>
            <dt>{label}</dt>
            <dd>{limitWords(limit)}</dd>
            <dd>
              <button
                type="button"
                class="button button-small"
                aria-label={`${limit === null ? "Set" : "Change"} the limit of ${label}`}
                onClick={() => setEditing(per)}
              >
                {limit === null ? "Set" : "Change"}
              </button>
            </dd>
          </div>
        ))}
      </dl>
      {service.recent.limited > 0 ? (
        <p class="panel-note">{service.recent.limited} calls refused of late.</p>
      ) : null}
      {editing === null ? null : (
        <LimitDialog service={service} per={editing} onClose={() => setEditing(null)} />
      )}
    </section>
  );
}

interface LimitDialogProps {
  readonly service: ServiceView;
  readonly per: Per;
  readonly onClose: () => void;
}

function LimitDialog({ service, per, onClose }: LimitDialogProps) {
  const { api, live, toasts } = useApp();
  const limit = per === "service" ? service.rateLimit : service.agentRateLimit;
  const [perMinute, setPerMinute] = useState(String(limit?.requestsPerMinute ?? ""));
  const [burst, setBurst] = useState(String(limit?.burst ?? ""));
  const path = `/api/v1/services/${encodeURIComponent(service.id)}/rate-limit`;
  const save = async (): Promise<void> => {
    const rate = optionalNumber(perMinute, "Calls a minute");
    const changed =
      rate === undefined
        ? await api.delete<ServiceView>(path, { per })
        : await api.put<ServiceView>(path, {
            ...limitOf(rate, optionalNumber(burst, "At once")),
            per,
          });
    live.apply({ kind: "services", services: [changed], removed: [] });
    const now = per === "service" ? changed.rateLimit : changed.agentRateLimit;
    toasts.show({ text: `Limit of ${service.id}: ${limitWords(now)}.`, tone: "info" });
  };
  const whose = per === "service" ? "all calls together" : "each agent's calls";
  return (
    <FormDialog
      title={`Limit of ${service.id}`}
      lead={`Of ${whose}. It is in force at once; calls beyond it are answered 429.`}
      verb="Save"
      onSubmit={save}
      onClose={onClose}
    >
      <div class="field-pair">
        <TextField
          label="Calls a minute"
          autofocus
          numeric
          value={perMinute}
          placeholder="no limit"
          hint="Empty takes the limit away."
          onInput={setPerMinute}
        />
        <TextField
          label="At once, from rest"
          numeric
          value={burst}
          placeholder="a share of it"
          onInput={setBurst}
        />
      </div>
    </FormDialog>
  );
}
