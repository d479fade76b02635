import type { Access } from './admin-actions.ts';
import type { ApiContext, App } from './app.ts';
import { ROUTES } from './routes/all.ts';

/** One thing that the API can be asked for. */
export interface ApiOperation {
  readonly method: string;
  /** With parameters as routes have them: `/v1/machines/:machine`. */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
}

interface Declaration {
  readonly config: { readonly access: Access };
  readonly schema: { readonly summary?: string };
}

/** Every operation of the API, in the order in which routes declare them, without making an API. */
export function apiOperations(): readonly ApiOperation[] {
  const found: ApiOperation[] = [];
  const declare =
    (method: string) =>
    (path: string, { config, schema }: Declaration) =>
      void found.push({ method, path, access: config.access, summary: schema.summary ?? '' });
  const recorder = { get: declare('GET'), post: declare('POST'), put: declare('PUT'), delete: declare('DELETE') };
  // Declaring a route touches nothing of what it will work with.
  for (const routes of ROUTES) routes(recorder as unknown as App, {} as ApiContext);
  return found;
}
