import { Type } from 'typebox';
import { accessInWords } from './admin-actions.ts';
import type { App } from './app.ts';
import { OnceHeaders } from './once.ts';

/** How callers prove who they are (OpenAPI 3.1, section 4.8.27). */
export const SECURITY_SCHEMES = {
  apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, qk_…' },
  certificate: {
    type: 'mutualTLS',
    description: 'The certificate of an authorized machine whose roles have admin grants',
  },
} as const;

/** Says of every route what holds for all: who may call it, how it fails, and that a POST can be named. */
export function describeRoutes(app: App): void {
  app.addHook('onRoute', (route) => {
    const { config, schema, url, method } = route;
    const { access } = config ?? {};
    if (access === undefined || schema?.response === undefined)
      throw new Error(`${String(method)} ${url} declares no access or no answer`);
    if (schema.hide === true) return;
    schema.operationId = operationId(String(method), url);
    schema.tags = [tagOf(url)];
    schema.description = accessInWords(access);
    schema.security = access === 'public' ? [] : [{ apiKey: [] }, { certificate: [] }];
    schema.response = { ...(schema.response as object), '4xx': PROBLEM, '5xx': PROBLEM };
    if (method === 'POST' && access !== 'public') {
      const own = schema.headers as typeof OnceHeaders | undefined;
      schema.headers = Type.Object({ ...own?.properties, ...OnceHeaders.properties });
    }
  });
}

const PROBLEM = {
  description: 'What is wrong, and what to do about it (RFC 9457)',
  content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
};

/** `getMachinesMachine` for GET /v1/machines/:machine. */
function operationId(method: string, url: string): string {
  const words = url.split(/[^A-Za-z0-9]+/).filter((word) => word !== '' && word !== 'v1');
  return [method.toLowerCase(), ...words.map((word) => word[0]?.toUpperCase() + word.slice(1))].join('');
}

/** The first noun of a path. */
function tagOf(url: string): string {
  return url.split('/').find((word) => word !== '' && word !== 'v1') ?? 'hub';
}
