import { connect, CredentialStore, enroll, QconnError, type Client, type StageReport } from '@qconn/client';

/** What the demo asks of the laboratory system; each call is answered once, reports come in between. */
export type LimsCall =
  | { readonly call: 'enroll'; readonly hub: string; readonly token: string; readonly credentials: string }
  | { readonly call: 'connect'; readonly credentials: string }
  | { readonly call: 'waitOnline' }
  | { readonly call: 'query'; readonly serviceType: string }
  | { readonly call: 'request'; readonly address: string; readonly body: Uint8Array }
  | { readonly call: 'waitClosed' }
  | { readonly call: 'close' };

/** What comes back. Errors travel as their code, message and whether a retry is safe. */
export type LimsMessage =
  | { readonly kind: 'stage'; readonly report: StageReport; readonly afterMs: number }
  | { readonly kind: 'done'; readonly value: unknown; readonly ms: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly ms: number };

/**
 * The laboratory system of the demo: an ordinary program that embeds @qconn/client. It runs as a
 * process of its own and does what its parent asks.
 */
const AGENT = 'demo-lims/1.0';
let client: Client | undefined;

async function answer(call: LimsCall): Promise<unknown> {
  switch (call.call) {
    case 'enroll':
      return enroll({
        hub: call.hub,
        token: call.token,
        store: new CredentialStore(call.credentials),
        hostname: 'lims',
        agent: AGENT,
      });
    case 'connect': {
      await client?.close(0);
      client = await connect({ credentials: call.credentials, agent: AGENT });
      await client.connected();
      return client.machine;
    }
    case 'waitOnline':
      await open().connected({ phase: 'online' });
      return open().machine;
    case 'query':
      return open().query({ serviceType: call.serviceType });
    case 'request':
      return request(call.address, call.body);
    case 'waitClosed':
      return waitClosed();
    case 'close':
      await client?.close();
      return undefined;
  }
}

async function request(address: string, body: Uint8Array): Promise<unknown> {
  const started = performance.now();
  const { stages } = await open().request(address, body, {
    onStatus: (report) => send({ kind: 'stage', report, afterMs: performance.now() - started }),
  });
  return stages;
}

/** The wall-clock time at which the hub ended the connection, and why. */
async function waitClosed(): Promise<unknown> {
  // It may have happened before this was asked.
  if (open().phase !== 'backing_off')
    for await (const event of open().events()) if (event.kind === 'phase' && event.phase === 'backing_off') break;
  return { at: Date.now(), code: open().lastError?.code };
}

function open(): Client {
  if (client === undefined) throw new QconnError('closed', 'The laboratory system is not connected.');
  return client;
}

function send(message: LimsMessage): void {
  process.send?.(message);
}

async function take(call: LimsCall): Promise<void> {
  const started = performance.now();
  try {
    const value = await answer(call);
    send({ kind: 'done', value, ms: performance.now() - started });
  } catch (error) {
    const { code, message } = error instanceof QconnError ? error : { code: 'internal', message: String(error) };
    send({ kind: 'failed', code, message, ms: performance.now() - started });
  }
  if (call.call === 'close') process.disconnect();
}

process.on('message', (call: LimsCall) => void take(call));
process.once('disconnect', () => void client?.close(0));
