import type { AgentConfig } from '../config/agent-config.ts';

/** Time after which a silent agent is restarted, in seconds. */
const WATCHDOG_S = 60;

/** Time for running jobs to end at a stop, in seconds: more than the agent takes itself. */
const STOP_S = 20;

/** What a unit is written from. */
export interface UnitOptions {
  readonly config: AgentConfig;
  /** Program and arguments, absolute. */
  readonly command: readonly string[];
  readonly user: string;
}

/**
 * The agent's systemd unit: its own user, no privileges and none to be had, and of the file system only what its
 * configuration names (systemd.exec(5)). Pure.
 */
export function systemdUnit({ config, command, user }: UnitOptions): string {
  const runsPrograms = config.devices.some(({ adapter }) => adapter.type === 'exec');
  return `# Written by qconn-agent install; run it again after the configuration names other folders.
[Unit]
Description=qconn agent
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
NotifyAccess=all
ExecStart=${command.map(quoted).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
User=${user}
Restart=always
RestartSec=2
WatchdogSec=${WATCHDOG_S}
TimeoutStopSec=${STOP_S}
UMask=0077

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
${writable(config)
  .map((folder) => `ReadWritePaths=${path(folder)}`)
  .join('\n')}
ProtectHome=${needsHome(config) ? 'no' : 'read-only'}
PrivateTmp=yes
# Where /tmp and /dev/shm are mounted noexec the QUIC engine is loaded from here.
CacheDirectory=qconn-agent
# Programs of exec adapters may read scales and scanners.
PrivateDevices=${runsPrograms ? 'no' : 'yes'}
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
# MemoryDenyWriteExecute stays off: V8 compiles what it runs.

[Install]
WantedBy=multi-user.target
`;
}

/** Folders that the agent writes to. */
function writable({ credentials, devices, outboxes }: AgentConfig): string[] {
  const spools = devices.flatMap(({ adapter }) => (adapter.type === 'file' ? [adapter.folder] : []));
  return [...new Set([credentials, ...spools, ...outboxes.map(({ folder }) => folder)])];
}

function needsHome(config: AgentConfig): boolean {
  return writable(config).some((folder) => /^\/(?:home|root|run\/user)(?:\/|$)/.test(folder));
}

/** One argument (systemd.service(5), “Command lines”). */
function quoted(argument: string): string {
  const escaped = argument.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./$-]+$/.test(escaped) ? escaped : `"${escaped.replaceAll(/[\\"]/g, '\\$&')}"`;
}

/** A path; specifiers are expanded in it, and spaces end it unless it is quoted. */
function path(folder: string): string {
  const escaped = folder.replaceAll('%', '%%');
  return /\s|"|\\/.test(escaped) ? `"${escaped.replaceAll(/[\\"]/g, '\\$&')}"` : escaped;
}
