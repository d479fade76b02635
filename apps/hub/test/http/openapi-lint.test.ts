import { createConfig, lintFromString } from '@redocly/openapi-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idleApp, type IdleApp } from './idle-app.ts';

let idle: IdleApp;

beforeAll(async () => {
  idle = await idleApp();
});
afterAll(() => idle.app.close());

/**
 * The rules of a linter that others use for their APIs, all of the recommended ones. A relative server is right here: the
 * document is served by the hub that it describes.
 */
test('the description passes a public linter without a complaint', async () => {
  const config = await createConfig({ extends: ['recommended'], rules: { 'no-server-trailing-slash': 'off' } });
  const problems = await lintFromString({ source: JSON.stringify(idle.document), config });
  expect(
    problems.map(({ ruleId, severity, message, location }) => [severity, ruleId, message, location[0]?.pointer]),
  ).toEqual([]);
});

test('the reference page is one of text: it loads and runs nothing', async () => {
  const { statusCode, headers, body } = await idle.app.inject({ url: '/docs' });
  expect(statusCode).toBe(200);
  expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
  expect(body).not.toMatch(/<script|src=|href="(?!#|\/openapi)|@import|url\(/);
  for (const path of Object.keys(idle.document.paths)) expect(body).toContain(`<code>${path}</code>`);
});
