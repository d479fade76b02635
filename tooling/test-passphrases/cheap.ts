/**
 * What is encrypted under a passphrase in a test's own process costs it a millisecond instead of a third of a second, which several tests
 * would pay dozens of times. That the real cost is the default is a test of packages/identity; programs that tests start pay it.
 */
import { vi } from 'vitest';

vi.mock(import('../../packages/identity/src/seal-cost.ts'), () => ({ SEAL_COST: { logN: 4, r: 8, p: 1 } }));
