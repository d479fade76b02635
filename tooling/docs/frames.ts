import { readFileSync } from 'node:fs';
import { frameRule, FrameType } from '../../packages/protocol/src/index.ts';
import { docComments } from './doc-comments.ts';
import { hexByte, markdownTable } from './markdown-table.ts';

/** The registry of frame types with what each may carry, from wire/frame-type.ts and wire/frame-rule.ts. */
export function framesSection(): string {
  const source = readFileSync(new URL('../../packages/protocol/src/wire/frame-type.ts', import.meta.url), 'utf8');
  const meanings = docComments(source);
  const rows = Object.entries(FrameType).map(([name, type]) => {
    const rule = frameRule(type);
    if (rule === undefined) throw new Error(`frame type ${name} has no rule`);
    const control = rule.control === 'none' ? '' : `${rule.control}, ≤ ${bytes(rule.controlMaxBytes)}`;
    const body = rule.bodyMaxBytes === 0 ? '' : `≤ ${bytes(rule.bodyMaxBytes)}`;
    return [hexByte(type), name, rule.direction, rule.id, control, body, meanings.get(name) ?? ''];
  });
  return markdownTable(['type', 'name', 'direction', 'id', 'control', 'body', 'meaning'], rows);
}

function bytes(count: number): string {
  return count.toLocaleString('en');
}
