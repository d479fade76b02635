import { afterAll, beforeAll, describe } from 'vitest';
import { RunningHub } from '../hub/running-hub.ts';
import { accessMatrix } from './access-matrix.ts';

describe.each(['server', 'embedded'] as const)('who is let in, with the %s database', (kind) => {
  let hub: RunningHub;
  beforeAll(async () => {
    hub = await RunningHub.start({ embedded: kind === 'embedded' });
  });
  afterAll(() => hub?.close());

  accessMatrix(() => hub);
});
