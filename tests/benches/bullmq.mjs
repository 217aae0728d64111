// BullMQ does N durable job lifecycles: steadily, in a rush, and from a full queue. One JSON line at the end.
//   node bullmq.mjs SOCKET STEADY RUSH WAITING     (NODE_PATH holds bullmq)
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

const { Queue, Worker } = createRequire(import.meta.url)('bullmq');
const [socket, steadyJobs, rushJobs, waitingJobs] = [process.argv[2], ...process.argv.slice(3, 6).map(Number)];
const connection = { path: socket, maxRetriesPerRequest: null };

// As long as a webhook of LINE with one short message.
const body = { body: 'x'.repeat(700), signature: 'A'.repeat(44) };

/** A worker that does nothing with a job; `done` is called when Redis has it as completed. */
async function worker(name, concurrency, done) {
  const made = new Worker(name, async () => {}, { connection, concurrency });
  made.on('completed', done);
  made.on('error', (error) => { throw error; });
  await made.waitUntilReady();
  return made;
}

/** Resolves when it was called `count` times. */
function countdown(count) {
  let left = count;
  let finish;
  const all = new Promise((resolve) => { finish = resolve; });
  return { all, tick: () => { left -= 1; if (left === 0) finish(); } };
}

async function steady(jobs) {
  const queue = new Queue('steady', { connection });
  const began = new Map();
  const took = [];
  const { all, tick } = countdown(jobs);
  const busy = await worker('steady', 50, (job) => { took.push(performance.now() - began.get(job.data.nth)); tick(); });
  const start = performance.now();
  for (let nth = 0; nth < jobs; nth += 1) {
    const due = start + nth * 20;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    began.set(nth, due);
    queue.add('webhook', { ...body, nth });
  }
  await all;
  await busy.close();
  await queue.close();
  return took;
}

async function rush(jobs, concurrency) {
  const name = `rush-${concurrency}`;
  const queue = new Queue(name, { connection });
  const { all, tick } = countdown(jobs);
  const busy = await worker(name, concurrency, tick);
  const start = performance.now();
  let next = 0;
  // 64 hands add, each waiting until its job is kept: as webhooks come.
  const hand = async () => { while (next < jobs) { const nth = next; next += 1; await queue.add('webhook', { ...body, nth }); } };
  await Promise.all(Array.from({ length: 64 }, hand));
  await all;
  const rate = jobs / ((performance.now() - start) / 1000);
  await busy.close();
  await queue.close();
  return rate;
}

async function drain(jobs) {
  const queue = new Queue('drain', { connection });
  for (let at = 0; at < jobs; at += 500) {
    const some = Array.from({ length: Math.min(500, jobs - at) }, (_, nth) => ({ name: 'webhook', data: { ...body, nth: at + nth } }));
    await queue.addBulk(some);
  }
  const { all, tick } = countdown(jobs);
  const start = performance.now();
  const busy = await worker('drain', 50, tick);
  await all;
  const rate = jobs / ((performance.now() - start) / 1000);
  await busy.close();
  await queue.close();
  return rate;
}

const probe = new Queue('probe', { connection });
const redis = await probe.client;
const told = {
  redis: /redis_version:(\S+)/.exec(await redis.info('server'))[1],
  appendfsync: (await redis.config('GET', 'appendfsync'))[1],
};
await rush(200, 1); // what is made at the first use
told.steady_ms = await steady(steadyJobs);
told.rush = { 5: await rush(rushJobs, 5), 50: await rush(rushJobs, 50) };
told.drain = await drain(waitingJobs);
await probe.close();
console.log(JSON.stringify(told));
process.exit(0);
