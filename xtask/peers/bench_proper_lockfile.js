// The lock of npm's `proper-lockfile`, as `cargo xtask bench` measures it: `bench/foreign`.
//
// Arguments and roles are those of `bench_filelock.py`. There is one kind of lock.
'use strict';

const fs = require('fs');
const path = require('path');
const readline = require('readline');
const { lock } = require('proper-lockfile');

const [SLOT, COUNTER, OVERLAPS] = [0, 8, 16];
// By default it gives up at once. This is what Python's `filelock` does by default.
const PATIENT = { forever: true, retries: 1, minTimeout: 50, maxTimeout: 50 };

const [role, , directory, seconds] = process.argv.slice(2);
const file = path.join(directory, 'counter');

async function timed(act) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const started = process.hrtime.bigint();
    for (let left = Number(line); left > 0; left--) await act();
    process.stdout.write(`${process.hrtime.bigint() - started}\n`);
  }
}

async function passes() {
  await timed(async () => {
    const release = await lock(file, { realpath: false });
    await release();
  });
}

async function tries() {
  await lock(file, { realpath: false });
  await timed(async () => {
    let granted = true;
    try {
      await lock(file, { realpath: false });
    } catch (error) {
      if (error.code !== 'ELOCKED') throw error;
      granted = false;
    }
    if (granted) throw new Error('a lock that is held was granted');
  });
}

function read(section, at) {
  const bytes = Buffer.alloc(8);
  fs.readSync(section, bytes, 0, 8, at);
  return bytes.readBigUInt64LE();
}

function write(section, at, number) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(number);
  fs.writeSync(section, bytes, 0, 8, at);
}

function passThrough(section, own) {
  write(section, SLOT, own);
  write(section, COUNTER, read(section, COUNTER) + 1n);
  if (read(section, SLOT) !== own) write(section, OVERLAPS, read(section, OVERLAPS) + 1n);
}

async function contend() {
  const section = fs.openSync(file, 'r+');
  const own = BigInt(process.pid);
  const waits = [];
  process.stdout.write('\n');
  fs.readSync(0, Buffer.alloc(1));
  const ends = performance.now() + 1000 * Number(seconds);
  while (performance.now() < ends) {
    const asked = process.hrtime.bigint();
    const release = await lock(file, { realpath: false, retries: PATIENT });
    waits.push(Number((process.hrtime.bigint() - asked) / 1000n));
    passThrough(section, own);
    await release();
  }
  const bytes = Buffer.alloc(4 * waits.length);
  waits.forEach((wait, index) => bytes.writeUInt32LE(wait, 4 * index));
  process.stdout.write(bytes);
}

const act = { passes, tries, contend }[role];
act().catch((error) => {
  console.error(error);
  process.exit(1);
});
