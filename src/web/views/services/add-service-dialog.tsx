// Registering a service: two fields are enough, the others are folded away.

import { useState } from "preact/hooks";
import { EMPTY_SERVICE_FORM, registrationOf } from "../../model/service-words.ts";
import type { ServiceForm } from "../../model/service-words.ts";
import type { ServiceView } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { FormDialog, TextField } from "../parts/form-dialog.tsx";

/** What follows. */
export interface AddServiceDialogProps {
  readonly onClose: () => void;
  readonly onAdded: (serviceId: string) => void;
}

/** The form behind "Add service". */
export function AddServiceDialog({ onClose, onAdded }: AddServiceDialogProps) {
  const { api, live, toasts } = useApp();
  const [form, setForm] = useState<ServiceForm>(EMPTY_SERVICE_FORM);
  const set = (change: Partial<ServiceForm>): void => setForm((last) => ({ ...last, ...change }));
  const add = async (): Promise<void> => {
    const service = await api.post<ServiceView>("/api/v1/services", registrationOf(form));
    live.apply({ kind: "services", services: [service], removed: [] });
    toasts.show({ text: `Registered ${service.id}.`, tone: "info" });
    onAdded(service.id);
  };
  const publicPath = `/${form.version || "v1"}/${form.id || "<id>"}/`;
  return (
    <FormDialog title="Add service" verb="Add" onSubmit={add} onClose={onClose}>
      <TextField
        label="Id"
        autofocus
        required
        mono
        value={form.id}
        placeholder="search"
        hint={`Agents reach it at ${publicPath} on the gateway.`}
        onInput={(id) => set({ id })}
      />
      <TextField
        label="Base URLs, one a line"
        required
        mono
        rows={2}
        value={form.endpoints}
        placeholder="http://127.0.0.1:9000"
        hint="Several share the calls; a number after an address is its weight."
        onInput={(endpoints) => set({ endpoints })}
      />
      <TextField
        label="Health check"
        mono
        value={form.healthCheckUrl}
        placeholder="none"
        hint="A path below each base URL, or an absolute URL; empty: calls alone tell."
        onInput={(healthCheckUrl) => set({ healthCheckUrl })}
      />
      <details class="more-fields">
        <summary>Version, paths, limits, credential</summary>
        <RoutingFields form={form} onChange={set} />
        <CredentialFields form={form} onChange={set} />
      </details>
    </FormDialog>
  );
}

interface FieldsProps {
  readonly form: ServiceForm;
  readonly onChange: (change: Partial<ServiceForm>) => void;
}

function RoutingFields({ form, onChange }: FieldsProps) {
  return (
    <>
      <div class="field-pair">
        <TextField
          label="Version"
          mono
          value={form.version}
          onInput={(version) => onChange({ version })}
        />
        <TextField
          label="Timeout, s"
          numeric
          value={form.timeoutSeconds}
          placeholder="the gateway's"
          onInput={(timeoutSeconds) => onChange({ timeoutSeconds })}
        />
      </div>
      <TextField
        label="Paths below the version"
        mono
        value={form.paths}
        placeholder="/users/:id, /files/**"
        hint="Empty: everything below its id."
        onInput={(paths) => onChange({ paths })}
      />
      <div class="field-pair">
        <TextField
          label="Calls a minute"
          numeric
          value={form.requestsPerMinute}
          placeholder="no limit"
          onInput={(requestsPerMinute) => onChange({ requestsPerMinute })}
        />
        <TextField
          label="At once, from rest"
          numeric
          value={form.burst}
          placeholder="a share of it"
          onInput={(burst) => onChange({ burst })}
        />
      </div>
    </>
  );
}

function CredentialFields({ form, onChange }: FieldsProps) {
  return (
    <div class="field-pair">
      <TextField
        label="Credential header"
        mono
        value={form.credentialHeader}
        placeholder="authorization"
        onInput={(credentialHeader) => onChange({ credentialHeader })}
      />
      <TextField
        label="Its value"
        mono
        secret
        value={form.credentialValue}
        placeholder={"Bearer ${SEARCH_KEY}"}
        hint="${NAME} comes from the server's environment."
        onInput={(credentialValue) => onChange({ credentialValue })}
      />
    </div>
  );
}
