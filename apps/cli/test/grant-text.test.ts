import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Grant } from '../src/api/views.ts';
import { GrantList } from '../src/grants/grant-list.ts';
import { grantInWords, grantOptions } from '../src/grants/grant-text.ts';

function read(options: readonly string[]): Grant[] {
  const list = new GrantList();
  for (let index = 0; index < options.length; index += 2) {
    const [option, text = ''] = options.slice(index, index + 2);
    if (option === '--towards') list.towards(text);
    else list.add(option === '--allow' ? 'allow' : 'deny', text);
  }
  return list.grants;
}

test('--towards belongs to the grant before it', () => {
  expect(
    read(['--allow', 'submit:print', '--towards', 'label:site=oslo', '--towards', 'hostname:k*', '--deny', 'query:*']),
  ).toEqual([
    {
      effect: 'allow',
      verb: 'submit',
      serviceTypes: ['print'],
      selector: { labels: { site: 'oslo' }, hostnames: ['k*'] },
    },
    { effect: 'deny', verb: 'query', serviceTypes: ['*'] },
  ]);
});

test('several verbs in one option are told how they are written', () => {
  expect(() => read(['--allow', 'provide:greet,submit:greet'])).toThrow(/once for each verb/);
});

test('a grant is shown in words', () => {
  const [grant] = read([
    '--allow',
    'submit:print, scale.*',
    '--towards',
    'label:site=oslo',
    '--towards',
    'hostname:a',
    '--towards',
    'hostname:b*',
  ]);
  expect(grantInWords(grant as Grant)).toBe('allow submit print, scale.* towards site=oslo, hostname a or b*');
});

test.each([
  [['--allow', 'print'], 'VERB'],
  [['--allow', 'steal:print'], 'VERB'],
  [['--allow', 'submit:'], 'at least one'],
  [['--allow', 'submit:a,,b'], 'at least one'],
  [['--towards', 'label:a=b'], 'before it'],
  [['--allow', 'submit:a', '--towards', 'site=oslo'], 'label:KEY=VALUE'],
  [['--allow', 'submit:a', '--towards', 'label:site'], 'label:KEY=VALUE'],
  [['--allow', 'submit:a', '--towards', 'label:a=1', '--towards', 'label:a=2'], 'twice'],
])('%j is refused', (options, why) => {
  expect(() => read(options)).toThrow(why);
});

test('the options that are shown for a role make the same role', () => {
  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const pattern = fc.oneof(
    word,
    word.map((text) => `${text}.*`),
    fc.constant('*'),
  );
  const selector = fc
    .record(
      {
        labels: fc.dictionary(word, word, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
        hostnames: fc.array(word, { minLength: 1, maxLength: 3 }),
      },
      { requiredKeys: [] },
    )
    .filter((one) => Object.keys(one).length > 0);
  const grant = fc.record(
    {
      effect: fc.constantFrom('allow' as const, 'deny' as const),
      verb: fc.constantFrom('provide' as const, 'submit' as const, 'query' as const, 'admin' as const),
      serviceTypes: fc.array(pattern, { minLength: 1, maxLength: 4 }),
      selector,
    },
    { requiredKeys: ['effect', 'verb', 'serviceTypes'] },
  );
  fc.assert(
    fc.property(fc.array(grant, { maxLength: 5 }), (grants) => {
      expect(read(grants.flatMap(grantOptions))).toEqual(grants);
    }),
  );
});
