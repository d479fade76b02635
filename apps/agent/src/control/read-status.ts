import { inspectCredential, shortCode, type CredentialStore } from '@qconn/identity';
import type { AgentStatus, IdentityStatus } from './agent-status.ts';
import { askStatus, silent } from './ask-agent.ts';
import { socketPath } from './socket-path.ts';

/** Who this machine is, from its credential. @throws QconnError `credential_…` */
export async function readIdentity(store: CredentialStore): Promise<IdentityStatus> {
  const credential = await store.load();
  const { fingerprint, notAfterMs } = await inspectCredential(credential);
  return {
    hub: credential.hub.https,
    fingerprint,
    shortCode: shortCode(fingerprint),
    certificateExpiresAt: new Date(notAfterMs).toISOString(),
  };
}

/** What the running agent tells, or else the folder. @throws QconnError `credential_…`; `invalid_state` when an agent does not answer */
export async function readStatus(folder: string, store: CredentialStore): Promise<AgentStatus> {
  const answer = await askStatus(socketPath(folder));
  if (answer === 'silent') throw silent();
  if (answer !== undefined) return answer;
  return { running: false, ...(await readIdentity(store)) };
}
