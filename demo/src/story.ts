import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { HubHttps, Provider, StageReport } from '@qconn/client';
import type { Cast, RunningHub } from './cast.ts';
import type { Checks } from './checks.ts';
import type { LabelPrinter } from './label-printer.ts';
import type { Lims, LimsAnswer } from './lims.ts';
import { waitFor } from './wait-for.ts';

/** A document to print. */
export interface Document {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** How long a machine that has been started may take to show up in a list, in milliseconds: on a busy machine it is slow to start. */
const APPEAR_DEADLINE_MS = 120_000;

/** Resolution deadline of a request in milliseconds: a device that does not exist is reported long before. */
const RESOLUTION_DEADLINE_MS = 10_000;

interface Machine {
  readonly fingerprint: string;
  readonly shortCode: string;
  readonly requestedHostname: string | null;
  readonly status: string;
  readonly online: boolean;
}

interface Session {
  readonly id: string;
  /** Its fingerprint. */
  readonly machine: string;
  readonly devices: readonly unknown[];
}

/** The main job of qconn, from an empty folder to a printed label and a revoked machine. */
export class Story {
  readonly #cast: Cast;
  readonly #checks: Checks;
  readonly #document: Document;

  constructor(cast: Cast, checks: Checks, document: Document) {
    this.#cast = cast;
    this.#checks = checks;
    this.#document = document;
  }

  /** @returns the hub, which still runs, and its administrator's key. @throws Error with the reason in one sentence */
  async play(): Promise<{ hub: RunningHub; key: string; pin: string }> {
    const hub = await this.#startHub();
    const { api, key, pin } = await this.#cast.becomeAdministrator(hub);
    try {
      const printer = await this.#startPrinter();
      const lims = await this.#enrolBoth(hub, api, printer);
      const machines = await this.#showPending(api, lims);
      await this.#authorizeBoth(api, lims, machines);
      await this.#print(lims, printer);
      await this.#beRefused(lims);
      await this.#revoke(api, lims, machines);
      return { hub, key, pin };
    } finally {
      api.close();
    }
  }

  async #startHub(): Promise<RunningHub> {
    this.#checks.step(1, 'A hub starts on the embedded database and makes its CA');
    const started = performance.now();
    const hub = await this.#cast.startHub();
    this.#checks.say(`bootstrap secret  ${hub.bootstrapSecret}`);
    this.#checks.say(`QUIC  (UDP)       ${hub.quic}`);
    this.#checks.say(`HTTPS (TCP)       ${hub.https}`);
    this.#checks.passed('hub initialised and listening', performance.now() - started);
    return hub;
  }

  async #startPrinter(): Promise<LabelPrinter> {
    this.#checks.step(2, 'A TCP listener stands for the label printer');
    const printer = await this.#cast.startPrinter();
    this.#checks.say(`takes raw bytes at 127.0.0.1:${printer.port}`);
    return printer;
  }

  async #enrolBoth(hub: RunningHub, api: HubHttps, printer: LabelPrinter): Promise<Lims> {
    this.#checks.step(3, 'Two machines enrol with tokens: printer-pc with qconn-agent, lims with @qconn/client');
    const [printerToken, limsToken] = [await newToken(api), await newToken(api)];
    const config = await this.#cast.configureAgent(hub, printer);
    const started = performance.now();
    await this.#cast.runAgent('agent-enroll', ['enroll', '--config', config, '--json'], { QCONN_TOKEN: printerToken });
    this.#checks.passed('printer-pc enrolled by qconn-agent, CA pin checked first', performance.now() - started);
    const lims = this.#cast.startLims();
    const credentials = join(this.#cast.folder, 'lims');
    const { ms } = await lims.done({ call: 'enroll', hub: hub.https, token: limsToken, credentials });
    this.#checks.passed('lims enrolled by @qconn/client, CA pin checked first', ms);
    this.#cast.startAgent(config);
    const { ms: connectMs } = await lims.done({ call: 'connect', credentials });
    this.#checks.passed('lims connected over QUIC with mutual TLS', connectMs);
    return lims;
  }

  async #showPending(api: HubHttps, lims: Lims): Promise<readonly [Machine, Machine]> {
    this.#checks.step(4, 'Both are pending, and a message is refused');
    const machine = (name: string): Promise<Machine> =>
      waitFor(`${name} to connect`, APPEAR_DEADLINE_MS, async () =>
        (await listMachines(api)).find(({ requestedHostname, online }) => requestedHostname === name && online),
      );
    const machines = [await machine('printer-pc'), await machine('lims')] as const;
    for (const { requestedHostname, status, shortCode, fingerprint } of machines) {
      this.#checks.expect(status === 'pending', `${requestedHostname} is ${status}, not pending.`);
      this.#checks.say(`${requestedHostname?.padEnd(10)}  pending  short code ${shortCode}  ${fingerprint}`);
    }
    // That it is connected does not say that its device has come to the hub.
    await waitFor('printer-pc to provide its device', APPEAR_DEADLINE_MS, async () =>
      (await sessions(api)).find(({ machine: of, devices }) => of === machines[0].fingerprint && devices.length > 0),
    );
    const answer = await lims.call({
      call: 'request',
      address: 'print@printer-pc/zebra-1',
      body: this.#document.bytes,
    });
    this.#refused(answer, 'forbidden', 'a message from a pending machine is forbidden');
    return machines;
  }

  async #authorizeBoth(api: HubHttps, lims: Lims, [printerPc, lims_]: readonly [Machine, Machine]): Promise<void> {
    this.#checks.step(5, 'An administrator authorizes both with roles, live');
    const before = await sessionIds(api);
    const grant = (verb: string): object => ({ effect: 'allow', verb, serviceTypes: ['print'] });
    const isNew = { 'if-none-match': '*' };
    await api.call('PUT', '/v1/roles/printer', { grants: [grant('provide')] }, isNew);
    await api.call('PUT', '/v1/roles/lims', { grants: [grant('submit'), grant('query')] }, isNew);
    const started = performance.now();
    await api.call('POST', `/v1/machines/${printerPc.fingerprint}/approve`, {
      hostname: 'printer-pc',
      roles: ['printer'],
    });
    await api.call('POST', `/v1/machines/${lims_.fingerprint}/approve`, { hostname: 'lims', roles: ['lims'] });
    await lims.done({ call: 'waitOnline' });
    this.#checks.passed('both authorized and told so', performance.now() - started);
    this.#checks.expect((await sessionIds(api)) === before, 'A machine had to reconnect to be authorized.');
    this.#checks.say('the sessions are the same as before: nobody reconnected');
  }

  async #print(lims: Lims, printer: LabelPrinter): Promise<void> {
    this.#checks.step(
      6,
      `lims finds a printer and submits ${this.#document.name} (${this.#document.bytes.length} bytes)`,
    );
    const { value, ms } = await lims.done({ call: 'query', serviceType: 'print' });
    const found = value as Provider[];
    for (const { hostname, device, serviceTypes } of found)
      this.#checks.say(`found ${hostname} / ${device}: ${serviceTypes.join(', ')}`);
    this.#checks.expect(
      found.some(({ hostname, device }) => hostname === 'printer-pc' && device === 'zebra-1'),
      'The query did not find printer-pc / zebra-1.',
    );
    this.#checks.passed('the query found printer-pc / zebra-1', ms);
    await this.#submit(lims);
    this.#checks.step(7, 'What the printer received is what lims sent');
    const started = performance.now();
    const job = await waitFor('the printer to have the whole job', APPEAR_DEADLINE_MS, () => printer.jobs[0]);
    const sent = createHash('sha256').update(this.#document.bytes).digest('hex');
    this.#checks.say(`sent      ${sent}`);
    this.#checks.say(`received  ${job.sha256}`);
    this.#checks.expect(job.sha256 === sent, `The printer received ${job.bytes} bytes that differ from the document.`);
    this.#checks.passed('the printer received the same bytes', performance.now() - started);
  }

  async #submit(lims: Lims): Promise<void> {
    const { value, ms } = await lims.done(
      { call: 'request', address: 'print@printer-pc/zebra-1', body: this.#document.bytes },
      ({ report, afterMs }) => {
        const target = report.target ? `  ${report.target.hostname} / ${report.target.device}` : '';
        this.#checks.say(`${report.stage.padEnd(13)} ${afterMs.toFixed(2).padStart(8)} ms${target}`);
      },
    );
    const stages = (value as StageReport[]).map(({ stage }) => stage).join(' → ');
    this.#checks.expect(
      stages === 'accepted → resolved → forwarded → acknowledged → completed',
      `The stages were ${stages}.`,
    );
    this.#checks.passed('printed, with every stage reported', ms);
  }

  async #beRefused(lims: Lims): Promise<void> {
    this.#checks.step(8, 'What lims may not do, and what is not there');
    const { bytes: body } = this.#document;
    this.#refused(
      await lims.call({ call: 'request', address: 'scale.read@printer-pc/zebra-1', body }),
      'forbidden',
      'submitting scale.read is forbidden',
    );
    const answer = await lims.call({ call: 'request', address: 'print@printer-pc/no-such-device', body });
    this.#refused(answer, 'not_found', 'a device that does not exist is not found');
    this.#checks.expect(
      answer.ms < RESOLUTION_DEADLINE_MS,
      'That the device does not exist was only found at the resolution deadline.',
    );
  }

  async #revoke(api: HubHttps, lims: Lims, [, { fingerprint }]: readonly [Machine, Machine]): Promise<void> {
    this.#checks.step(9, 'lims is revoked');
    const closed = lims.done({ call: 'waitClosed' });
    await api.call('POST', `/v1/machines/${fingerprint}/revoke`, { reason: 'the end of the demo' });
    const revoked = Date.now();
    this.#checks.expect(
      !(await sessions(api)).some(({ machine }) => machine === fingerprint),
      'The hub said that lims is revoked, and still had a session of it.',
    );
    const { at, code } = (await closed).value as { at: number; code: string };
    this.#checks.expect(code === 'revoked', `The connection was closed with ${code}, not revoked.`);
    this.#checks.passed('its connection was closed with the reason revoked', Math.max(0, at - revoked));
    const again = await lims.call({ call: 'connect', credentials: join(this.#cast.folder, 'lims') });
    this.#refused(again, 'revoked', 'it cannot connect again');
  }

  #refused(answer: LimsAnswer, code: string, what: string): void {
    this.#checks.expect(answer.kind === 'failed', `This was not refused although it should be: ${what}.`);
    this.#checks.expect(answer.code === code, `Refused with ${answer.code} instead of ${code}: ${answer.message}`);
    this.#checks.say(`${answer.code}: ${answer.message}`);
    this.#checks.passed(what, answer.ms);
  }
}

async function newToken(api: HubHttps): Promise<string> {
  return ((await api.call('POST', '/v1/tokens', {})) as { token: string }).token;
}

async function listMachines(api: HubHttps): Promise<Machine[]> {
  return ((await api.call('GET', '/v1/machines')) as { items: Machine[] }).items;
}

async function sessions(api: HubHttps): Promise<Session[]> {
  return ((await api.call('GET', '/v1/sessions')) as { items: Session[] }).items;
}

async function sessionIds(api: HubHttps): Promise<string> {
  return (await sessions(api))
    .map(({ id }) => id)
    .toSorted()
    .join();
}
