import { connect, enroll } from '@qconn/client';
import { expect, test } from 'vitest';

const token = 'qt1secret';
const enrolment = { hub: 'https://127.0.0.1:9', token, store: '/nowhere', agent: 'test/1' };
const connection = { credentials: '/nowhere', agent: 'test/1' };

test.each<[what: string, call: () => Promise<unknown>, named: RegExp]>([
  ['enroll: nothing', () => enroll(undefined as never), /argument.*undefined/],
  ['enroll: no agent', () => enroll({ ...enrolment, agent: undefined as never }), /^agent .*undefined/],
  ['enroll: an agent that is no ASCII', () => enroll({ ...enrolment, agent: 'ä' }), /^agent /],
  ['enroll: no token', () => enroll({ ...enrolment, token: undefined as never }), /^token /],
  ['enroll: a token in a list', () => enroll({ ...enrolment, token: [token] as never }), /^token .*Array/],
  ['enroll: no hub', () => enroll({ ...enrolment, hub: undefined as never }), /^hub /],
  ['enroll: no store', () => enroll({ ...enrolment, store: undefined as never }), /^store /],
  ['enroll: a store that is none', () => enroll({ ...enrolment, store: {} as never }), /^store /],
  ['connect: nothing', () => connect(undefined as never), /argument.*undefined/],
  ['connect: no agent', () => connect({ ...connection, agent: undefined as never }), /^agent .*undefined/],
  ['connect: no credentials', () => connect({ ...connection, credentials: undefined as never }), /^credentials /],
  ['connect: an empty folder', () => connect({ ...connection, credentials: '' }), /^credentials .*empty/],
])('%s', async (_, call, named) => {
  await expect(call()).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringMatching(named) });
  await expect(call()).rejects.not.toMatchObject({ message: expect.stringContaining(token) });
});
