"""A worker of the demo, in Python: the same jobs as worker.ts, through the Python SDK."""

import collections
import hashlib
import sys
import time

from agent_cellphone import CellphoneClientError, Phone

PRICE_PER_JOB_USD = 0.002  # the demo's tariff; agents of your own report what they really spend


def errand(phone, name, path, **options):
    """Asks a service; one that is out of order costs the job its comfort, never its result."""
    with phone.span(name, kind="tool") as span:
        try:
            with phone.fetch(path, **options) as answer:
                answer.read()
                if not answer.ok:
                    span.fail(f"answered {answer.status}")
        except CellphoneClientError as error:
            span.fail(error)


def hash_files(job):
    digests = []
    for path in job["files"]:
        with open(path, "rb") as file:
            digests.append(hashlib.sha256(file.read()).hexdigest())
    return digests


def count_words(job):
    with open(job["file"], encoding="utf-8") as file:
        counts = collections.Counter(file.read().split())
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return [list(entry) for entry in ranked[:10]]


JOBS = {
    "hash-files": hash_files,
    "sort": lambda job: sorted(job["numbers"]),
    "count-words": count_words,
}


def main():
    pace_seconds = float(sys.argv[1]) / 1000
    phone = Phone(kind="worker", capabilities=list(JOBS))

    @phone.on("task_assignment")
    def work(message, delivery):
        job = message.payload
        errand(phone, "look it up", "/v1/search/find?q=sketch")
        time.sleep(pace_seconds)
        with phone.span(job["kind"], kind="code"):
            result = JOBS[job["kind"]](job)
        phone.record("cost_usd", PRICE_PER_JOB_USD)
        errand(phone, "leave a note", "/v1/notes", json={"agent": phone.agent_id})
        return result  # the answer to the coordinator, who waits for it

    phone.run()


if __name__ == "__main__":
    main()
