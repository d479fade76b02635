import { systemClock } from '@qconn/clock';
import { createLog } from '@qconn/startup';
import { createTestPki } from '@qconn/testkit';
import type { ApiContext, App } from '../../src/http/app.ts';
import { buildApp } from '../../src/http/http-api.ts';

export interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly responses?: Readonly<Record<string, unknown>>;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
}

/** The parts of the OpenAPI document that tests look at. */
export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface IdleApp {
  readonly app: App;
  readonly document: OpenApi;
}

/** The API without a database: for what is decided before any route touches what it works with. */
export async function idleApp(): Promise<IdleApp> {
  const pki = await createTestPki();
  const { keyPem, chain } = await pki.server();
  const context = {
    clock: systemClock,
    authority: pki.ca,
    log: createLog({ component: 'test', level: 'silent', format: 'json' }),
    metrics: { http: { answered: () => {}, rateLimited: () => {} } },
    security: { tell: () => {} },
    draining: () => false,
    limits: { requestsPerSecond: 10_000, enrolmentsPerSecond: 10_000 },
    hub: { id: 'hub', quicPort: 7443, advertise: [] },
  } as unknown as ApiContext;
  const app = await buildApp(context, { key: keyPem, cert: chain });
  return { app, document: (await app.inject({ url: '/openapi.json' })).json<OpenApi>() };
}

/** Every operation: method in capitals, path as the document has it. */
export function operationsOf({ paths }: OpenApi): [method: string, path: string, operation: Operation][] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, Operation] => [
      method.toUpperCase(),
      path,
      operation,
    ]),
  );
}
