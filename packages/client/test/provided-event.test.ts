import { decodeProvide, encodeCallFailed, encodeProvided, FrameType } from '@qconn/protocol';
import { expect, test } from 'vitest';
import type { ClientEvent } from '../src/supervisor/client-event.ts';
import { answerWell, ScriptedHub } from './scripted-hub.ts';

test('whether the policy permits a device is told when it is provided, and again after a reconnect', async () => {
  const hub = new ScriptedHub();
  let permitted = false;
  hub.onFrame = (side, frame) => {
    if (frame.type !== FrameType.Provide) return answerWell(side, frame);
    expect(decodeProvide(frame).device).toBe('zebra-1');
    side.send(frame.id, encodeProvided(side.writer, frame.id, permitted));
  };
  const events = hub.client.events();
  const provided = async (): Promise<ClientEvent> => {
    for (;;) {
      const { value, done } = await events.next();
      if (done === true) throw new Error('The client has ended.');
      if (value.kind === 'provided') return value;
    }
  };
  hub.client.start();
  await hub.client.connected();
  await hub.client.provide({ device: 'zebra-1', serviceTypes: ['print'] }, () => undefined);
  expect(await provided()).toEqual({ kind: 'provided', device: 'zebra-1', permitted: false });

  permitted = true;
  const lost = hub.phase('backing_off');
  (await hub.session(1)).close('idle_timeout');
  await lost;
  hub.clock.advance(1_000);
  expect(await provided()).toEqual({ kind: 'provided', device: 'zebra-1', permitted: true });
  await hub.client.close();
});

test('a device that the hub refuses after a reconnect is told of, and the connection with the other devices stays', async () => {
  const hub = new ScriptedHub();
  let refusing = false;
  hub.onFrame = (side, frame) => {
    if (frame.type !== FrameType.Provide || !refusing) return answerWell(side, frame);
    side.send(frame.id, encodeCallFailed(side.writer, frame.id, { code: 'quota', reason: 'One device too many.' }));
  };
  const events = hub.client.events();
  hub.client.start();
  await hub.client.connected();
  await hub.client.provide({ device: 'zebra-1', serviceTypes: ['print'] }, () => undefined);
  refusing = true;
  const lost = hub.phase('backing_off');
  (await hub.session(1)).close('idle_timeout');
  await lost;
  hub.clock.advance(1_000);
  for await (const event of events) {
    if (event.kind !== 'refused') continue;
    expect(event).toMatchObject({ device: 'zebra-1', error: { code: 'quota', message: 'One device too many.' } });
    break;
  }
  await hub.client.connected();
  expect(hub.client.phase).not.toBe('backing_off');
  await hub.client.close();
});
