#!/usr/bin/env node
// A coding agent's hook: `agent.js start|tool|end AGENT`, with the event as JSON on standard input.
//
// It must not hold the agent up for long, and must not fail it. If it is killed, the log and the document are
// whole all the same.
"use strict";
const { spawnSync } = require("node:child_process");
const { readFileSync } = require("node:fs");

/** Runs a verb, and says what was not recorded. */
function agentslock(args, input = "") {
  const env = { AGENTSLOCK_WAIT: "10", ...process.env, AGENTSLOCK_JSON: "1" };
  const ended = spawnSync("agentslock", ["--quiet", ...args], { input, env, encoding: "utf8" });
  if (ended.error) {
    console.error(`agent.js: not recorded: agentslock cannot be run: ${ended.error.code}`);
  } else if (ended.status !== 0) {
    // 75: the lock could not be had in time. Anything else is for a person.
    const { error = {} } = JSON.parse(ended.stdout || "{}");
    console.error(`agent.js: not recorded (${error.kind}): ${error.message}`);
  }
}

const [event, agent] = process.argv.slice(2);
// Every event is a line of the log.
agentslock(["append", ".agents/events.ndjson", "-"], readFileSync(0));
if (event === "start") {
  // The command gets the current value, `null` at first, while the lock is held.
  const count = "console.log((JSON.parse(require('fs').readFileSync(0)) ?? 0) + 1)";
  agentslock(["set", "counters.runs", "--", process.execPath, "-e", count]);
} else if (event === "end") {
  const ended = { ended_at: new Date().toISOString().replace(/\.\d+Z/, "Z") };
  agentslock(["set", `/agents/${agent}`, JSON.stringify(ended)]);
}
