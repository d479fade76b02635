export { createDatabase, runSql, type TestDatabase } from './database/create-database.ts';
export { startPostgres, type PostgresServer } from './database/postgres-server.ts';
export { malleableSignature, malleableTwin } from './pki/malleable-twin.ts';
export { createTestPki, type TestIdentity, type TestPki } from './pki/test-pki.ts';
export { PacketTap } from './faulty-network/packet-tap.ts';
export { createFaultyNetwork, type FaultyNetwork, type FaultyNetworkOptions } from './faulty-network/faulty-network.ts';
export { Impairment, QUEUE_MS, type Arrival, type Faults } from './faulty-network/impairment.ts';
export { seededRandom } from './faulty-network/seeded-random.ts';
export { runOnSmallDisk, SmallDisk } from './small-disk.ts';
