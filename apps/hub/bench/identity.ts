import { openStore } from '@qconn/store';
import { runSql, startPostgres } from '@qconn/testkit';
import { measureCryptography } from './identity/cryptography.ts';
import { MachinesProcess } from './identity/machines-process.ts';
import { ServedHub } from './identity/served-hub.ts';
import { commandLine } from '../../../tooling/command-line/command-line.ts';
import { quantile } from '../../../tooling/measure/quantile.ts';

commandLine({
  name: 'bench identity',
  about: `What identity costs. The hub, its PostgreSQL server, the machines and the administrator are processes of their own; 100,000
machines are in the database before anything is measured. PostgreSQL runs as tests run it, without fsync: a real disk adds
its flush to each commit. The last line is JSON.`,
  options: {},
});

/**
 * An enrolment is one HTTPS request on a connection of its own, with a whole handshake; its key and request are made before.
 * A revocation is measured from before its request is sent to when the machine's connection has ended, at the machine.
 */
const FLEET = 100_000;
const CLIENTS = 16;
/** Enrolments before those that count: just-in-time compilation, the pool of connections. */
const WARM_UP = 200;
const ENROLMENTS = 2_000;
const CONNECTED = 1_000;
const REVOCATIONS = 100;

const cryptography = await measureCryptography();
const server = await startPostgres();
const hub = new ServedHub(server.url);
const machines = new MachinesProcess();
try {
  await hub.initialise();
  await runSql(server.url, ...fleet(Date.now()));
  await hub.serve();
  const { https, quicPort, rootPem } = hub;
  const token = await hub.token(WARM_UP + ENROLMENTS);
  const enrolled = await machines.call('enrol', {
    https,
    rootPem,
    token,
    clients: CLIENTS,
    warmUp: WARM_UP,
    count: ENROLMENTS,
  });
  const connecting = enrolled.fingerprints.slice(0, CONNECTED);
  const approvals = await approve(connecting);
  await machines.call('connect', { quicPort, fingerprints: connecting });
  const revocations = await machines.call('revoke', {
    https,
    rootPem,
    key: hub.key,
    fingerprints: connecting.slice(0, REVOCATIONS),
  });
  const figures = {
    bench: 'identity',
    enrolmentsPerSecond: round(enrolled.perSecond),
    ...cryptography,
    approvalMsP99: round(quantile(approvals, 0.99)),
    revocationToDisconnectMsP99: round(quantile(revocations.times, 0.99)),
  };
  console.log(
    `p50: approval ${round(quantile(approvals, 0.5))} ms, revocation to disconnect ${round(quantile(revocations.times, 0.5))} ms`,
  );
  console.log(JSON.stringify(figures));
} finally {
  machines.close();
  await hub.close();
  await server.stop();
}

/** The transaction alone, one after another, while the hub takes note of each. */
async function approve(fingerprints: readonly string[]): Promise<number[]> {
  const store = await openStore({ url: server.url });
  const times: number[] = [];
  for (const [index, fingerprint] of fingerprints.entries()) {
    const begun = performance.now();
    await store.machines.approve({
      fingerprint,
      hostname: `approved-${index}`,
      roles: ['role-1'],
      actor: 'bench',
      now: Date.now(),
    });
    times.push(performance.now() - begun);
  }
  await store.close();
  return times;
}

/** A fleet that has been there for a while. */
function fleet(now: number): readonly string[] {
  return [
    `INSERT INTO role SELECT 'role-' || i, '[]', 1, 0 FROM generate_series(0, 99) i`,
    `INSERT INTO machine SELECT 'qc1' || i, int4send(i), 'authorized', 'host-' || i, 'host-' || i, 'code-' || i, '{}', ${now} + i, 1, NULL FROM generate_series(1, ${FLEET}) i`,
    `INSERT INTO machine_role SELECT 'qc1' || i, 'role-' || i % 100 FROM generate_series(1, ${FLEET}) i`,
    `INSERT INTO machine_label SELECT 'qc1' || i, 'site', 'site-' || i % 200 FROM generate_series(1, ${FLEET}) i`,
    `INSERT INTO credential SELECT lpad(to_hex(i), 32, '0'), 'qc1' || i, ${now}, ${now} + 86400000 + i, ${now}, '', NULL FROM generate_series(1, ${FLEET}) i`,
    `ANALYZE`,
  ];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
