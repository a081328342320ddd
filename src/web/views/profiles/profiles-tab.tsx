// An agent's sampled profiles: take one, watch it come, look into it, take it along.

import { useEffect, useState } from "preact/hooks";
import { formatBytes, formatCount } from "../../model/format.ts";
import type { FlameNode, ProfileRecord } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import { Age } from "../parts/age.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { FlameGraph } from "./flame-graph.tsx";
import { isPending, profileTitle } from "./profile-words.ts";

const SECONDS = [5, 10, 30, 60];
const PENDING_MS = 700;
const QUIET_MS = 10_000;

/** The Profiles tab. */
export function ProfilesTab({ agentId }: { readonly agentId: string }) {
  const { api, live, router } = useApp();
  const [pending, setPending] = useState(false);
  const { data, error, refresh } = useResource(
    `profiles ${agentId} ${live.connections.value}`,
    async (signal) => {
      const query = { agentId, limit: 50 };
      type Answer = { readonly profiles: readonly ProfileRecord[] };
      return (await api.get<Answer>("/api/v1/profiles", query, signal)).profiles;
    },
    { refreshMs: pending ? PENDING_MS : QUIET_MS },
  );
  const isWaiting = data?.some(isPending) === true;
  useEffect(() => setPending(isWaiting), [isWaiting]);
  const asked = router.query.value.get("profile");
  const chosen =
    data?.find(({ id }) => id === asked) ?? data?.find(({ state }) => state === "done");
  return (
    <div class="column">
      <TakeProfile
        agentId={agentId}
        onTaken={(profile) => {
          router.setQuery({ profile: profile.id }, true);
          refresh();
        }}
      />
      {error === undefined ? null : <p class="problem">{error.message}</p>}
      {data === undefined ? null : data.length === 0 ? (
        <EmptyState
          title="Where the time and the memory of its program go."
          why="No profile was taken yet. It comes over the agent's own connection; the program needs no restart."
          command={`./cellphone profile ${agentId} --seconds 10`}
        />
      ) : (
        <ProfileList
          profiles={data}
          chosenId={chosen?.id}
          onChoose={(id) => router.setQuery({ profile: id }, true)}
        />
      )}
      {chosen === undefined ? null : <ProfileView key={chosen.id} profile={chosen} />}
    </div>
  );
}

interface TakeProfileProps {
  readonly agentId: string;
  readonly onTaken: (profile: ProfileRecord) => void;
}

function TakeProfile({ agentId, onTaken }: TakeProfileProps) {
  const { api } = useApp();
  const [seconds, setSeconds] = useState(10);
  const [problem, setProblem] = useState("");
  const take = async (kind: "cpu" | "heap"): Promise<void> => {
    setProblem("");
    const path = `/api/v1/agents/${encodeURIComponent(agentId)}/profiles`;
    onTaken(await api.post<ProfileRecord>(path, { kind, seconds }));
  };
  const press = (kind: "cpu" | "heap"): void => {
    take(kind).catch((error: unknown) => {
      setProblem(error instanceof Error ? error.message : String(error));
    });
  };
  return (
    <div class="take-profile">
      <button type="button" class="button button-primary" onClick={() => press("cpu")}>
        Take CPU profile
      </button>
      <button type="button" class="button" onClick={() => press("heap")}>
        Take heap profile
      </button>
      <label class="field">
        <span>for</span>
        <select
          class="select"
          value={String(seconds)}
          onChange={(event) => setSeconds(Number(event.currentTarget.value))}
        >
          {SECONDS.map((choice) => (
            <option key={choice} value={String(choice)}>
              {choice} s
            </option>
          ))}
        </select>
      </label>
      {problem === "" ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

interface ProfileListProps {
  readonly profiles: readonly ProfileRecord[];
  readonly chosenId: string | undefined;
  readonly onChoose: (profileId: string) => void;
}

function ProfileList({ profiles, chosenId, onChoose }: ProfileListProps) {
  return (
    <div class="table-wrap">
      <table class="table profile-table" data-testid="profile-table">
        <thead>
          <tr>
            <th scope="col">Profile</th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              Taken
            </th>
            <th scope="col">By</th>
            <th scope="col">Runtime</th>
            <th scope="col" class="number">
              Samples
            </th>
            <th scope="col" class="number">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {profiles.map((profile) => (
            <tr
              key={profile.id}
              class={profile.id === chosenId ? "row-chosen row-link" : "row-link"}
              data-testid="profile"
              data-state={profile.state}
              onClick={() => onChoose(profile.id)}
            >
              <th scope="row">
                <button type="button" class="link-button" onClick={() => onChoose(profile.id)}>
                  {profileTitle(profile)}
                </button>
              </th>
              <td class="cell-wide">
                <ProfileState profile={profile} />
              </td>
              <td class="number">
                <Age sinceMs={profile.requestedAtMs} /> ago
              </td>
              <td>{profile.by}</td>
              <td>{profile.runtime ?? ""}</td>
              <td class="number">{profile.samples === 0 ? "" : formatCount(profile.samples)}</td>
              <td class="number">{profile.bytes === 0 ? "" : formatBytes(profile.bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How far it is; a running one shows its progress. */
function ProfileState({ profile }: { readonly profile: ProfileRecord }) {
  const { nowMs } = useApp();
  if (profile.state === "failed") {
    return (
      <span class="state-down" title={profile.reason ?? undefined}>
        failed: {profile.reason}
      </span>
    );
  }
  if (profile.state === "done") return <>done</>;
  if (profile.state === "requested") return <>waits for the agent</>;
  const startedAtMs = profile.startedAtMs ?? nowMs.peek();
  const ran = Math.max(0, (nowMs.value - startedAtMs) / 1000);
  return (
    <span class="progress profile-progress">
      <progress value={Math.min(1, ran / profile.seconds)} max={1} aria-label="Progress" />
      <span>
        {Math.min(profile.seconds, Math.floor(ran))} of {profile.seconds} s
      </span>
    </span>
  );
}

function ProfileView({ profile }: { readonly profile: ProfileRecord }) {
  const { api, namespace } = useApp();
  const path = `/api/v1/profiles/${encodeURIComponent(profile.id)}`;
  const { data, error } = useResource(profile.state === "done" ? `${path}/tree` : null, (signal) =>
    api.get<{ root: FlameNode; unit: string; total: number }>(`${path}/tree`, {}, signal),
  );
  if (profile.state !== "done") return null;
  return (
    <section class="panel" aria-label={profileTitle(profile)}>
      <header class="section-head">
        <h2 class="panel-title">{profileTitle(profile)}</h2>
        <span class="profile-downloads">
          <Download path={path} format="cpuprofile" profile={profile} namespace={namespace} />
          <Download path={path} format="pprof" profile={profile} namespace={namespace} />
        </span>
      </header>
      {error === undefined ? null : <p class="problem">{error.message}</p>}
      {data === undefined ? null : data.total === 0 ? (
        <p class="panel-note">No sample was taken: the program did nothing in this time.</p>
      ) : (
        <FlameGraph root={data.root} unit={data.unit} />
      )}
    </section>
  );
}

interface DownloadProps {
  readonly path: string;
  readonly format: "cpuprofile" | "pprof";
  readonly profile: ProfileRecord;
  readonly namespace: string | undefined;
}

/** A plain link: the namespace goes along in the query. */
function Download({ path, format, profile, namespace }: DownloadProps) {
  const label =
    format === "pprof" ? "pprof" : profile.kind === "cpu" ? ".cpuprofile" : ".heapprofile";
  const query = new URLSearchParams({ format });
  if (namespace !== undefined) query.set("namespace", namespace);
  return (
    <a class="button button-small" href={`${path}/data?${query.toString()}`} download>
      Download {label}
    </a>
  );
}
