import { join } from 'node:path';
import { connect, isQconnError } from '@qconn/client';
import { systemClock } from '@qconn/clock';
import { createLog, runUntilSignal, type Logger } from '@qconn/startup';
import type { AgentConfig } from '../config/agent-config.ts';
import { otherHub } from '../config/other-hub.ts';
import { configFile } from '../config/config-file.ts';
import { credentialStore } from '../config/credential-store.ts';
import { readConfig, type ConfigFlags } from '../config/read-config.ts';
import { agentControl } from '../control/agent-control.ts';
import type { IdentityStatus } from '../control/agent-status.ts';
import { ControlServer, type ControlRoutes } from '../control/control-server.ts';
import { LogTail } from '../control/log-tail.ts';
import { readIdentity } from '../control/read-status.ts';
import { socketPath } from '../control/socket-path.ts';
import { Agent, DRAIN_MS } from '../run/agent.ts';
import { Reloading } from '../run/reloading.ts';
import { ServiceNotifier } from '../service/service-notifier.ts';
import { AGENT } from '../version.ts';

/** Time for everything to stop, in milliseconds: jobs drain, then connection and socket close. */
const STOP_DEADLINE_MS: number = DRAIN_MS + 5_000;

/** `qconn-agent run`. @returns the exit code @throws QconnError */
export async function runCommand(flags: ConfigFlags): Promise<number> {
  const config = readConfig(flags, ['credentials']);
  const tail = new LogTail(process.stderr);
  const log = createLog({ component: 'agent', ...config.log, destination: tail });
  const store = await credentialStore(config, (message, error) => log.warn({ err: error }, message));
  const identity = await readIdentity(store);
  warnOfOtherHub(config, identity, log);
  let routes: ControlRoutes | undefined;
  const server = await listen(config.credentials, () => routes, log);
  try {
    const client = await connect({
      credentials: store,
      agent: AGENT,
      journal: join(config.credentials, 'jobs.journal'),
    });
    const { devices, outboxes } = config;
    const notifier = new ServiceNotifier({ clock: systemClock, log });
    const agent = new Agent({ client, clock: systemClock, log, notifier }, { identity, devices, outboxes });
    const reloading = new Reloading(config, configFile(flags.config, process.env), {
      clock: systemClock,
      log,
      read: () => readConfig(flags, ['credentials']),
      apply: (changed) => {
        log.level = changed.log.level;
        return agent.apply(changed);
      },
    });
    routes = agentControl({ agent, client, reloading, log: tail });
    const close = async (): Promise<void> => {
      notifier.stopping();
      await reloading.close();
      await agent.close();
    };
    const running = runUntilSignal({ close, deadlineMs: STOP_DEADLINE_MS, tell: (message) => log.info(message) });
    reloading.start();
    await agent.start();
    notifier.ready();
    // Configuration and schemas have been read once and for all. Only the single file offers this.
    globalThis.gc?.({ type: 'major', execution: 'async', flavor: 'last-resort' }).catch(() => {});
    return await running;
  } finally {
    await server?.close();
  }
}

/** Without the socket the agent still does its work, but `status` does not see it. @throws QconnError `agent_running` */
async function listen(
  credentials: string,
  routes: () => ControlRoutes | undefined,
  log: Logger,
): Promise<ControlServer | undefined> {
  try {
    return await ControlServer.listen(socketPath(credentials), routes);
  } catch (error) {
    if (!isQconnError(error, 'control_unavailable')) throw error;
    log.warn({ err: error }, `${error.message} The agent runs, but \`qconn-agent status\` will not see it.`);
    return undefined;
  }
}

function warnOfOtherHub(config: AgentConfig, identity: IdentityStatus, log: Logger): void {
  const other = otherHub(config, identity.hub);
  if (other !== undefined) log.warn(`${other}; enrol again to change hubs`);
}
