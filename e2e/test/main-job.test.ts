import { connect, type Client, type QconnError } from '@qconn/client';
import { createCsr, generateKeyPair } from '@qconn/identity';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Site } from '../src/site.ts';

const PRINTER = [{ effect: 'allow', verb: 'provide', serviceTypes: ['print'] }] as const;
const LIMS = [
  { effect: 'allow', verb: 'submit', serviceTypes: ['print'] },
  { effect: 'allow', verb: 'query', serviceTypes: ['print'] },
] as const;

describe.each(['embedded', 'postgresql'] as const)('the main job on the %s database', (database) => {
  let site: Site;
  let printer: Client;
  let lims: Client;

  beforeAll(async () => {
    site = await Site.open({ database });
  });

  afterAll(() => site.close());

  test('enrolment gives an identity and no rights', async () => {
    const enrolment = await site.enrol('printer-pc');
    await site.enrol('lims');
    expect(enrolment.status).toBe('pending');
    printer = await site.connect('printer-pc');
    lims = await site.connect('lims');
    expect(printer.phase).toBe('pending');
    // The same code wherever it is shown: at the machine, in the API that `qconn machines` reads, and in the hub's log.
    const { shortCode } = enrolment;
    expect(printer.machine).toMatchObject({ shortCode });
    expect(await site.api.call('GET', `/v1/machines/${shortCode}`)).toMatchObject({ shortCode });
    expect(site.log).toContainEqual(expect.objectContaining({ event: 'machine_enrolled', shortCode }));
    expect(printer.machine).toMatchObject({
      fingerprint: enrolment.fingerprint,
      shortCode: enrolment.shortCode,
      hostname: undefined,
    });
    await printer.provide(
      { device: 'zebra-1', serviceTypes: ['print'] },
      (job) => `${job.body.length} bytes from ${job.from.hostname}`,
    );
    await expect(lims.request('print@printer-pc/zebra-1', 'label')).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('is pending') as string,
    });
    await expect(lims.query()).resolves.toEqual([]);
  });

  test('an approval lets both through without a reconnect, devices and all', async () => {
    const sessions = async (): Promise<unknown> =>
      ((await site.api.call('GET', '/v1/sessions')) as { items: { id: string }[] }).items
        .map(({ id }) => id)
        .toSorted();
    const before = await sessions();
    await site.authorize('printer-pc', PRINTER);
    await site.authorize('lims', LIMS);
    await lims.connected({ phase: 'online' });
    await printer.connected({ phase: 'online' });
    expect(await sessions()).toEqual(before);
    expect(await lims.query()).toEqual([
      {
        fingerprint: printer.machine?.fingerprint,
        hostname: 'printer-pc',
        device: 'zebra-1',
        serviceTypes: ['print'],
        online: true,
      },
    ]);
  });

  test('a request is answered, and every stage reported in order with the hub’s time', async () => {
    const reports: string[] = [];
    const reply = await lims.request('print@printer-pc/zebra-1', new Uint8Array(65_536), {
      onStatus: ({ stage }) => reports.push(stage),
    });
    expect(Buffer.from(reply.body).toString()).toBe('65536 bytes from lims');
    expect(reports).toEqual(['accepted', 'resolved', 'forwarded', 'acknowledged', 'completed']);
    const times = reply.stages.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(reply.stages[1]?.target).toEqual({
      fingerprint: printer.machine?.fingerprint,
      hostname: 'printer-pc',
      device: 'zebra-1',
    });
  });

  test('a service type alone finds a provider', async () => {
    expect(Buffer.from((await lims.request('print', 'x')).body).toString()).toBe('1 bytes from lims');
  });

  test.each([
    ['scale.read@printer-pc/zebra-1', 'forbidden', 'lims has no role that lets it submit scale.read'],
    ['print@printer-pc/zebra-2', 'not_found', 'has no device zebra-2'],
    ['print@nobody', 'not_found', 'no machine nobody is known'],
  ])('%s is %s at once, with the reason', async (address, code, reason) => {
    await expect(lims.request(address, 'x')).rejects.toMatchObject({
      code,
      message: expect.stringContaining(reason) as string,
    });
  });

  test('a hostname has one holder: the second approval names the first', async () => {
    const { fingerprint } = await site.enrol('rival');
    await expect(
      site.api.call('POST', `/v1/machines/${fingerprint}/approve`, { hostname: 'lims', roles: [] }),
    ).rejects.toMatchObject({
      code: 'hostname_taken',
      facts: { holder: lims.machine?.fingerprint },
    });
  });

  test('a machine that is known and not connected is offline', async () => {
    await site.authorize('rival', PRINTER);
    await expect(lims.request('print@rival/any', 'x')).rejects.toMatchObject({ code: 'offline', retrySafe: true });
    expect(await lims.query({ serviceType: 'print', state: 'offline' })).toMatchObject([
      { hostname: 'rival', device: undefined, serviceTypes: ['print'], online: false },
    ]);
    expect((await lims.query({ serviceType: 'print', state: 'any' })).map(({ hostname }) => hostname)).toEqual([
      'printer-pc',
      'rival',
    ]);
    expect(await lims.query({ machine: 'printer-*' })).toHaveLength(1);
    await expect(lims.query({ state: 'offline' })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('rights that are taken away are gone for the next message', async () => {
    await site.api.call('PUT', '/v1/machines/lims/rights', { roles: [] }, { 'if-match': '*' });
    await expect(lims.request('print', 'x')).rejects.toMatchObject({ code: 'forbidden' });
    await site.api.call('PUT', '/v1/machines/lims/rights', { roles: ['lims-role'] }, { 'if-match': '*' });
    await lims.request('print', 'x');
  });

  test('a revoked machine is off before its revocation is answered, and stays off', async () => {
    const closed = (async () => {
      for await (const event of lims.events())
        if (event.kind === 'phase' && event.phase === 'backing_off') return event.reason?.code;
      return undefined;
    })();
    await site.api.call('POST', '/v1/machines/lims/revoke', {});
    const { items } = (await site.api.call('GET', '/v1/sessions')) as { items: { hostname: string }[] };
    expect(items.map(({ hostname }) => hostname)).toEqual(['printer-pc']);
    expect(await closed).toBe('revoked');
    const again = await connect({ credentials: site.credentials('lims'), agent: 'lims/2' });
    await expect(again.connected()).rejects.toMatchObject({ code: 'revoked' });
    await again.close();
  });

  test('a key cannot make a key that may do more than itself', async () => {
    const grants = [{ effect: 'allow', verb: 'admin', serviceTypes: ['keys.write'] }];
    await site.api.call('PUT', '/v1/roles/key-maker', { grants }, { 'if-none-match': '*' });
    const { key } = (await site.api.call('POST', '/v1/keys', { name: 'maker', roles: ['key-maker'] })) as {
      key: string;
    };
    const maker = await site.as(key);
    await expect(maker.call('POST', '/v1/keys', { name: 'more', roles: ['admin'] })).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('nobody hands out') as string,
    });
    await expect(maker.call('POST', '/v1/keys', { name: 'same', roles: ['key-maker'] })).resolves.toBeDefined();
    maker.close();
  });

  test('a machine that renews without end is held back', async () => {
    const csr = await createCsr(await generateKeyPair());
    const codes: string[] = [];
    for (let count = 0; count < 9; count++) await printer.renew(csr).catch(({ code }: QconnError) => codes.push(code));
    expect(codes.slice(0, 8)).toEqual(Array.from({ length: 8 }, () => 'renewal_refused'));
    expect(codes[8]).toBe('quota');
  });

  test('everything that was done is in the audit trail', async () => {
    const { items } = (await site.api.call('GET', '/v1/audit?limit=100')) as { items: { act: string }[] };
    const acts = new Set(items.map(({ act }) => act));
    for (const act of [
      'hub.initialise',
      'bootstrap.spend',
      'token.create',
      'machine.enrol',
      'role.put',
      'machine.approve',
      'machine.revoke',
    ])
      expect(acts).toContain(act);
  });
});
