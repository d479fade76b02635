import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import type { ApiContext, App } from '../app.ts';
import { REFERENCE_STYLE, referencePage } from '../reference-page.ts';

/** The page is text and one style sheet: nothing else runs or is loaded. */
const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(REFERENCE_STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** What the API says of itself, to programs and to people. */
export function descriptionRoutes(app: App, _context: ApiContext): void {
  app.get(
    '/openapi.json',
    {
      config: { access: 'public' },
      schema: { hide: true, response: { 200: Type.Unknown() } },
    },
    () => app.swagger(),
  );

  let page: string | undefined;
  app.get(
    '/docs',
    {
      config: { access: 'public' },
      schema: { hide: true, response: { 200: Type.String() } },
    },
    async (_request, reply) => {
      page ??= referencePage(app.swagger());
      return reply.type('text/html; charset=utf-8').header('content-security-policy', PAGE_POLICY).send(page);
    },
  );
}
