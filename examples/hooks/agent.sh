#!/bin/sh
# A coding agent's hook: `agent.sh start|tool|end AGENT`, with the event as JSON on standard input.
#
# It must not hold the agent up for long, and must not fail it. If it is killed, the log and the document are whole all
# the same.
export AGENTSLOCK_WAIT="${AGENTSLOCK_WAIT:-10}"

missed() {
    echo "agent.sh: $1 was not recorded" >&2
}

# Every event is a line of the log.
agentslock append --quiet .agents/events.ndjson - || missed "an event"

case $1 in
start) # Count the runs. The command gets the current value, `null` at first, while the lock is held.
    agentslock set --quiet counters.runs -- sh -c 'n=$(cat); [ "$n" = null ] && n=0; echo $((n + 1))' ||
        missed "the run"
    ;;
end) # Say in the document when this agent ended.
    agentslock set --quiet "/agents/$2" "{\"ended_at\": \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"}" || missed "the end"
    ;;
esac
exit 0
