import { ManualClock } from '@qconn/clock';
import { expect, test } from 'vitest';
import { cancelled } from '../src/adapters/failures.ts';
import { DeviceService } from '../src/run/device-service.ts';
import { CapturedLog } from './captured-log.ts';
import { testJob } from './test-job.ts';

test('a job that runs on when the agent closes is cancelled, whatever its adapter', async () => {
  const adapter = {
    target: 'a device that never answers',
    handle: ({ signal }: { signal: AbortSignal }) =>
      new Promise<undefined>((_, reject) => {
        signal.addEventListener('abort', () => reject(cancelled(signal)));
      }),
  };
  const config = {
    name: 'zebra-1',
    serviceTypes: ['print'],
    concurrency: 1,
    adapter: { type: 'file' as const, folder: '/nowhere', name: '{id}' },
  };
  const service = new DeviceService(config, { adapter, clock: new ManualClock(), log: new CapturedLog().log });
  const job = service.handle(testJob({}));
  expect(service.status.jobs.running).toBe(1);
  await service.close();
  await expect(job).rejects.toMatchObject({ code: 'cancelled' });
  expect(service.status.jobs).toEqual({ running: 0, done: 0, failed: 1 });
});
