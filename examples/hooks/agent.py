#!/usr/bin/env python3
"""A coding agent's hook: `agent.py start|tool|end AGENT`, with the event as JSON on standard input.

It must not hold the agent up for long, and must not fail it. If it is killed, the log and the document
are whole all the same.
"""

import json
import os
import subprocess
import sys
from datetime import datetime, timezone


def agentslock(*arguments, text=None):
    """Runs a verb. Returns its answer, or None after saying what was not recorded."""
    environment = {"AGENTSLOCK_WAIT": "10", **os.environ, "AGENTSLOCK_JSON": "1"}
    command = ["agentslock", "--quiet", *arguments]
    try:
        ended = subprocess.run(command, input=text, env=environment, text=True, stdout=subprocess.PIPE)
    except OSError as error:
        print(f"agent.py: not recorded: agentslock cannot be run: {error.strerror}", file=sys.stderr)
        return None
    answer = json.loads(ended.stdout or "{}")
    if ended.returncode == 0:
        return answer
    error = answer.get("error", {})
    # 75: the lock could not be had in time. Anything else is for a person.
    print(f"agent.py: not recorded ({error.get('kind')}): {error.get('message')}", file=sys.stderr)
    return None


def main():
    event, agent = sys.argv[1:3]
    # Every event is a line of the log.
    agentslock("append", ".agents/events.ndjson", "-", text=sys.stdin.read())
    if event == "start":
        # The command gets the current value, `null` at first, while the lock is held.
        count = "import json, sys; print((json.load(sys.stdin) or 0) + 1)"
        agentslock("set", "counters.runs", "--", sys.executable, "-c", count)
    elif event == "end":
        ended_at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        agentslock("set", f"/agents/{agent}", json.dumps({"ended_at": ended_at}))


main()
