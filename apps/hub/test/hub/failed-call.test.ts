import { decodeCallFailed, encodeRenew, FrameType } from '@qconn/protocol';
import { createCsr, importPrivateKeyPem } from '@qconn/identity';
import { expect, test, vi } from 'vitest';
import { RunningHub } from './running-hub.ts';
import { ScriptedClient } from './scripted-client.ts';

test('a call that fails by a fault of ours is told as internal, and the hub’s log says what it was', async () => {
  const hub = await RunningHub.start();
  const machine = await hub.machine();
  const client = new ScriptedClient(await hub.connect(machine.tls));
  await client.greet();
  vi.spyOn(hub.authority, 'issueMachine').mockRejectedValue(new TypeError('a fault of ours'));

  client.send(encodeRenew(client.writer, 7, await createCsr(importPrivateKeyPem(machine.tls.keyPem))));
  const failed = decodeCallFailed(await client.frame(FrameType.CallFailed, 7));
  expect(failed).toMatchObject({ code: 'internal' });
  expect(failed.reason).not.toContain('a fault of ours');
  expect(await hub.log.line('call_failed')).toMatchObject({
    level: 'error',
    machine: machine.fingerprint,
    call: 'Renew',
    err: { message: 'a fault of ours' },
  });
  client.close();
  await hub.close();
});
