export { createDatabase, type TestDatabase } from './database/create-database.ts';
export { startPostgres, type PostgresServer } from './database/postgres-server.ts';
export { createTestPki, type TestIdentity, type TestPki } from './pki/test-pki.ts';
