import { afterAll, beforeAll } from 'vitest';
import { HubProcess } from './hub-process.ts';
import { Admin } from './suites/admin.ts';
import { certificatesSuite } from './suites/certificates.ts';
import { loginSuite } from './suites/login.ts';
import { machinesSuite } from './suites/machines.ts';
import { messagesSuite } from './suites/messages.ts';
import { roleSetSuite } from './suites/role-set.ts';
import { rightsSuite } from './suites/rights.ts';

let hub: HubProcess;
let admin: Admin;
let said = '';

// One hub for all of them: its database takes seconds to start, and most of a minute on a busy machine.
beforeAll(async () => {
  hub = await HubProcess.start();
  admin = await Admin.withoutProfile(hub);
  const { code, out, err } = await admin.run(['login', hub.url, '-'], { stdin: `${hub.bootstrapSecret}\n` });
  if (code !== 0) throw new Error(err);
  said = out + err;
  await admin.ok('role', 'put', 'printer', '--allow', 'provide:print');
  await admin.ok('role', 'put', 'lims', '--allow', 'submit:print', '--allow', 'query:print');
});
afterAll(() => hub?.close());

loginSuite(
  () => admin,
  () => said,
);
machinesSuite(() => admin);
rightsSuite(() => admin);
roleSetSuite(() => admin);
certificatesSuite(() => admin);
messagesSuite(() => admin);
