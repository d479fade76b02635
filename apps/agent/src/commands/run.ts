import { connect, CredentialStore, isQconnError } from '@qconn/client';
import { systemClock } from '@qconn/clock';
import { createLog, runUntilSignal, type Logger } from '@qconn/startup';
import type { AgentConfig } from '../config/agent-config.ts';
import { readConfig, type ConfigFlags } from '../config/read-config.ts';
import type { IdentityStatus, RunningStatus } from '../control/agent-status.ts';
import { readIdentity } from '../control/read-status.ts';
import { socketPath } from '../control/socket-path.ts';
import { StatusServer } from '../control/status-server.ts';
import { Agent, DRAIN_MS } from '../run/agent.ts';
import { AGENT } from '../version.ts';

/** Time for everything to stop, in milliseconds: jobs drain, then connection and socket close. */
const STOP_DEADLINE_MS: number = DRAIN_MS + 5_000;

/** `qconn-agent run`. @returns the exit code @throws QconnError */
export async function runCommand(flags: ConfigFlags): Promise<number> {
  const config = readConfig(flags, ['credentials']);
  const log = createLog({ component: 'agent', ...config.log });
  const store = new CredentialStore(config.credentials, {
    warn: (message, error) => log.warn({ err: error }, message),
  });
  const identity = await readIdentity(store);
  warnOfOtherHub(config, identity, log);
  let agent: Agent | undefined;
  const server = await listen(config.credentials, () => agent?.status, log);
  try {
    const client = await connect({ credentials: store, agent: AGENT });
    const started = new Agent({ client, clock: systemClock, log }, { identity, devices: config.devices });
    agent = started;
    const stopping = {
      close: () => started.close(),
      deadlineMs: STOP_DEADLINE_MS,
      tell: (message: string) => log.info(message),
    };
    const running = runUntilSignal(stopping);
    await started.start();
    return await running;
  } finally {
    await server?.close();
  }
}

/** Without the socket the agent still does its work, but `status` does not see it. @throws QconnError `agent_running` */
async function listen(
  credentials: string,
  status: () => RunningStatus | undefined,
  log: Logger,
): Promise<StatusServer | undefined> {
  try {
    return await StatusServer.listen(socketPath(credentials), status);
  } catch (error) {
    if (!isQconnError(error, 'control_unavailable')) throw error;
    log.warn({ err: error }, `${error.message} The agent runs, but \`qconn-agent status\` will not see it.`);
    return undefined;
  }
}

function warnOfOtherHub({ hub }: AgentConfig, identity: IdentityStatus, log: Logger): void {
  if (hub === undefined || new URL(hub).origin === new URL(identity.hub).origin) return;
  log.warn(
    `the configuration names the hub ${hub}, but the credential is from ${identity.hub}, and that counts; enrol again to change hubs`,
  );
}
