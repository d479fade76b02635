import { constants, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import swagger from '@fastify/swagger';
import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { HANDSHAKE_DEADLINE_MS, QconnError } from '@qconn/protocol';
import type { SocketAddress } from '@qconn/transport';
import { admit } from './access.ts';
import type { ApiContext, App } from './app.ts';
import type { LiveSettings } from '../config/live-settings.ts';
import { doOnce } from './once.ts';
import { describeRoutes, SECURITY_SCHEMES } from './describe-routes.ts';
import { ProblemSchema } from './problem.ts';
import { asQconnError, refuseGarbage, reportErrors, sendProblem } from './report-errors.ts';
import { limitRates, type RateLimits } from './rate-limit.ts';
import { tellSuccesses } from './tell-security.ts';
import { ROUTES } from './routes/all.ts';

/** Most bytes of a request's body: a role with a hundred grants has a few thousand; an enrolment has a limit of its own. */
const BODY_MAX_BYTES = 256 * 1024;

/** How long a request may take to arrive, in milliseconds. */
const REQUEST_DEADLINE_MS = 10_000;

/** Most connections at once: each takes some 100 KB with its TLS state, and a machine needs one for a moment, to enrol. */
const CONNECTIONS_MAX = 2_048;

/** How long requests that run may go on when the API closes, in milliseconds. */
const CLOSE_DEADLINE_MS = 2_000;

/** What the API shows of itself. */
export interface HttpsIdentity {
  /** PEM. */
  readonly key: string;
  /** The chain, PEM. */
  readonly cert: string;
}

/** Where and as whom the API listens. */
export interface HttpOptions {
  readonly hubId: string;
  readonly host: string;
  readonly port: number;
  readonly tls: HttpsIdentity;
  /** UDP port of QUIC, which enrolled machines are told. */
  readonly quicPort: number;
  readonly advertise: readonly string[];
  readonly settings: LiveSettings;
}

/** The HTTPS API under /v1. */
export class HttpApi {
  readonly #app: App;

  private constructor(app: App) {
    this.#app = app;
  }

  /** @throws QconnError `address_in_use` */
  static async listen(
    parts: Omit<ApiContext, 'hub' | 'limits' | 'settings'>,
    { hubId, host, port, tls, quicPort, advertise, settings }: HttpOptions,
  ): Promise<HttpApi> {
    const limits: RateLimits = {
      get requestsPerSecond() {
        return settings.current.limits.requestsPerSecond;
      },
      get enrolmentsPerSecond() {
        return settings.current.limits.enrolmentsPerSecond;
      },
    };
    const app = await buildApp({ ...parts, settings, limits, hub: { id: hubId, quicPort, advertise } }, tls);
    try {
      await app.listen({ host, port });
    } catch (cause) {
      throw new QconnError('address_in_use', `The HTTPS API cannot listen at ${host} port ${port}.`, { cause });
    }
    return new HttpApi(app);
  }

  get address(): SocketAddress {
    const { address, port } = this.#app.server.address() as AddressInfo;
    return { host: address, port };
  }

  /** New connections are shown this certificate. */
  reload(tls: HttpsIdentity): void {
    this.#app.server.setSecureContext(tlsOptions(tls));
  }

  /** Takes no new requests, and gives running ones 2 s to finish. A connection that is only held open delays nothing. */
  async close(): Promise<void> {
    const late = setTimeout(() => this.#app.server.closeAllConnections(), CLOSE_DEADLINE_MS);
    try {
      await this.#app.close();
    } finally {
      clearTimeout(late);
    }
  }
}

/**
 * A client may present a machine's certificate. One without, or with a worthless one, is let in to be told so:
 * `caller-machine.ts` verifies it for each request. No CA is given, since Node keeps the certificates that came with the
 * client's own only if it has not found a path itself. Sessions are not resumed: a ticket would stand for a handshake that
 * was never made.
 */
function tlsOptions({ key, cert }: HttpsIdentity): SecureContextOptions & TlsOptions {
  return {
    key,
    cert,
    minVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
    requestCert: true,
    rejectUnauthorized: false,
  };
}

/** Puts the API together without listening. */
export async function buildApp(context: ApiContext, tls: HttpsIdentity): Promise<App> {
  const app: App = fastify({
    https: { ...tlsOptions(tls), handshakeTimeout: HANDSHAKE_DEADLINE_MS },
    logger: false,
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_DEADLINE_MS,
    forceCloseConnections: 'idle',
    clientErrorHandler: refuseGarbage,
    // A path that cannot be decoded has no route, and so none of the hooks below.
    frameworkErrors: (error, request, reply) => {
      nameRequest(request, reply);
      void sendProblem(asQconnError(error), request, reply);
    },
    genReqId: () => randomUUID(),
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: true } },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.server.maxConnections = CONNECTIONS_MAX;
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  // A page of any site may have a browser send text; JSON it may not without asking.
  app.removeContentTypeParser('text/plain');
  app.decorateRequest('caller', undefined);
  app.addSchema(ProblemSchema);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'qconn hub',
        version: 'v1',
        description:
          'Administration of a qconn hub. Every answer names its request in X-Request-Id, every list goes on at `next`.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'this hub' }],
      // The plugin's types are those of OpenAPI 3.0, which had no mutual TLS.
      components: { securitySchemes: SECURITY_SCHEMES as never },
    },
    refResolver: {
      buildLocalReference: ({ $id }, _base, _fragment, index) => (typeof $id === 'string' ? $id : `schema-${index}`),
    },
  });
  reportErrors(app, context);
  identifyRequests(app);
  limitRates(app, context);
  describeRoutes(app);
  guard(app, context);
  doOnce(app, context);
  count(app, context);
  tellSuccesses(app, context);
  for (const routes of ROUTES) routes(app, context);
  await app.ready();
  return app;
}

/** Every answer carries the request's id of the hub's log. None may be cached on its way, or taken for another type. */
function identifyRequests(app: App): void {
  app.addHook('onRequest', async (request, reply) => nameRequest(request, reply));
}

function nameRequest({ id }: Pick<FastifyRequest, 'id'>, reply: Pick<FastifyReply, 'header'>): void {
  reply.header('x-request-id', id).header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
}

/** Lets in who may call a route. */
function guard(app: App, context: ApiContext): void {
  app.addHook('onRequest', async (request) => {
    const { access } = request.routeOptions.config;
    if (access !== undefined) request.caller = await admit(request, access, context);
  });
}

/** Every answer is counted, refusals and unknown routes among them. */
function count(app: App, { metrics }: ApiContext): void {
  app.addHook('onResponse', async ({ method, routeOptions }, { statusCode }) =>
    metrics.http.answered(method, routeOptions.url, statusCode),
  );
}
