import { LAYERS, testsMayImport } from './table.ts';

/** The layer table in the words of eslint-plugin-boundaries: one element per folder with code in it. */
export function boundaryElements(): { type: string; pattern: string }[] {
  const layers = Object.entries(LAYERS).flatMap(([type, { folder }]) => [
    { type, pattern: `${folder}/src` },
    { type: `${type}:test`, pattern: `${folder}/{test,bench}` },
  ]);
  return [...layers, { type: 'tooling', pattern: 'tooling' }, { type: 'demo', pattern: 'demo' }];
}

export function boundaryPolicies(): object[] {
  const everyLayer = Object.keys(LAYERS);
  const layers = everyLayer.flatMap((layer) => [
    allow(layer, [layer, ...(LAYERS[layer]?.mayImport ?? [])]),
    allow(`${layer}:test`, [`${layer}:test`, 'tooling', 'demo', ...testsMayImport(layer)]),
  ]);
  return [
    ...layers,
    allow('tooling', ['tooling', 'demo', ...everyLayer]),
    allow('demo', ['demo', ...everyLayer.filter((layer) => LAYERS[layer]?.testsOnly !== true)]),
  ];
}

function allow(from: string, to: readonly string[]): object {
  return { from: { element: { type: from } }, allow: { to: { element: { types: { anyOf: to } } } } };
}
