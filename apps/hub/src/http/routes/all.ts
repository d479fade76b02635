import type { ApiContext, App } from '../app.ts';
import { auditRoutes } from './audit.ts';
import { caRoutes } from './ca.ts';
import { certificateRoutes } from './certificates.ts';
import { configRoutes } from './config.ts';
import { descriptionRoutes } from './description.ts';
import { enrolmentRoutes } from './enrolment.ts';
import { exchangeRoutes } from './exchanges.ts';
import { explainRoutes } from './explain.ts';
import { healthRoutes } from './health.ts';
import { hubRoutes } from './hub.ts';
import { keyRoutes } from './keys.ts';
import { machineRoutes } from './machines.ts';
import { metricsRoutes } from './metrics.ts';
import { recoveryRoutes } from './recovery.ts';
import { roleSetRoutes } from './role-set.ts';
import { roleRoutes } from './roles.ts';
import { sessionRoutes } from './sessions.ts';
import { tokenRoutes } from './tokens.ts';
import { whoamiRoutes } from './whoami.ts';

/** Every route of the API. */
export const ROUTES: readonly ((app: App, context: ApiContext) => void)[] = [
  healthRoutes,
  hubRoutes,
  metricsRoutes,
  enrolmentRoutes,
  recoveryRoutes,
  caRoutes,
  certificateRoutes,
  tokenRoutes,
  machineRoutes,
  roleRoutes,
  roleSetRoutes,
  keyRoutes,
  sessionRoutes,
  exchangeRoutes,
  explainRoutes,
  auditRoutes,
  configRoutes,
  whoamiRoutes,
  descriptionRoutes,
];
