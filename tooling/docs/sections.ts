import { accessSection } from './access.ts';
import { exchangeSection } from './exchange.ts';
import { framesSection } from './frames.ts';
import { limitsSection } from './limits.ts';

const SECTIONS: ReadonlyMap<string, () => string> = new Map([
  ['limits', limitsSection],
  ['frames', framesSection],
  ['exchange', exchangeSection],
  ['access', accessSection],
]);

const MARKED = /<!-- generated:(\S+) -->\n[\s\S]*?<!-- \/generated -->/g;

/** A document with what stands between `<!-- generated:NAME -->` and `<!-- /generated -->` made anew. */
export function withSections(document: string): string {
  return document.replaceAll(MARKED, (_, name: string) => {
    const section = SECTIONS.get(name);
    if (section === undefined) throw new Error(`no generated section is called ${name}`);
    return `<!-- generated:${name} -->\n\n${section()}\n\n<!-- /generated -->`;
  });
}
