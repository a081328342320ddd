#!/bin/sh
# An agent in plain curl: enrols, heartbeats, records, claims one message at a time, answers it.
#
#   CELLPHONE_URL=http://enrol_…@127.0.0.1:2355 CELLPHONE_NAME=echo-1 sh examples/curl-agent.sh
#
# sed takes single fields out of the JSON; a real agent would use a JSON parser.
set -eu

token=$(printf '%s' "$CELLPHONE_URL" | sed -n 's|^[a-z]*://\([^@]*\)@.*|\1|p')
server=$(printf '%s' "$CELLPHONE_URL" | sed 's|//[^@/]*@|//|')
name=${CELLPHONE_NAME:-echo-1}

# post KEY PATH BODY: prints the answer, or curl's error and the problem document.
post() {
  curl -sS --fail-with-body -X POST "$server$2" \
    -H "authorization: Bearer $1" -H 'content-type: application/json' -d "$3"
}

# text FIELD: the first string of that name in the JSON on standard input.
text() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

key=$(post "$token" /api/v1/enrol "{\"name\":\"$name\",\"capabilities\":[\"echo\"]}" | text key)

leave() {
  post "$key" "/api/v1/agents/$name/heartbeat" '{"left":true}' > /dev/null
  exit 0
}
trap leave INT TERM

echo "$name is on the line at $server; Ctrl-C leaves"
while true; do
  post "$key" "/api/v1/agents/$name/heartbeat" '{"status":"online"}' > /dev/null
  # Waits up to 10 s for a message. "token" is the lease: it settles this message, once.
  claimed=$(post "$key" "/api/v1/inbox/$name/claim" '{"max":1,"waitMs":10000}')
  lease=$(printf '%s' "$claimed" | text token)
  [ -n "$lease" ] || continue
  post "$key" /api/v1/metrics '{"samples":[{"metric":"messages_echoed","value":1}]}' > /dev/null
  post "$key" /api/v1/leases/done \
    "{\"token\":\"$lease\",\"result\":{\"echo\":true},\"reply\":{\"echo\":true}}" > /dev/null
done
