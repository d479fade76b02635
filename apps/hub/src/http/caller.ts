import type { Party } from '@qconn/authz';

/** Who makes a request, by an API key or by a machine's certificate. Both are judged by the same engine. */
export interface Caller {
  readonly kind: 'nobody' | 'key' | 'machine';
  /** For the audit trail, such as `key:3f…` or `machine:qc1…`; empty on public routes. */
  readonly actor: string;
  /** As people call it, in the middle of a sentence: `the key ci`, `the machine admin-pc`. */
  readonly name: string;
  readonly roles: readonly string[];
  /** Whose rights the policy in force is asked for. */
  readonly party: Party;
  /** When its proof ends, epoch milliseconds; undefined where nobody is. */
  readonly endsAt: number | undefined;
}

export const NOBODY: Caller = Object.freeze<Caller>({
  kind: 'nobody',
  actor: '',
  name: 'nobody',
  roles: [],
  party: { fingerprint: '', status: 'pending', labels: {}, roles: [] },
  endsAt: undefined,
});
