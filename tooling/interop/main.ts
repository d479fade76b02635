import { commandLine } from '../command-line/command-line.ts';
import { createBench, type Bench } from './bench.ts';
import { CASES, type Case } from './cases.ts';
import { complaints } from './expectations.ts';
import { HOW_TO_GET_IT, installedVersion, request } from './gtlsclient.ts';
import { H3Endpoint } from './h3-endpoint.ts';
import { resume } from './resumption.ts';

commandLine({
  name: 'test:interop',
  about: 'The client of ngtcp2, a QUIC stack that shares no code with ours, with our endpoint.',
  options: {},
});

const version = installedVersion();
const counts = { passed: 0, failed: 0 };

if (version === undefined) {
  console.error(HOW_TO_GET_IT);
  process.exitCode = 1;
} else {
  console.log(`gtlsclient of ${version} at our endpoint\n`);
  const bench = await createBench();
  try {
    // At once, for most of their time they wait.
    for (const tell of await Promise.all(CASES.map((each) => runCase(each, bench)))) tell();
    await runResumption(bench);
  } finally {
    bench.remove();
  }
  console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
  if (counts.failed > 0) process.exitCode = 1;
}

/** @returns what prints how it went */
async function runCase(wanted: Case, bench: Bench): Promise<() => void> {
  const endpoint = await H3Endpoint.serve(wanted, bench);
  try {
    const run = await request(endpoint.port, [...bench.credentials, ...wanted.options, ...bench.body(wanted)]);
    const found = complaints(wanted, { run, seen: await endpoint.seen(), fingerprint: bench.machine.fingerprint });
    return () => {
      report(found.length === 0 ? 'passed' : 'failed', wanted.name, found);
      if (found.length > 0) console.log(run.log);
    };
  } finally {
    await endpoint.close();
  }
}

async function runResumption(bench: Bench): Promise<void> {
  const wanted: Case = { name: 'resumption (--session-file, --tp-file)', options: [], endpoint: { earlyData: true } };
  const endpoint = await H3Endpoint.serve(wanted, bench);
  try {
    const { evidence, resumed, earlyData } = await resume(endpoint, bench);
    const found = [...complaints(wanted, evidence), ...(resumed ? [] : ['the second handshake was a full one'])];
    report(found.length === 0 ? 'passed' : 'failed', wanted.name, found);
    const late = earlyData ? [] : ['nothing was taken before the end of the handshake'];
    report(earlyData ? 'passed' : 'failed', '0-RTT in the resumed session', late);
    if (found.length + late.length > 0) console.log(evidence.run.log);
  } finally {
    await endpoint.close();
  }
}

function report(result: keyof typeof counts, name: string, notes: readonly string[]): void {
  counts[result] += 1;
  console.log(`${result} ${name}`);
  for (const note of notes) console.log(`       ${note}`);
}
