import { GCProfiler } from 'node:v8';
import { createLog } from '@qconn/startup';
import { receiveTask, report } from '../../../../../tooling/measure/task.ts';
import { Hub, openHubAuthority, openHubStore } from '../../../src/index.ts';
import { benchConfig } from '../prepared-hub.ts';

/** Where the hub finds what was prepared for it. */
export interface HubTask {
  readonly folder: string;
  readonly databaseUrl: string;
  readonly hosts: readonly string[];
}

/** What the hub's process has used since it was asked before. */
export interface HubUsage {
  readonly cpuUs: number;
  /** Bytes taken from V8's heap, whether or not they were given back since. */
  readonly allocatedBytes: number;
  readonly rssBytes: number;
}

const task = await receiveTask<HubTask>();

const config = benchConfig(task);
const log = createLog({ component: 'hub', ...config.log });
const store = await openHubStore(config);
const hub = await Hub.start(config, {
  store,
  authority: await openHubAuthority(config, store),
  log,
  // Ten thousand machines that prove who they are would fill the screen.
  securityLog: createLog({ component: 'hub', level: 'silent', format: 'json' }),
});

let cpuBefore = 0;
let profiler = new GCProfiler();
profiler.start();
let heapBefore = process.memoryUsage().heapUsed;

process.on('message', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const { heapUsed, rss } = process.memoryUsage();
  const usage: HubUsage = {
    cpuUs: userCPUTime + systemCPUTime - cpuBefore,
    allocatedBytes: heapUsed - heapBefore + collected(),
    rssBytes: rss,
  };
  cpuBefore = userCPUTime + systemCPUTime;
  heapBefore = heapUsed;
  report(usage);
});
report({ port: hub.quicAddress.port });

/** Bytes that the collections since the last call have given back. */
function collected(): number {
  const { statistics } = profiler.stop() ?? { statistics: [] };
  profiler = new GCProfiler();
  profiler.start();
  return statistics.reduce(
    (sum, { beforeGC, afterGC }) => sum + beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize,
    0,
  );
}
